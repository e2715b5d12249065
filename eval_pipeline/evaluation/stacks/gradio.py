"""Stack `gradio`: events whose results come as an event stream; the page is drawn from them."""

from __future__ import annotations

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks import python
from eval_pipeline.evaluation.stacks.base import Project

NAME = "gradio"
ORDER = python.ORDER

FRAMEWORK = python.Framework(
    NAME,
    # Address and port come from the GRADIO_SERVER_* variables.
    convention=lambda entry, text: f"python {entry}",
    health_routes=("/config", "/gradio_api/info"),
    has_routes=False,
    is_page_driven=True,
)


def detect(tree: SourceTree) -> Project | None:
    return python.project_of(tree, FRAMEWORK)

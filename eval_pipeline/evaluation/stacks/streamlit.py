"""Stack `streamlit`: one script behind Streamlit's own server; what it shows travels in binary WebSocket frames."""

from __future__ import annotations

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks import python
from eval_pipeline.evaluation.stacks.base import Project

NAME = "streamlit"
ORDER = python.ORDER

FRAMEWORK = python.Framework(
    NAME,
    # Address and port come from the STREAMLIT_SERVER_* variables.
    convention=lambda entry, text: f"streamlit run {entry}",
    health_routes=("/_stcore/health",),
    has_routes=False,
    is_page_driven=True,
    runs_itself=False,
)


def detect(tree: SourceTree) -> Project | None:
    return python.project_of(tree, FRAMEWORK)

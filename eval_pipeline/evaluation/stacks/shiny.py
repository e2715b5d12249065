"""Stack `shiny`: outputs travel as JSON in WebSocket frames."""

from __future__ import annotations

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks import python
from eval_pipeline.evaluation.stacks.base import Project

NAME = "shiny"
ORDER = python.ORDER

FRAMEWORK = python.Framework(
    NAME,
    convention=lambda entry, text: f'shiny run {entry} --host 0.0.0.0 --port "$DATABRICKS_APP_PORT"',
    # Shiny has no health route; its page is made by the running app, and other paths are not found.
    health_routes=("/",),
    is_page_driven=True,
)


def detect(tree: SourceTree) -> Project | None:
    return python.project_of(tree, FRAMEWORK)

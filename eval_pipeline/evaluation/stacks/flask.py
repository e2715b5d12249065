"""Stack `flask`: a WSGI app, its pages drawn by the server or a client of its API."""

from __future__ import annotations

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks import python
from eval_pipeline.evaluation.stacks.base import Project

NAME = "flask"
ORDER = python.ORDER

FRAMEWORK = python.Framework(
    NAME,
    convention=lambda entry, text: (
        f'flask --app {python.module_of(entry)} run --host 0.0.0.0 --port "$DATABRICKS_APP_PORT"'
    ),
)


def detect(tree: SourceTree) -> Project | None:
    return python.project_of(tree, FRAMEWORK)

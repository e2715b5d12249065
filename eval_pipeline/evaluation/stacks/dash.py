"""Stack `dash`: callbacks over JSON, on a Flask server."""

from __future__ import annotations

from pathlib import PurePosixPath

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks import python
from eval_pipeline.evaluation.stacks.base import Project

NAME = "dash"
ORDER = python.ORDER


def _convention(entry: PurePosixPath, text: str) -> str:
    server = "server" if "server =" in text else f"{python.exports(text, 'Dash')}.server"
    return f'gunicorn {python.module_of(entry)}:{server} --bind "0.0.0.0:$DATABRICKS_APP_PORT"'


FRAMEWORK = python.Framework(NAME, _convention, health_routes=("/_dash-layout",))


def detect(tree: SourceTree) -> Project | None:
    return python.project_of(tree, FRAMEWORK)

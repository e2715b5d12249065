"""Stack `fastapi`: an ASGI app under uvicorn, its pages drawn by the server or a client of its API."""

from __future__ import annotations

from pathlib import PurePosixPath

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks import python
from eval_pipeline.evaluation.stacks.base import Project

NAME = "fastapi"
ORDER = python.ORDER


def _convention(entry: PurePosixPath, text: str) -> str:
    app = python.exports(text, "FastAPI")
    return f'uvicorn {python.module_of(entry)}:{app} --host 0.0.0.0 --port "$DATABRICKS_APP_PORT"'


FRAMEWORK = python.Framework(NAME, _convention)


def detect(tree: SourceTree) -> Project | None:
    return python.project_of(tree, FRAMEWORK)

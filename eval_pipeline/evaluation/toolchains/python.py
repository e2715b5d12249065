"""Python projects: environments from the dependency store, sources compiled for a build, the configured type checker,
pytest."""

from __future__ import annotations

from pathlib import Path

from eval_pipeline.evaluation.codes import DEPENDENCIES
from eval_pipeline.evaluation.facts import AppFault, BuildFacts, TestFacts, Trouble, TypeFacts
from eval_pipeline.evaluation.stacks.base import Project
from eval_pipeline.evaluation.steps import python_build, python_tests, python_types
from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.evaluation.steps.python_environment import (
    APP_ENVIRONMENT,
    PYTEST_ENVIRONMENT,
    TESTS_ENVIRONMENT,
    holds,
    show_app_environment,
    variables,
)
from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import python_requirements
from eval_pipeline.sandbox.manifests import DependencyError
from eval_pipeline.sandbox.python_dependencies import VENV, PythonDependencyStore
from eval_pipeline.sandbox.tools import find_tool

__all__ = ["build", "check_types", "install", "run_tests", "start_environment"]

PYTEST = ("pytest==9.2.0",)
"""For apps whose tests use nothing but unittest, or that leave pytest out of their requirements."""


def install(bench: Bench) -> None:
    try:
        wanted = python_requirements.read(bench.project.tree.root)
        store = _store(bench)
        bench.environments[APP_ENVIRONMENT] = store.ensure(wanted.production, wanted.is_complete, bench.holder)
        bench.environments[TESTS_ENVIRONMENT] = store.ensure(wanted.development, wanted.is_complete, bench.holder)
        if not holds(bench.environments[TESTS_ENVIRONMENT], "pytest"):
            bench.environments[PYTEST_ENVIRONMENT] = store.ensure(PYTEST, holder=bench.holder)
        show_app_environment(bench)
    except DependencyError as error:
        code = error.code if error.code in DEPENDENCIES else "install_failed"
        raise AppFault(code, error.reason) from error
    except EvaluatorError as error:
        raise Trouble(f"dependencies: {error}") from error


def build(bench: Bench, copy: Path) -> BuildFacts:
    return python_build.build(bench, copy, python_requirements.read(bench.project.tree.root).unpinned)


def check_types(bench: Bench, copy: Path) -> list[TypeFacts]:
    facts = python_types.check_types(bench, copy)
    return [facts] if facts else []


def run_tests(bench: Bench, copy: Path) -> list[TestFacts]:
    return [python_tests.run_tests(bench, copy)]


def start_environment(project: Project, port: int) -> dict[str, str]:
    """What the platform sets for the frameworks, so that they listen where they should and tell nobody."""
    given = str(port)
    return {
        **variables(VENV),
        "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",  # noqa: S104  inside the sandbox's own network namespace
        "STREAMLIT_SERVER_PORT": given,
        "STREAMLIT_SERVER_HEADLESS": "true",
        "STREAMLIT_SERVER_ENABLE_CORS": "false",
        "STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false",
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        "GRADIO_SERVER_NAME": "0.0.0.0",  # noqa: S104
        "GRADIO_SERVER_PORT": given,
        "GRADIO_ANALYTICS_ENABLED": "false",
        "UVICORN_HOST": "0.0.0.0",  # noqa: S104
        "UVICORN_PORT": given,
        "FLASK_RUN_HOST": "0.0.0.0",  # noqa: S104
        "FLASK_RUN_PORT": given,
    }


def _store(bench: Bench) -> PythonDependencyStore:
    uv = find_tool("uv", bench.settings)
    if uv is None:
        raise EvaluatorError("uv was not found: it is a requirement of this project, install that again")
    return PythonDependencyStore(bench.dependencies.shelf, bench.sandbox, uv.path)

"""8 local_runability_score 0–5: instructions, complete env example, install from the lockfile, start, answers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from eval_pipeline.evaluation.facts import AppFault, RunFacts
from eval_pipeline.evaluation.metrics.points import Point, blocked_point, score
from eval_pipeline.model import MetricResult

METRIC = "local_runability_score"
VERSION = 1

PLATFORM_VARIABLES = frozenset(
    [
        "PORT",
        "DATABRICKS_APP_PORT",
        "DATABRICKS_APP_NAME",
        "DATABRICKS_APP_URL",
        "NODE_ENV",
        "HOST",
        "HOSTNAME",
        "HOME",
        "PATH",
        "CI",
        "TZ",
        "DEV",
        "PROD",
        "MODE",
        "SSR",
        "BASE_URL",
        "VITEST",
        "DEBUG",
        "LOG_LEVEL",
        "npm_package_version",
        "DATABRICKS_CLIENT_ID",
        "DATABRICKS_CLIENT_SECRET",
    ]
)
"""Set by the platform or a tool, or with a sensible default everywhere: nobody has to fill them in."""

_INSTALL = re.compile(
    r"\b(npm (ci|install|i)\b|pnpm (install|i)\b|yarn( install)?\b|bun install|docker build|make \w+|"
    r"pip3? install\b|uv (sync|run|add)\b|poetry install\b)"
)
_START = re.compile(
    r"\b(npm (start|run [\w:.-]+)|pnpm \w+|yarn \w+|node +[-\w./=]+|docker (run|compose)|make \w+|"
    r"(streamlit|shiny|uv|fastapi) run|uvicorn +[-\w.]+:|gunicorn\b|flask\b[^\n]* run\b|"
    r"(python3?|gradio|bash|sh) +[-\w./]+)"
)
_EXAMPLE_LINE = re.compile(r"^\s*#?\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", re.MULTILINE)


PLATFORM_PREFIXES = ("STREAMLIT_", "GRADIO_", "UVICORN_", "FLASK_", "PYTHON")
"""Of the Python frameworks' own settings, which the platform makes."""


def judge(
    readme: str | None,
    env_example: str | None,
    variables_read: Iterable[str],
    dependencies: AppFault | None,
    run: RunFacts | None,
) -> MetricResult:
    """`run` is None when the build failed, which blocks the points that need a started app."""
    return score(
        METRIC,
        (
            _instructions(readme),
            _env_example(env_example, variables_read),
            Point("install", "install_failed", dependencies.reason) if dependencies else Point("install"),
            _start(run),
            _answers(run),
        ),
    )


def _instructions(readme: str | None) -> Point:
    if readme and _INSTALL.search(readme) and _START.search(readme):
        return Point("instructions")
    reason = "README does not say how to install and start" if readme else "no README"
    return Point("instructions", "no_instructions", reason)


def _env_example(text: str | None, variables_read: Iterable[str]) -> Point:
    needed = {name for name in variables_read if not name.startswith(PLATFORM_PREFIXES)} - PLATFORM_VARIABLES
    if text is None:
        if not needed:
            return Point("env_example")
        return Point("env_example", "no_env_example", "no .env.example")
    missing = sorted(needed - set(_EXAMPLE_LINE.findall(text)))
    if missing:
        return Point("env_example", "env_example_incomplete", f"without {', '.join(missing[:8])}")
    return Point("env_example")


def _start(run: RunFacts | None) -> Point:
    if run is None:
        return blocked_point("start", "build_success")
    return Point("start") if run.listening else blocked_point("start", "runtime_success")


def _answers(run: RunFacts | None) -> Point:
    if run is None:
        return blocked_point("answers", "build_success")
    answered = run.health or run.api_route or (run.visit and run.visit.status and run.visit.status < 400)
    if run.listening and run.alive_after_visit and answered:
        return Point("answers")
    if not run.listening or not run.alive_after_visit:
        return blocked_point("answers", "runtime_success")
    return Point("answers", "does_not_answer", "neither a route nor the page answers")

"""`setup` installs what is missing; `doctor` tells what is there."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.table import Table

from eval_pipeline.cli.home import settings_with_home
from eval_pipeline.model import EvaluatorError
from eval_pipeline.settings import Settings, env_name
from eval_pipeline.text import mask

TOOLS = ("node", "npm", "browser", "bwrap", "git", "uv", "pnpm", "bun")


@click.command()
def setup() -> None:
    """Install what is missing: Node, a browser, bubblewrap; fill the template's dependency store.

    Only package registries are used: Debian's packages (as root), PyPI and npm.
    """
    from eval_pipeline.publishing.site import ensure_chart_library
    from eval_pipeline.sandbox.tools import install_missing

    settings = settings_with_home()

    def say(line: str) -> None:
        click.echo(line, err=True)

    install_missing(settings, say)
    ensure_chart_library(settings)
    say("dependency store: " + _warm_store(settings))


def _warm_store(settings: Settings) -> str:
    """Builds the stores of the template's and the controls' lockfiles, so that later runs need no network."""
    from eval_pipeline.evaluation.warm import warm_dependency_store

    return ", ".join(warm_dependency_store(settings))


@click.command()
def doctor() -> None:
    """Tell what is configured, embedded or missing, and how to get it; the isolation level.

    Exits with 3 when apps cannot be judged with what is there.
    """
    from eval_pipeline.sandbox.package_managers import PINNED
    from eval_pipeline.sandbox.tools import find_tool

    settings = settings_with_home()
    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table(title="Tools", title_justify="left")
    for column in ("tool", "version", "where, or how to get it"):
        table.add_column(column, overflow="fold")
    missing = []
    for name in TOOLS:
        tool = find_tool(name, settings)
        if tool is None:
            missing.append(name)
        hint = "comes with the first app that needs it" if name in PINNED else "eval-pipeline setup"
        table.add_row(name, tool.version if tool else "missing", str(tool.path) if tool else hint)
    console.print(table)
    console.print(_services(settings))
    console.print(_isolation(settings), markup=False, highlight=False)
    if {"node", "browser"} & set(missing):
        raise EvaluatorError(f"missing: {', '.join(missing)}; run eval-pipeline setup")


def _services(settings: Settings) -> Table:
    """Each service: the one in force, and the setting that chooses it."""
    from eval_pipeline.sandbox.shelf import Shelf

    stored = sum(entry.bytes for entry in Shelf(settings.home / "dependencies").entries()) / 1e9
    rows = [
        ("home", str(settings.home), "EVAL_PIPELINE_HOME"),
        ("generators", ", ".join(settings.generators), "EVAL_GENERATORS"),
        (
            "warehouse",
            "embedded sample data"
            if settings.warehouse == "local"
            else settings.databricks_host or "no DATABRICKS_HOST",
            "EVAL_WAREHOUSE",
        ),
        ("MLflow", mask(settings.mlflow_tracking_uri or "embedded, HOME/mlflow.db"), "MLFLOW_TRACKING_URI"),
        ("publishing", mask(settings.publish_remote or "local repository, HOME/publish"), "EVAL_PUBLISH_REMOTE"),
        (
            "dependency store",
            f"{stored:.1f} of {settings.dependency_store_gb:g} GB, HOME/dependencies",
            "EVAL_DEPENDENCY_STORE_GB",
        ),
        ("alerts", "Slack and outbox" if settings.slack_webhook_url else "outbox", "EVAL_SLACK_WEBHOOK_URL"),
    ]
    table = Table(title="Services", title_justify="left")
    for column in ("service", "in force", "setting"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    unused = [
        env_name(name)
        for name in ("databricks_token", "databricks_client_secret")
        if getattr(settings, name) and settings.warehouse == "local"
    ]
    if unused:
        table.caption = f"Set but not used until EVAL_WAREHOUSE=databricks: {', '.join(unused)}"
    return table


def _isolation(settings: Settings) -> str:
    import tempfile
    from pathlib import Path

    from eval_pipeline.sandbox import Sandbox

    with tempfile.TemporaryDirectory() as folder, Sandbox.probe(settings, Path(folder)) as sandbox:
        return f"Isolation {sandbox.level}: {sandbox.describe()}"

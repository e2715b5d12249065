"""The `eval-pipeline` command. Each sub-command is one small module, imported only when it is used.

Exit codes: 0 done (whatever the verdicts), 1 a gate that the user asked for failed, 2 wrong usage or unreadable
input, 3 the evaluator itself could not work. Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import importlib
import sys

import click

from eval_pipeline import __version__
from eval_pipeline.model import EvaluatorError, InputError

_COMMANDS = {
    "setup": ("setup", "Install what is missing: Node, browser, bubblewrap, the template's packages."),
    "doctor": ("setup", "Tell what is configured, embedded or missing, and how to get it."),
    "run": ("run", "Run the daily loop for one date: prompts, apps, verdicts, report, alerts, issues."),
    "evaluate": ("evaluate", "Judge app directories, without Dagster."),
    "dashboard": ("serve", "Build the dashboard, and serve it when asked."),
    "workspace": ("serve", "The local Databricks workspace."),
    "dev": ("serve", "The Dagster UI on this project's home."),
    "demo-archive": ("archive", "Load 30 made-up days, to see trends, alerts and issues at once."),
    "prune": ("archive", "Remove apps, evidence and rows older than the retention setting."),
}


class _LazyGroup(click.Group):
    """A group that knows its commands' names and help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"eval_pipeline.cli.{_COMMANDS[cmd_name][0]}")
        return getattr(module, cmd_name.replace("-", "_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="eval-pipeline")
def cli() -> None:
    """Learn whether the agent that writes your Databricks apps got better or worse, why, and what to fix.

    Every setting is an environment variable or a line of .env; .env.example lists them all.
    """


def main() -> None:
    """Entry point: our two errors become one line and an exit code, never a traceback."""
    try:
        cli(prog_name="eval-pipeline")
    except InputError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except EvaluatorError as error:
        click.echo(f"error: the evaluator could not work: {error}", err=True)
        sys.exit(3)

"""The `eval-pipeline` command. Each sub-command is one small module, imported only when it is used.

Exit codes: 0 done (whatever the verdicts), 1 a gate that the user asked for failed, 2 wrong usage or unreadable
input, 3 the evaluator itself could not work, 130 interrupted. Results go to standard output, everything else to
standard error.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from eval_pipeline import __version__

_COMMANDS = {
    "setup": ("setup", "Install what is missing: Node, browser, bubblewrap, the template's packages."),
    "doctor": ("setup", "Tell what is configured, embedded or missing, and how to get it."),
    "run": ("run", "Run the daily loop for one date: prompts, apps, verdicts, report, alerts, issues."),
    "evaluate": ("evaluate", "Judge app directories, without Dagster."),
    "dashboard": ("serve", "Build the dashboard, and serve it when asked."),
    "workspace": ("serve", "The local Databricks workspace."),
    "shard": ("shard", "Judge one shard of a batch, on the machine that it was sent to."),
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

    Exit codes: 0 done, whatever the verdicts; 2 wrong usage or unreadable input; 3 the evaluator itself could not work;
    130 interrupted. Results go to standard output, everything else to standard error.
    """


def main() -> None:
    """Entry point: what goes wrong becomes one line and an exit code."""
    try:
        sys.exit(cli.main(prog_name="eval-pipeline", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted: start it again to go on; what is done is kept", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has stopped; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        from eval_pipeline.cli.failures import failure

        code, text = failure(error)
        click.echo(text, err=True)
        sys.exit(code)

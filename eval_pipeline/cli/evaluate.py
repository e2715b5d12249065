"""`eval-pipeline evaluate DIR...`: the evaluator alone, on any app directory."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tempfile
from pathlib import Path

import click

from eval_pipeline.cli.home import settings_with_home
from eval_pipeline.cli.progress import progress_of
from eval_pipeline.model import EvaluatorError, InputError
from eval_pipeline.storage.artifacts import write_atomically


@click.command()
@click.argument("directories", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Write the report (JSON) to this file.")
@click.option("--parallel", type=click.IntRange(1, 64), help="Apps judged at once; default EVAL_PARALLEL_APPS.")
@click.option("--timeout", type=click.FloatRange(1), help="Seconds for one app; default EVAL_APP_TIMEOUT_SECONDS.")
@click.option("--no-cache", is_flag=True, help="Judge again even what is unchanged.")
@click.option(
    "--allow-unsandboxed",
    is_flag=True,
    help="Where no sandbox can be had, run the apps as you, with your files and network.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="What to print; json is the report.",
)
def evaluate(
    directories: tuple[Path, ...],
    output: Path | None,
    parallel: int | None,
    timeout: float | None,
    no_cache: bool,
    allow_unsandboxed: bool,
    form: str,
) -> None:
    """Judge app directories by the nine metrics, without Dagster.

    The directories are only read. Evidence (logs, screenshots, request logs) goes to the home.
    """
    from eval_pipeline.evaluation.adhoc import evaluate_directories
    from eval_pipeline.reporting.summary import adhoc_table

    if output:
        _check_output(output)
    settings = settings_with_home()
    if allow_unsandboxed:
        settings = settings.model_copy(update={"allow_unsandboxed": True})
    now = dt.datetime.now(dt.UTC)
    with progress_of("evaluate") as advance:
        report = evaluate_directories(
            list(directories),
            settings,
            parallel=parallel or settings.parallel_apps,
            timeout_seconds=timeout or settings.app_timeout_seconds,
            use_cache=not no_cache,
            timestamp=now,
            run_id=hashlib.sha256(f"{now.isoformat()}{directories}".encode()).hexdigest()[:12],
            advance=advance,
        )
    document = json.dumps(report.model_dump(mode="json"), indent=2)
    if output:
        _write(output, document.encode() + b"\n")
    if form == "json":
        click.echo(document)
    else:
        adhoc_table(report, settings.home)


def _check_output(path: Path) -> None:
    """Before minutes of work: whether the report can be written there.

    Raises:
        InputError: the path is a folder, or its folder cannot be written.
    """
    if path.is_dir():
        raise InputError(f"--output {path} is a folder: name a file in it, for example {path / 'report.json'}")
    if path.exists() and not path.is_file():
        return
    folder = path.resolve().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"--output {path} cannot be written ({error.strerror}): choose another place") from error


def _write(path: Path, data: bytes) -> None:
    try:
        if path.exists() and not path.is_file():
            # A pipe or a device is written to; a rename would put a file in its place.
            path.write_bytes(data)
        else:
            write_atomically(path.resolve(), data)
    except OSError as error:
        raise EvaluatorError(f"--output {path} cannot be written ({error.strerror})") from error

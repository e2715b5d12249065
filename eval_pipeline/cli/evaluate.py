"""`eval-pipeline evaluate DIR...`: the evaluator alone, on any app directory."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import click

from eval_pipeline.cli.progress import progress_of
from eval_pipeline.settings import get_settings


@click.command()
@click.argument("directories", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Write the report (JSON) to this file.")
@click.option("--parallel", type=click.IntRange(1, 64), help="Apps judged at once; default EVAL_PARALLEL_APPS.")
@click.option("--timeout", type=click.FloatRange(1), help="Seconds for one app; default EVAL_APP_TIMEOUT_SECONDS.")
@click.option("--no-cache", is_flag=True, help="Judge again even what is unchanged.")
@click.option("--allow-unsandboxed", is_flag=True, help="Judge even where no sandbox can be had. Dangerous.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
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
    from eval_pipeline.storage.artifacts import write_atomically

    settings = get_settings()
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
        write_atomically(output.resolve(), document.encode() + b"\n")
    if form == "json":
        click.echo(document)
    else:
        adhoc_table(report, settings.home)

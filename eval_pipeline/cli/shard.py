"""`eval-pipeline shard`: judge one shard of a batch on the machine that it was sent to."""

from __future__ import annotations

from pathlib import Path

import click

from eval_pipeline.model import EvaluatorError, InputError
from eval_pipeline.settings import get_settings


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("request_file", metavar="[REQUEST]", required=False, type=click.Path(path_type=Path))
@click.argument("reply_file", metavar="[REPLY]", required=False, type=click.Path(path_type=Path))
@click.option("--preflight", is_flag=True, help="Only say what this machine lacks; exit code 3 if anything.")
def shard(request_file: Path | None, reply_file: Path | None, preflight: bool) -> None:
    """Judge the apps in the file REQUEST and write verdicts and evidence to the file REPLY.

    A batch with EVAL_SHARDS starts this on other machines; --preflight is for those who build their image.
    """
    from eval_pipeline.evaluation.shards.work import missing_here

    settings = get_settings()
    if preflight:
        if lacks := missing_here(settings):
            raise EvaluatorError("; ".join(lacks))
        click.echo("this machine can judge apps", err=True)
        return
    if request_file is None or reply_file is None:
        raise InputError("give a REQUEST and a REPLY file, or --preflight")
    if not request_file.is_file():
        raise InputError(f"there is no request file {request_file}")
    from eval_pipeline.resources.shard_job import run

    run(request_file, reply_file, settings)

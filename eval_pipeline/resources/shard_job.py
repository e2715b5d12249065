"""The side of a shard that runs elsewhere: does its work and, when a Dagster run started it, tells that run.

Started as `eval-pipeline shard REQUEST REPLY`, with Dagster Pipes' own arguments behind them.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval_pipeline.evaluation.shards.parcels import ShardReply
from eval_pipeline.evaluation.shards.work import do_shard
from eval_pipeline.model import METRICS, EvaluatorError, Outcome
from eval_pipeline.settings import Settings

if TYPE_CHECKING:
    from dagster_pipes import PipesContext

CHECK = "few_verdicts_are_unknown"
"""The check of `app_evaluations` that a shard answers for its own apps, before the whole table is there."""
MAX_UNKNOWN = 0.05
_FLUSH_SECONDS = 1.0


def run(request: Path, reply: Path, settings: Settings) -> ShardReply:
    """Does a shard; lines go to standard error, and to Dagster when it listens.

    Raises:
        EvaluatorError: see `do_shard`.
    """
    with _pipes() as pipes:

        def say(line: str) -> None:
            print(line, file=sys.stderr, flush=True)  # noqa: T201
            if pipes is not None:
                pipes.log.info(line)

        try:
            found = do_shard(request, reply, settings, say)
        except EvaluatorError as error:
            if pipes is not None:
                pipes.log.error(str(error))
            raise
        if pipes is not None:
            _report(pipes, found)
        return found


def facts_of(reply: ShardReply) -> dict[str, Any]:
    """A shard's figures for the log of the run that asked for it."""
    return {
        "shard": reply.number,
        "apps": len(reply.evaluations),
        "from_cache": sum(evaluation.cached for evaluation in reply.evaluations),
        "passed": {name: sum(e.results[name].outcome is Outcome.PASS for e in reply.evaluations) for name in METRICS},
        "controls_wrong": sum(verdict.is_wrong for verdict in reply.controls),
        "isolation": reply.isolation,
        "verdict_digest": reply.verdict_digest,
        "seconds": reply.seconds,
    }


def check_of(reply: ShardReply) -> dict[str, Any] | None:
    """A shard's answer to `CHECK`, `passed` and `metadata`; none when it had no apps."""
    verdicts = [result for evaluation in reply.evaluations for result in evaluation.results.values()]
    if not verdicts:
        return None
    share = sum(result.outcome is Outcome.UNKNOWN for result in verdicts) / len(verdicts)
    metadata = {"shard": reply.number, "unknown_share": share, "threshold": MAX_UNKNOWN}
    return {"passed": share <= MAX_UNKNOWN, "metadata": metadata}


def _report(pipes: "PipesContext", reply: ShardReply) -> None:
    pipes.report_custom_message(facts_of(reply))
    if check := check_of(reply):
        pipes.report_asset_check(asset_key="app_evaluations", check_name=CHECK, severity="WARN", **check)


@contextlib.contextmanager
def _pipes() -> "Iterator[PipesContext | None]":
    from dagster_pipes import (
        PipesCliArgsParamsLoader,
        PipesUnityCatalogVolumesContextLoader,
        PipesUnityCatalogVolumesMessageWriter,
        open_dagster_pipes,
    )

    arguments = PipesCliArgsParamsLoader()
    if not arguments.is_dagster_pipes_process():
        yield None
        return
    with open_dagster_pipes(
        params_loader=arguments,
        context_loader=PipesUnityCatalogVolumesContextLoader(),
        message_writer=PipesUnityCatalogVolumesMessageWriter(interval=_FLUSH_SECONDS),
    ) as pipes:
        yield pipes

"""The work of one shard, on the machine that it was sent to."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.evaluation.shards.parcels import ShardApp, ShardReply, open_request, pack_reply
from eval_pipeline.model import AppEvaluation, EvaluatorError, Outcome
from eval_pipeline.sandbox.tools import find_tool
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore


def missing_here(settings: Settings) -> list[str]:
    """What this machine lacks to judge apps, a sentence each."""
    needed = {
        "node": "Node 20 or later is missing: apps in JavaScript cannot be built or run",
        "browser": "Chromium is missing: pages cannot be looked at",
        "bwrap": "bubblewrap is missing: nothing would contain the apps",
    }
    found = [text for name, text in needed.items() if find_tool(name, settings) is None]  # pyright: ignore[reportArgumentType]
    if found:
        return found
    from eval_pipeline.sandbox import Sandbox

    with tempfile.TemporaryDirectory() as folder, Sandbox.probe(settings, Path(folder)) as sandbox:
        if sandbox.level == "L0":
            found.append(f"bubblewrap cannot contain apps on this machine: {sandbox.describe()}")
    return found


def do_shard(
    request_file: Path, reply_file: Path, settings: Settings, say: Callable[[str], None] = lambda _: None
) -> ShardReply:
    """Judges what a request asks for and writes the reply.

    Args:
        say: called with a line for each app that is done.

    Raises:
        EvaluatorError: the request cannot be read, this machine lacks something, or the evaluator broke.
    """
    lacks = missing_here(settings)
    if lacks and not settings.allow_unsandboxed:
        raise EvaluatorError("; ".join(lacks))
    began = time.monotonic()
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shard-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        request = open_request(request_file, place)
        store = ArtifactStore(place / "store")

        def report(evaluation: AppEvaluation) -> None:
            failing = [name for name, result in evaluation.results.items() if result.outcome is Outcome.FAIL]
            words = f"fails {', '.join(failing)}" if failing else "done"
            say(f"shard {request.number}: {evaluation.app_name}: {words}")

        with Evaluator(settings, store) as evaluator:
            controls = None
            if request.controls_date is not None:
                controls = evaluator.run_controls(request.controls_date, set(request.controls_stacks))
            evaluations = evaluator.evaluate(
                [_under_test(app, place / "apps") for app in request.apps],
                parallel=request.parallel,
                timeout_seconds=request.timeout_seconds,
                use_cache=request.use_cache,
                keep=request.keep,
                progress=report,
            )
            reply = ShardReply(
                number=request.number,
                evaluations=tuple(evaluations),
                controls=controls.verdicts if controls else (),
                controls_seconds=controls.seconds if controls else 0.0,
                controls_seconds_of=controls.seconds_of if controls else {},
                isolation=evaluator.isolation,
                verdict_digest=evaluator.verdict_digest,
                tools=evaluator.tools,
                seconds=round(time.monotonic() - began, 3),
            )
        pack_reply(reply_file, reply, store.root)
    return reply


def _under_test(app: ShardApp, folder: Path) -> AppUnderTest:
    return AppUnderTest(
        name=app.name,
        tree=folder / str(app.number),
        evidence_uri=app.evidence_uri,
        prompt=app.prompt,
        trusted=app.trusted,
        not_generated=app.not_generated,
        metrics=app.metrics,
    )

"""A shard's step on the Celery worker that took it: `eval-pipeline shard` in a process of its own.

Not in the worker's process, which forks, may not have children of every kind, and lives on for other work.
"""

import contextlib
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO, Any, cast

import dagster as dg

from eval_pipeline.evaluation.shards.parcels import read_reply
from eval_pipeline.resources.celery_executor import sign_of_life
from eval_pipeline.resources.shard_job import check_of, facts_of
from eval_pipeline.settings import child_environment
from eval_pipeline.text import one_line

_SIGN_SECONDS = 5.0
_END_SECONDS = 20.0
_COMMAND = [sys.executable, "-m", "eval_pipeline", "shard"]


def do_step(context: dg.OpExecutionContext, folder: Path, request: str) -> dict[str, Any]:
    """Judges the request of that name in the folder and puts the reply beside it.

    Returns:
        What the shard says of itself (`facts`, with the worker's name) and its answer to the check (`check`).

    Raises:
        Failure: it could not be judged; the shard's last words say why.
    """
    from celery import current_task

    # Celery's own types take it for something else.
    worker = str(cast("Any", current_task).request.hostname) if current_task else "no worker"
    reply = folder / request.replace("request", "reply", 1)
    if not (folder / request).is_file():
        text = f"{request} is not in EVAL_SHARD_VOLUME: nobody waits for it, or {worker} has another folder there"
        raise dg.Failure(text, allow_retries=False)
    context.log.info(f"{request} is judged by {worker}")
    last = _run(context, [*_COMMAND, str(folder / request), str(reply)], folder)
    if not reply.is_file():
        raise dg.Failure(f"{request} on {worker}: {last}", allow_retries=False)
    found = read_reply(reply)
    facts = {"worker": worker, **facts_of(found)}
    context.add_output_metadata({"worker": worker, "apps": len(found.evaluations), "seconds": found.seconds})
    return {"facts": facts, "check": check_of(found)}


def _run(context: dg.OpExecutionContext, command: list[str], folder: Path) -> str:
    """Runs it, its lines in the step's log; returns what it said last."""
    sign = folder / sign_of_life(context.get_step_execution_context().step.key)
    deadline = time.monotonic() + context.op_config["timeout_seconds"]
    lines: deque[str] = deque(maxlen=1)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=child_environment(),
    )
    assert process.stderr is not None
    reader = threading.Thread(target=_read, args=(process.stderr, context, lines), daemon=True)
    reader.start()
    try:
        while process.poll() is None:
            if time.monotonic() > deadline or not folder.is_dir():
                return "it took too long, or nobody waits for it any more"
            with contextlib.suppress(OSError):
                sign.touch()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_SIGN_SECONDS)
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(_SIGN_SECONDS)
    return lines[-1] if lines else f"it ended with {process.returncode} and said nothing"


def _read(stream: IO[str], context: dg.OpExecutionContext, lines: deque[str]) -> None:
    with stream:
        for line in stream:
            if text := one_line(line, 1000):
                lines.append(text)
                context.log.info(text)

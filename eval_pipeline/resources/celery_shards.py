"""Shards as steps of a Dagster run on Celery, each on whichever worker takes it.

The step that judges a date asks for them and waits, so that its tables, controls and second judgements are made by the
code that makes them here. Requests and replies lie in a folder that every machine mounts; Celery and Redis carry only
which step is next.
"""

import importlib.util
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from eval_pipeline.dagster_instance import alive
from eval_pipeline.evaluation.shards.remote import RemoteEvaluator
from eval_pipeline.model import EvaluatorError, InputError
from eval_pipeline.resources.celery_executor import shard_executor
from eval_pipeline.resources.celery_step import do_step
from eval_pipeline.resources.shard_job import CHECK
from eval_pipeline.settings import Settings, get_settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.text import one_line

STEP = "judge_shard"
TIMEOUT_SECONDS = 5400.0
"""Of a shard, its time in the queue and the dependency store's first filling included."""
LOST_SECONDS = 120.0
"""After so long without a sign of life a worker that has a shard counts as gone."""
_QUEUE_TAG = "dagster-celery/queue"


def shards_folder(settings: Settings) -> Path:
    """Where shards travel; a folder below for each run of shards."""
    return Path(settings.shard_volume) if settings.shard_volume else settings.home / "shards"


class _StepFiles(dg.IOManager):
    """What steps hand on, as JSON in the run's folder: a worker finds there what another one planned."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        _step_file(context).write_text(json.dumps(obj))

    def load_input(self, context: dg.InputContext) -> Any:
        assert context.upstream_output is not None
        return json.loads(_step_file(context.upstream_output).read_text())


def _step_file(context: dg.OutputContext) -> Path:
    run_id, *names = context.get_identifier()
    return shards_folder(get_settings()) / run_id / f"{'.'.join(names)}.json"


@dg.io_manager
def _step_files() -> _StepFiles:
    return _StepFiles()


@dg.op(out=dg.DynamicOut(str))
def plan_shards(context: dg.OpExecutionContext) -> Iterator[dg.DynamicOutput[str]]:
    """A step for each request in the run's folder."""
    folder = shards_folder(get_settings()) / context.run_id
    for path in sorted(folder.glob("request-*.tar.gz")):
        number = path.name.removeprefix("request-").removesuffix(".tar.gz")
        yield dg.DynamicOutput(path.name, mapping_key=number)


@dg.op(config_schema={"timeout_seconds": float})
def judge_shard(context: dg.OpExecutionContext, request: str) -> dict[str, Any]:
    """Judges a shard on this machine."""
    return do_step(context, shards_folder(get_settings()) / context.run_id, request)


def judge_shards() -> dg.JobDefinition:
    """The job that a run of shards is: planned, then a dynamic step for each shard. Workers make it again by name."""
    queue = {_QUEUE_TAG: get_settings().celery_queue}

    @dg.job(
        name="judge_shards",
        executor_def=shard_executor,
        resource_defs={"io_manager": _step_files},
        description="Judges the shards of a batch on Celery workers; started by the step that has the batch.",
    )
    def job() -> None:
        plan_shards.tag(queue)().map(judge_shard.tag(queue))

    return job


class CeleryShards:
    """Runs shards from within an asset's step.

    Args:
        context: of the step, whose log hears what came of the shards.
        folder: where requests and replies lie, the same for all machines.
        timeout_seconds: of a shard, from when it is queued.
        lost_seconds: after so long without a sign of life a shard's worker counts as gone.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        settings: Settings,
        timeout_seconds: float = TIMEOUT_SECONDS,
        lost_seconds: float = LOST_SECONDS,
    ) -> None:
        self._context = context
        self._settings = settings
        self._limits = {"timeout_seconds": timeout_seconds, "lost_seconds": lost_seconds}

    def run(self, requests: Sequence[Path], replies: Sequence[Path]) -> None:
        """See `ShardRunner.run`."""
        from dagster._core.errors import DagsterExecutionInterruptedError
        from dagster._core.execution.api import execute_run

        instance = self._context.instance
        config = {
            "execution": {"config": self._limits},
            # What is said is in the run; on a terminal it would break the progress bar.
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            "ops": {STEP: {"config": {"timeout_seconds": self._limits["timeout_seconds"]}}},
        }
        # Nobody but this step may start it again: the requests are gone by then.
        tags = {"eval_pipeline/asked_by": self._context.run.run_id, "dagster/max_retries": "0"}
        run = instance.create_run_for_job(judge_shards(), run_config=config, tags=tags)
        folder = shards_folder(self._settings) / run.run_id
        folder.mkdir(parents=True)
        _clear(folder.parent, instance)
        self._context.log.info(f"{len(requests)} shards go to Celery, in run {run.run_id}")
        try:
            for path in requests:
                shutil.copyfile(path, folder / path.name)
            try:
                with alive(run.run_id, self._settings):
                    result = execute_run(dg.reconstructable(judge_shards), run, instance)
            finally:
                for path in replies:
                    if (folder / path.name).is_file():
                        shutil.copyfile(folder / path.name, path)
            self._note(folder)
            if result.dagster_run.status is dg.DagsterRunStatus.CANCELED:
                raise DagsterExecutionInterruptedError
            if not result.success:
                raise EvaluatorError(f"shards failed on Celery: {_why(result)}; see run {run.run_id}")
        finally:
            # Also what tells a worker that takes a shard later that nobody waits for it any more.
            shutil.rmtree(folder, ignore_errors=True)

    def _note(self, folder: Path) -> None:
        """What the shards say of themselves, and their own checks beside that of the whole table."""
        for path in sorted(folder.glob(f"{STEP}*.json")):
            said = json.loads(path.read_text())
            self._context.log.info(f"shard done: {said['facts']}")
            if check := said["check"]:
                self._context.instance.report_runless_asset_event(
                    dg.AssetCheckEvaluation(
                        asset_key=dg.AssetKey("app_evaluations"),
                        check_name=CHECK,
                        passed=check["passed"],
                        severity=dg.AssetCheckSeverity.WARN,
                        metadata=check["metadata"],
                    )
                )


def _clear(folder: Path, instance: dg.DagsterInstance) -> None:
    """Removes what runs left whose process was killed."""
    for left in folder.iterdir():
        # A day: another process may still be fetching the replies of a run that has just ended.
        if left.stat().st_mtime < time.time() - 86_400:
            run = instance.get_run_by_id(left.name)
            if run is not None and run.is_finished:
                shutil.rmtree(left, ignore_errors=True)


def _why(result: dg.JobExecutionResult) -> str:
    """What failed, in its own words where a step had some."""
    found = []
    for event in result.all_events:
        if event.is_step_failure:
            said = event.step_failure_data.user_failure_data
            error = event.step_failure_data.error
            found.append((said.description if said else None) or (error.message if error else "") or "a step failed")
        elif event.event_type is dg.DagsterEventType.RUN_FAILURE:
            data = event.job_failure_data
            found.append(data.error.message.split("Stack Trace", 1)[0] if data.error else "")
    return one_line("; ".join(text for text in found if text), 2000) or "no step said why"


def remote_evaluator(context: dg.AssetExecutionContext, settings: Settings, store: ArtifactStore) -> RemoteEvaluator:
    """The evaluator of `EVAL_SHARD_RUNNER=celery`.

    Raises:
        InputError: a setting or a package that it needs is missing.
    """
    if settings.celery_broker is None:
        raise InputError("EVAL_SHARD_RUNNER=celery needs EVAL_CELERY_BROKER to be set, such as redis://host:6379/0")
    if not all(importlib.util.find_spec(name) for name in ("dagster_celery", "redis")):
        raise InputError("EVAL_SHARD_RUNNER=celery needs the packages of the extra: install eval-pipeline[celery]")
    if context.instance.is_ephemeral:
        raise InputError("EVAL_SHARD_RUNNER=celery needs a Dagster instance that workers reach: set up PostgreSQL")
    return RemoteEvaluator(
        CeleryShards(context, settings),
        store,
        settings.shards,
        controls_parallel=settings.parallel_apps,
        controls_seconds=settings.app_timeout_seconds,
    )

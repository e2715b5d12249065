"""dagster-celery's executor as shards need it: its addresses come from settings, and it does not wait for ever.

Broker and backend may hold passwords, so they are not run configuration, which Dagster's UI shows. Celery itself never
says that a machine with a task is gone: a shard's worker gives signs of life in the shards' folder.
"""

import time
from pathlib import Path
from typing import Any

import dagster as dg

from eval_pipeline.settings import get_settings


@dg.executor(
    name="celery_shards",
    config_schema={"timeout_seconds": float, "lost_seconds": float},
    requirements=dg.multiple_process_executor_requirements(),
)
def shard_executor(init_context: dg.InitExecutorContext) -> Any:
    """Submits steps to EVAL_CELERY_BROKER; limits are of the run, see `CeleryShards`."""
    from dagster._core.errors import DagsterExecutionInterruptedError
    from dagster._core.execution.retries import RetryMode
    from dagster_celery.core_execution_loop import core_celery_execution_loop
    from dagster_celery.executor import CeleryExecutor

    from eval_pipeline.resources.celery_shards import shards_folder

    settings = get_settings()
    limits = init_context.executor_config
    timeout, lost = float(limits["timeout_seconds"]), float(limits["lost_seconds"])  # pyright: ignore[reportArgumentType]

    class ShardExecutor(CeleryExecutor):
        def execute(self, plan_context: Any, execution_plan: Any) -> Any:
            folder = shards_folder(settings) / plan_context.dagster_run.run_id

            def submit(app: Any, context: Any, step: Any, queue: str, priority: int, known: Any) -> "Waiting":
                result = _send(app, context, step.key, queue, priority, known)
                return Waiting(result, folder / sign_of_life(step.key), timeout, lost)

            try:
                yield from core_celery_execution_loop(plan_context, execution_plan, step_execution_fn=submit)
            except DagsterExecutionInterruptedError:
                # Else Dagster, which was not asked to end it, would call the run failed.
                plan_context.instance.report_run_canceling(plan_context.dagster_run)
                raise

    broker = settings.celery_broker.get_secret_value() if settings.celery_broker else None
    backend = settings.celery_backend.get_secret_value() if settings.celery_backend else broker
    return ShardExecutor(retries=RetryMode.DISABLED, broker=broker, backend=backend)


def _send(app: Any, plan_context: Any, step_key: str, queue: str, priority: int, known_state: Any) -> Any:
    """dagster-celery's task, by its name: its own function makes the task anew for each step, of which Celery warns."""
    from dagster._grpc.types import ExecuteStepArgs
    from dagster._serdes import pack_value
    from dagster_celery.config import TASK_EXECUTE_PLAN_NAME

    job = plan_context.reconstructable_job
    arguments = ExecuteStepArgs(
        job_origin=job.get_python_origin(),
        run_id=plan_context.dagster_run.run_id,
        step_keys_to_execute=[step_key],
        instance_ref=plan_context.instance.get_ref(),
        retry_mode=plan_context.executor.retries.for_inner_plan(),
        known_state=known_state,
    )
    return app.send_task(
        TASK_EXECUTE_PLAN_NAME,
        kwargs={"execute_step_args_packed": pack_value(arguments), "executable_dict": job.to_dict()},
        priority=priority,
        queue=queue,
        routing_key=f"{queue}.{TASK_EXECUTE_PLAN_NAME}",
    )


def sign_of_life(step_key: str) -> str:
    """The file that a step's worker touches while it works."""
    return f"{step_key}.alive"


class Waiting:
    """A task's result that comes in time or is an error.

    Args:
        result: Celery's.
        sign: the step's sign of life.
        timeout_seconds: from now.
        lost_seconds: between signs of life at most, once there was one.
    """

    def __init__(self, result: Any, sign: Path, timeout_seconds: float, lost_seconds: float) -> None:
        self._result = result
        self._sign = sign
        self._timeout, self._lost = timeout_seconds, lost_seconds
        self._is_revoked = False
        self._began = time.monotonic()
        # By this machine's clock alone: clocks of machines differ.
        self._seen = (0, self._began)

    def ready(self) -> bool:
        return self._is_revoked or self._result.ready() or self._trouble() is not None

    def get(self) -> Any:
        if self._is_revoked:
            from dagster._core.errors import DagsterExecutionInterruptedError

            raise DagsterExecutionInterruptedError
        if not self._result.ready() and (trouble := self._trouble()):
            self._result.revoke()
            raise TimeoutError(trouble)
        return self._result.get()

    def revoke(self) -> None:
        """Called when the run is interrupted: dagster-celery would wait for what has begun, and forget the rest."""
        self._is_revoked = True
        self._result.revoke()

    def _trouble(self) -> str | None:
        now = time.monotonic()
        stamp = self._sign.stat().st_mtime_ns if self._sign.exists() else 0
        if stamp != self._seen[0]:
            self._seen = (stamp, now)
        if stamp and now - self._seen[1] > self._lost:
            return f"its worker gave no sign of life for {self._lost:g} s"
        if now - self._began > self._timeout:
            return f"no worker was done with it after {self._timeout:g} s" + ("" if stamp else ", or had even begun")
        return None

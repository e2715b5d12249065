"""Shards as tasks of one Databricks job run, through Dagster Pipes.

Requests are put on a Unity Catalog volume and replies got from it by the Files API, so that this side needs no mount.
`run_multi_task` is used, not `run`: the latter takes an interrupted run for a finished one.
"""

import contextlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import dagster as dg

from eval_pipeline.evaluation.shards.remote import RemoteEvaluator
from eval_pipeline.model import EvaluatorError, InputError
from eval_pipeline.resources.shard_job import CHECK
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

POLL_SECONDS = 5.0
"""Between questions about the job run; machines start in minutes."""
MARGIN_SECONDS = 1800
"""What a task may take beside judging: its machine's start, the dependency store's first filling, controls."""


class DatabricksShards:
    """Runs shards from within an asset's step.

    Args:
        context: of the step, whose log gets the shards' lines.
        client: of the workspace.
        volume: where files lie, `/Volumes/<catalog>/<schema>/<volume>[/folder]`.
        cluster: `new_cluster` of the tasks as the Jobs API takes it; empty where the workspace needs none.
        timeout_seconds: of a task.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        client: "WorkspaceClient",
        volume: str,
        cluster: dict[str, Any],
        timeout_seconds: float,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._context = context
        self._client = client
        self._volume = volume.rstrip("/")
        self._cluster = cluster
        self._timeout = int(timeout_seconds)
        self._poll = poll_seconds

    def run(self, requests: Sequence[Path], replies: Sequence[Path]) -> None:
        """See `ShardRunner.run`."""
        from dagster._core.errors import DagsterPipesExecutionError
        from databricks.sdk.errors.base import DatabricksError

        folder = f"{self._volume}/eval-shards/{self._context.run.run_id}-{secrets.token_hex(4)}"
        files = self._client.files
        try:
            files.create_directory(folder)
            for path in requests:
                with path.open("rb") as file:
                    files.upload(f"{folder}/{path.name}", file, overwrite=True)
            try:
                self._submit(folder, requests, replies)
            finally:
                for path in replies:
                    self._fetch(f"{folder}/{path.name}", path)
        except DagsterPipesExecutionError as error:
            raise EvaluatorError(f"a shard's job run failed: {error}; see its output in the workspace") from error
        except DatabricksError as error:
            raise EvaluatorError(f"shards cannot be run on Databricks: {error}") from error
        finally:
            with contextlib.suppress(DatabricksError):
                for path in (*requests, *replies):
                    with contextlib.suppress(DatabricksError):
                        files.delete(f"{folder}/{path.name}")
                files.delete_directory(folder)

    def _submit(self, folder: str, requests: Sequence[Path], replies: Sequence[Path]) -> None:
        from dagster._core.pipes.utils import PipesCompositeMessageReader
        from dagster_databricks.pipes import PipesDatabricksServerlessClient, PipesUnityCatalogVolumesMessageReader

        readers = [
            PipesUnityCatalogVolumesMessageReader(
                client=self._client,
                volume_path=self._volume,
                interval=min(2.0, self._poll),
                # Sent by the shard as log lines; the job run keeps the rest.
                include_stdio_in_messages=False,
            )
            for _ in requests
        ]
        client = PipesDatabricksServerlessClient(
            client=self._client,
            volume_path=self._volume,
            message_reader=PipesCompositeMessageReader(readers),
            poll_interval_seconds=self._poll,
        )
        tasks = [
            self._task(f"shard-{number}", f"{folder}/{request.name}", f"{folder}/{reply.name}")
            for number, (request, reply) in enumerate(zip(requests, replies, strict=True))
        ]
        done = client.run_multi_task(
            context=cast("dg.OpExecutionContext", _StepContext(self._context.op_execution_context)),
            tasks=tasks,
            submit_args={"run_name": f"eval-pipeline shards {self._context.run.run_id}"},
        )
        for facts in done.get_custom_messages():
            self._context.log.info(f"shard done: {facts}")
        for result in done.get_results(implicit_materializations=False):
            if isinstance(result, dg.AssetCheckResult):
                self._note(result)

    def _task(self, key: str, request: str, reply: str) -> Any:
        from databricks.sdk.service.jobs import SubmitTask

        wheel = {
            "package_name": "eval-pipeline",
            "entry_point": "eval-pipeline",
            "parameters": ["shard", request, reply],
        }
        task: dict[str, Any] = {"task_key": key, "python_wheel_task": wheel, "timeout_seconds": self._timeout}
        if self._cluster:
            task["new_cluster"] = self._cluster
        return SubmitTask.from_dict(task)

    def _note(self, result: dg.AssetCheckResult) -> None:
        """A shard's own check, beside that of the whole table."""
        self._context.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey("app_evaluations"),
                check_name=result.check_name or CHECK,
                passed=result.passed,
                severity=result.severity,
                metadata=dict(result.metadata or {}),
            )
        )

    def _fetch(self, source: str, target: Path) -> None:
        """Gets a reply, if there is one."""
        from databricks.sdk.errors import NotFound

        try:
            contents = self._client.files.download(source).contents
        except NotFound:
            return
        if contents is None:
            return
        fresh = target.with_suffix(".part")
        with fresh.open("wb") as file:
            while part := contents.read(1_000_000):
                file.write(part)
        fresh.replace(target)


class _StepContext:
    """The step's context as Pipes is to see it.

    Pipes makes a step promise to yield its messages as results, once and at its end. A step that uses several shards
    and returns tables of its own cannot; what the shards report is taken from them above. It is the op's context, as
    Pipes asks an asset's for what is deprecated there.
    """

    def __init__(self, context: dg.OpExecutionContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def set_requires_typed_event_stream(self, *, error_message: str | None = None) -> None:
        pass


def remote_evaluator(
    context: dg.AssetExecutionContext, settings: Settings, store: ArtifactStore, poll_seconds: float = POLL_SECONDS
) -> RemoteEvaluator:
    """The evaluator of `EVAL_SHARD_RUNNER=databricks`.

    Raises:
        InputError: a setting that it needs is not set.
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.core import Config

    if not settings.databricks_host or not settings.shard_volume:
        raise InputError("EVAL_SHARD_RUNNER=databricks needs DATABRICKS_HOST and EVAL_SHARD_VOLUME to be set")
    token, secret = settings.databricks_token, settings.databricks_client_secret
    if token is None and (secret is None or not settings.databricks_client_id):
        raise InputError(
            "EVAL_SHARD_RUNNER=databricks needs DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET"
        )
    signed_in: dict[str, Any] = (
        {"token": token.get_secret_value()}
        if token
        else {
            "client_id": settings.databricks_client_id,
            "client_secret": secret.get_secret_value() if secret else None,
        }
    )
    # Both limits must be given: by default a refused connection is retried for 300 seconds.
    config = Config(host=settings.databricks_host, retry_timeout_seconds=60, http_timeout_seconds=120, **signed_in)
    runner = DatabricksShards(
        context,
        WorkspaceClient(config=config),
        settings.shard_volume,
        settings.shard_cluster,
        # Apps of one shard in turn, should they all take as long as they may, would be days; an hour's work is enough.
        timeout_seconds=3600 + MARGIN_SECONDS,
        poll_seconds=poll_seconds,
    )
    return RemoteEvaluator(
        runner,
        store,
        settings.shards,
        controls_parallel=settings.parallel_apps,
        controls_seconds=settings.app_timeout_seconds,
    )

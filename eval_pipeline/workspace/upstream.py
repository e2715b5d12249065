"""A real SQL warehouse behind the endpoint (`EVAL_WAREHOUSE=databricks`).

The app shows its own session's credentials; a statement that `sql/guard.py` lets through is forwarded with the real
ones, which the app never sees: not in headers, not in errors. Altered rows (`perturb.py`) show whether an app really
uses them.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from eval_pipeline.model import InputError
from eval_pipeline.workspace.aggregates import aggregates
from eval_pipeline.workspace.local_warehouse import LocalWarehouse
from eval_pipeline.workspace.perturb import Perturbation
from eval_pipeline.workspace.warehouse import Failure, Query, Result, ResultColumn, Warehouse

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.sql import StatementResponse

    from eval_pipeline.settings import Settings

MAX_ROWS = 100_000
MAX_MESSAGE = 2000
_POLL_SECONDS = 0.5
_SECRET_SHAPES = re.compile(
    r"dapi[0-9a-f]{16,}[-\w]*|dose[0-9a-f]{16,}|eyJ[\w-]{16,}(\.[\w-]*)*|Bearer\s+\S+", re.IGNORECASE
)


class DatabricksWarehouse:
    """A SQL warehouse reached through databricks-sdk.

    Args:
        host: the workspace's URL.
        warehouse_id: the warehouse's id.
        token, client_id, client_secret: the real credentials, one kind of them.
        secrets: further texts that no message may hold.
        retry_seconds: how long a refused connection or a 429 is retried.
    """

    def __init__(
        self,
        host: str,
        warehouse_id: str,
        *,
        token: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        secrets: Iterable[str] = (),
        retry_seconds: int = 20,
    ) -> None:
        self._warehouse_id = warehouse_id
        self._retry_seconds = retry_seconds
        self._credentials = {"host": host, "token": token, "client_id": client_id, "client_secret": client_secret}
        given = (token, client_secret, client_id, *secrets)
        self._secrets = sorted((text for text in given if text and len(text) >= 6), key=len, reverse=True)
        self._client: WorkspaceClient | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> DatabricksWarehouse:
        """The warehouse that the environment names.

        Raises:
            InputError: host, warehouse or credentials are not set.
        """
        token, secret = settings.databricks_token, settings.databricks_client_secret
        if not settings.databricks_host or not settings.databricks_warehouse_id:
            raise InputError("EVAL_WAREHOUSE=databricks needs DATABRICKS_HOST and DATABRICKS_WAREHOUSE_ID to be set")
        if token is None and (secret is None or not settings.databricks_client_id):
            raise InputError(
                "EVAL_WAREHOUSE=databricks needs DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET"
            )
        return cls(
            settings.databricks_host,
            settings.databricks_warehouse_id,
            token=token.get_secret_value() if token else None,
            # Two kinds of credentials at once are an error to the SDK; the token is the older habit.
            client_id=None if token else settings.databricks_client_id,
            client_secret=None if token or secret is None else secret.get_secret_value(),
            secrets=settings.secret_values(),
        )

    def execute(self, query: Query, timeout_seconds: float) -> Result:
        """Runs one statement that has been checked. Never raises for what the warehouse or the network did."""
        from databricks.sdk.service.sql import ExecuteStatementRequestOnWaitTimeout, StatementParameterListItem

        deadline = time.monotonic() + timeout_seconds
        try:
            api = self._connected().statement_execution
            response = api.execute_statement(
                query.sql,
                self._warehouse_id,
                catalog=query.catalog,
                schema=query.schema,
                parameters=[
                    StatementParameterListItem(name=n, value=v, type=k) for n, (v, k) in query.parameters.items()
                ]
                or None,
                row_limit=min(query.row_limit or MAX_ROWS, MAX_ROWS),
                wait_timeout=f"{max(5, min(50, int(timeout_seconds)))}s",
                on_wait_timeout=ExecuteStatementRequestOnWaitTimeout.CONTINUE,
            )
            while _state(response) in ("PENDING", "RUNNING"):
                if time.monotonic() > deadline:
                    api.cancel_execution(response.statement_id or "")
                    text = f"[STATEMENT_TIMEOUT] The statement ran longer than {timeout_seconds:g} seconds."
                    return Result(failure=Failure("STATEMENT_TIMEOUT", f"{text} SQLSTATE: 57KD0", "57KD0"))
                time.sleep(_POLL_SECONDS)
                response = api.get_statement(response.statement_id or "")
            return self._result(response)
        except Exception as error:
            text = self._masked(f"[UPSTREAM_ERROR] The warehouse could not be asked: {error} SQLSTATE: 08000")
            return Result(failure=Failure("UPSTREAM_ERROR", text, "08000"))

    def _connected(self) -> WorkspaceClient:
        from databricks.sdk import WorkspaceClient
        from databricks.sdk.core import Config

        if self._client is None:
            # Both limits must be given: by default a refused connection is retried for 300 seconds.
            config = Config(**self._credentials, retry_timeout_seconds=self._retry_seconds, http_timeout_seconds=60)
            self._client = WorkspaceClient(config=config)
        return self._client

    def _result(self, response: StatementResponse) -> Result:
        if _state(response) != "SUCCEEDED":
            error = response.status.error if response.status else None
            text = self._masked((error.message if error else "") or "The statement failed.")
            code = re.match(r"\[([A-Z0-9_.]+)\]", text)
            sqlstate = re.search(r"SQLSTATE: (\w{5})", text)
            return Result(
                failure=Failure(
                    code.group(1) if code else "UPSTREAM_ERROR", text, sqlstate.group(1) if sqlstate else "08000"
                )
            )
        manifest = response.manifest
        columns = (manifest.schema.columns if manifest and manifest.schema else None) or []
        return Result(
            columns=tuple(
                ResultColumn(
                    name=column.name or "",
                    type_name=column.type_name.value if column.type_name else "STRING",
                    type_text=column.type_text or "STRING",
                    precision=column.type_precision,
                    scale=column.type_scale,
                )
                for column in columns
            ),
            rows=tuple(self._rows(response)),
            is_truncated=bool(manifest and manifest.truncated),
        )

    def _rows(self, response: StatementResponse) -> Iterable[tuple[str | None, ...]]:
        chunk = response.result
        while chunk is not None:
            yield from (tuple(row) for row in chunk.data_array or ())
            if chunk.next_chunk_index is None:
                return
            api = self._connected().statement_execution
            chunk = api.get_statement_result_chunk_n(response.statement_id or "", chunk.next_chunk_index)

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _SECRET_SHAPES.sub("***", text)[:MAX_MESSAGE]


def _state(response: StatementResponse) -> str:
    return response.status.state.value if response.status and response.status.state else "FAILED"


class UpstreamSession:
    """One session's way to the real warehouse; the guard parses in the session's own worker process."""

    def __init__(self, warehouse: Warehouse, guard: LocalWarehouse) -> None:
        self._warehouse = warehouse
        self._guard = guard
        self._perturbation = Perturbation(None)

    async def start(self) -> None:
        await self._guard.start()

    async def execute(self, query: Query, timeout_seconds: float) -> Result:
        refusal = await self._guard.check(query, timeout_seconds)
        if refusal is not None:
            return Result(failure=refusal)
        perturbation = self._perturbation

        def ask() -> Result:
            result = perturbation.apply(self._warehouse.execute(perturbation.restore(query), timeout_seconds))
            # Of the rows as the app gets them.
            return replace(result, aggregates=aggregates(result.columns, result.rows))

        return await asyncio.to_thread(ask)

    async def reseed(self, seed: int) -> None:
        self._perturbation = Perturbation(seed)

    async def close(self) -> None:
        await self._guard.close()

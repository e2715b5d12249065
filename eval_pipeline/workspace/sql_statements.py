"""The SQL Statement Execution API: submit, poll, fetch chunks, cancel."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections import OrderedDict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from eval_pipeline.workspace.api_errors import ApiError, invalid, missing
from eval_pipeline.workspace.authentication import Caller, authenticate
from eval_pipeline.workspace.requests import read_json
from eval_pipeline.workspace.sessions import AppSession
from eval_pipeline.workspace.warehouse import Failure, Query, Result

CHUNK_ROWS = 10_000
CONCURRENT = 6
"""Statements of one session that run at once; others wait."""
MAX_WAITING = 100
MAX_KEPT = 200
"""Statements whose results can still be fetched, per session."""
MAX_KEPT_CELLS = 2_000_000
MAX_PARAMETERS = 256

_WAIT = re.compile(r"(\d{1,4})s")


class Statement:
    """A submitted statement and its result."""

    def __init__(self, session: AppSession, query: Query) -> None:
        self.id = f"01{uuid.uuid4()}"[:36]
        self.session = session
        self.query = query
        self.state = "PENDING"
        self.result: Result | None = None
        self.task: asyncio.Task[None] | None = None

    @property
    def is_finished(self) -> bool:
        return self.state in ("SUCCEEDED", "FAILED", "CANCELED")


class Statements:
    """Every session's statements; lives on the server's event loop."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self._kept: dict[str, OrderedDict[str, Statement]] = {}
        self._slots: dict[str, asyncio.Semaphore] = {}

    def submit(self, caller: Caller, user_agent: str, query: Query) -> Statement:
        """Starts a statement.

        Raises:
            ApiError: 429 when the session has too many under way.
        """
        session = caller.session
        kept = self._kept.setdefault(session.client_id, OrderedDict())
        if sum(not statement.is_finished for statement in kept.values()) >= MAX_WAITING:
            raise ApiError(429, "RESOURCE_EXHAUSTED", "Too many statements under way.", {"Retry-After": "1"})
        statement = Statement(session, query)
        kept[statement.id] = statement
        _forget_old(kept)
        session.note_started(statement.id, caller.auth, user_agent, query)
        statement.task = asyncio.create_task(self._run(statement))
        return statement

    def get(self, caller: Caller, statement_id: str) -> Statement:
        """Raises ApiError (404) for a statement that this session did not submit or that is no longer kept."""
        statement = self._kept.get(caller.session.client_id, {}).get(statement_id)
        if statement is None:
            raise missing(f"The statement {statement_id[:64]} was not found.")
        return statement

    def cancel(self, statement: Statement) -> None:
        if not statement.is_finished:
            statement.state = "CANCELED"
            if statement.task is not None:
                statement.task.cancel()

    def forget(self, session: AppSession) -> None:
        for statement in self._kept.pop(session.client_id, {}).values():
            self.cancel(statement)
        self._slots.pop(session.client_id, None)

    async def _run(self, statement: Statement) -> None:
        started = time.monotonic()
        slots = self._slots.setdefault(statement.session.client_id, asyncio.Semaphore(CONCURRENT))
        try:
            async with slots:
                statement.state = "RUNNING"
                statement.result = await statement.session.backend.execute(statement.query, self._timeout)
            statement.state = "FAILED" if statement.result.failure else "SUCCEEDED"
        except asyncio.CancelledError:
            statement.state = "CANCELED"
        except Exception as error:
            # Whatever broke is ours, and the app and the log must hear of it.
            text = (
                f"[INTERNAL_ERROR] The warehouse could not run the statement ({type(error).__name__}). SQLSTATE: XX000"
            )
            statement.result = Result(failure=Failure("INTERNAL_ERROR", text, "XX000"))
            statement.state = "FAILED"
        finally:
            statement.session.note_ended(statement.id, statement.state, statement.result, time.monotonic() - started)


def _forget_old(kept: OrderedDict[str, Statement]) -> None:
    cells = sum(len(s.result.rows) * len(s.result.columns) for s in kept.values() if s.result)
    for name, statement in list(kept.items())[:-1]:
        if len(kept) <= MAX_KEPT and cells <= MAX_KEPT_CELLS:
            return
        if statement.is_finished:
            cells -= len(statement.result.rows) * len(statement.result.columns) if statement.result else 0
            del kept[name]


async def execute(request: Request) -> JSONResponse:
    caller = authenticate(request)
    body = await read_json(request)
    query = _query(body, caller)
    seconds, cancels = _wait(body)
    statement = _all(request).submit(caller, request.headers.get("user-agent", ""), query)
    if seconds and statement.task is not None:
        await asyncio.wait([statement.task], timeout=seconds)
        if cancels and not statement.is_finished:
            _all(request).cancel(statement)
    return JSONResponse(_describe(statement))


async def get(request: Request) -> JSONResponse:
    statement = _all(request).get(authenticate(request), request.path_params["statement_id"])
    return JSONResponse(_describe(statement))


async def get_chunk(request: Request) -> JSONResponse:
    statement = _all(request).get(authenticate(request), request.path_params["statement_id"])
    if statement.state != "SUCCEEDED" or statement.result is None:
        raise missing(f"The statement {statement.id} has no result to fetch: it is {statement.state}.")
    text = request.path_params["chunk_index"]
    index = int(text) if text.isdecimal() and len(text) < 10 else -1
    if not 0 <= index < _chunk_count(statement.result):
        raise missing(f"Chunk {text[:20]} of statement {statement.id} does not exist.")
    return JSONResponse(_chunk(statement, statement.result, index))


async def cancel(request: Request) -> JSONResponse:
    _all(request).cancel(_all(request).get(authenticate(request), request.path_params["statement_id"]))
    return JSONResponse({})


def _all(request: Request) -> Statements:
    return request.app.state.workspace.sql_statements


def _query(body: dict[str, Any], caller: Caller) -> Query:
    statement, warehouse = body.get("statement"), body.get("warehouse_id")
    if not isinstance(statement, str) or not statement.strip():
        raise invalid("statement is required and must be a non-empty string.")
    if not isinstance(warehouse, str) or not warehouse:
        raise invalid("warehouse_id is required.")
    if warehouse != caller.session.warehouse_id:
        raise missing(f"SQL warehouse {warehouse[:64]} does not exist.")
    disposition, form = body.get("disposition") or "INLINE", body.get("format") or "JSON_ARRAY"
    if disposition != "INLINE":
        raise ApiError(400, "NOT_IMPLEMENTED", "The local workspace serves disposition INLINE only.")
    if form != "JSON_ARRAY":
        raise invalid("The format field must be JSON_ARRAY when the disposition field is INLINE.")
    limit = body.get("row_limit")
    if isinstance(limit, str) and limit.isdecimal():
        limit = int(limit)
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit < 1 << 62):
        raise invalid("row_limit must be a positive integer.")
    return Query(
        sql=statement,
        parameters=_parameters(body.get("parameters")),
        catalog=_name(body, "catalog"),
        schema=_name(body, "schema"),
        row_limit=limit,
    )


def _name(body: dict[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{key} must be a string.")
    return value.strip("`") or None if value else None


def _parameters(given: Any) -> dict[str, tuple[str | None, str]]:
    if given is None:
        return {}
    if not isinstance(given, list) or len(given) > MAX_PARAMETERS:
        raise invalid(f"parameters must be a list of at most {MAX_PARAMETERS} objects.")
    found: dict[str, tuple[str | None, str]] = {}
    for item in given:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or not name:
            raise invalid("every parameter needs a name.")
        value, kind = item.get("value"), item.get("type") or "STRING"
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, int | float):
            value = str(value)
        if not isinstance(kind, str) or not isinstance(value, str | None):
            raise invalid(f"parameter {name[:64]}: value and type must be strings.")
        found[name] = (value, kind)
    return found


def _wait(body: dict[str, Any]) -> tuple[int, bool]:
    text = body.get("wait_timeout") or "10s"
    match = _WAIT.fullmatch(text) if isinstance(text, str) else None
    seconds = int(match.group(1)) if match else -1
    if seconds != 0 and not 5 <= seconds <= 50:
        raise invalid("wait_timeout must be 0s, or between 5s and 50s.")
    behaviour = body.get("on_wait_timeout") or "CONTINUE"
    if behaviour not in ("CONTINUE", "CANCEL"):
        raise invalid("on_wait_timeout must be CONTINUE or CANCEL.")
    if seconds == 0 and behaviour == "CANCEL":
        raise invalid("on_wait_timeout must be CONTINUE when wait_timeout is 0s.")
    return seconds, behaviour == "CANCEL"


def _describe(statement: Statement) -> dict[str, Any]:
    status: dict[str, Any] = {"state": statement.state}
    answer: dict[str, Any] = {"statement_id": statement.id, "status": status}
    result = statement.result
    if statement.state == "FAILED":
        if result is not None and result.failure is not None:
            code = "INTERNAL_ERROR" if result.failure.code == "INTERNAL_ERROR" else "BAD_REQUEST"
            status["error"] = {"error_code": code, "message": result.failure.message}
            status["sql_state"] = result.failure.sqlstate
    elif statement.state == "SUCCEEDED" and result is not None:
        answer["manifest"] = _manifest(result)
        answer["result"] = _chunk(statement, result, 0)
    return answer


def _chunk_count(result: Result) -> int:
    return max(1, -(-len(result.rows) // CHUNK_ROWS))


def _manifest(result: Result) -> dict[str, Any]:
    columns = []
    for position, column in enumerate(result.columns):
        described: dict[str, Any] = {
            "name": column.name,
            "type_text": column.type_text,
            "type_name": column.type_name,
            "position": position,
        }
        if column.precision is not None:
            described |= {"type_precision": column.precision, "type_scale": column.scale}
        columns.append(described)
    chunks = [
        {"chunk_index": index, "row_offset": start, "row_count": min(CHUNK_ROWS, len(result.rows) - start)}
        for index, start in enumerate(range(0, max(1, len(result.rows)), CHUNK_ROWS))
    ]
    return {
        "format": "JSON_ARRAY",
        "schema": {"column_count": len(columns), "columns": columns},
        "total_chunk_count": len(chunks),
        "chunks": chunks,
        "total_row_count": len(result.rows),
        "truncated": result.is_truncated,
    }


def _chunk(statement: Statement, result: Result, index: int) -> dict[str, Any]:
    start = index * CHUNK_ROWS
    rows = result.rows[start : start + CHUNK_ROWS]
    chunk: dict[str, Any] = {"chunk_index": index, "row_offset": start, "row_count": len(rows)}
    if rows:
        # An empty result has no data_array on Databricks either.
        chunk["data_array"] = rows
    if index + 1 < _chunk_count(result):
        link = f"/api/2.0/sql/statements/{statement.id}/result/chunks/{index + 1}?row_offset={start + CHUNK_ROWS}"
        chunk |= {"next_chunk_index": index + 1, "next_chunk_internal_link": link}
    return chunk


_PATH = "/api/2.0/sql/statements"
ROUTES = (
    Route(_PATH, execute, methods=["POST"]),
    # Up to 0.60 the SDK writes the slash.
    Route(f"{_PATH}/", execute, methods=["POST"]),
    Route(f"{_PATH}/{{statement_id}}", get),
    Route(f"{_PATH}/{{statement_id}}/result/chunks/{{chunk_index}}", get_chunk),
    Route(f"{_PATH}/{{statement_id}}/cancel", cancel, methods=["POST"]),
)

"""The SQL Statement Execution API: submit, poll, fetch chunks or files of the result, cancel."""

from __future__ import annotations

import asyncio
import hmac
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from eval_pipeline.workspace import sql_results
from eval_pipeline.workspace.api_errors import ApiError, invalid, missing
from eval_pipeline.workspace.authentication import Caller, authenticate, candidates
from eval_pipeline.workspace.requests import read_json
from eval_pipeline.workspace.statements import Statement, Statements
from eval_pipeline.workspace.thrift.sessions import ClientSession
from eval_pipeline.workspace.warehouse import Query

MAX_PARAMETERS = 256

_WAIT = re.compile(r"(\d{1,4})s")


async def execute(request: Request) -> JSONResponse:
    caller = authenticate(request)
    body = await read_json(request)
    session = _session(request, caller, body)
    query = _query(body, caller, session)
    delivery = sql_results.delivery(body)
    seconds, cancels = _wait(body)
    statement = _all(request).submit(caller, request.headers.get("user-agent", ""), query, delivery)
    if seconds and statement.task is not None:
        await asyncio.wait([statement.task], timeout=seconds)
        if cancels and not statement.is_finished:
            _all(request).cancel(statement)
    if session is not None and statement.state == "SUCCEEDED":
        session.follow(query.sql)
    return JSONResponse(await _describe(request, statement))


async def get(request: Request) -> JSONResponse:
    statement = _all(request).get(authenticate(request), request.path_params["statement_id"])
    return JSONResponse(await _describe(request, statement))


async def get_chunk(request: Request) -> JSONResponse:
    statement = _all(request).get(authenticate(request), request.path_params["statement_id"])
    if statement.state != "SUCCEEDED" or statement.result is None:
        raise missing(f"The statement {statement.id} has no result to fetch: it is {statement.state}.")
    index = _index(request, statement)
    return JSONResponse(await asyncio.to_thread(sql_results.chunk, statement, statement.result, index, origin(request)))


async def get_file(request: Request) -> Response:
    """A chunk by its link, which is fetched without a credential, as cloud storage is."""
    name, key = request.path_params["statement_id"], request.query_params.get("key", "")
    for session in candidates(request):
        statement = _all(request).find(session, name)
        if (
            statement is not None
            and statement.result is not None
            and hmac.compare_digest(statement.link_key.encode(), key.encode("utf-8", "replace"))
        ):
            index = _index(request, statement)
            body = await asyncio.to_thread(sql_results.file, statement, statement.result, index)
            return Response(body, media_type=sql_results.MEDIA_TYPES[statement.delivery.form])
    raise ApiError(403, "PERMISSION_DENIED", "The link is not valid or has expired.")


def _index(request: Request, statement: Statement) -> int:
    text = request.path_params["chunk_index"]
    index = int(text) if text.isdecimal() and len(text) < 10 else -1
    if statement.result is None or not 0 <= index < sql_results.chunk_count(statement, statement.result):
        raise missing(f"Chunk {text[:20]} of statement {statement.id} does not exist.")
    return index


async def cancel(request: Request) -> JSONResponse:
    _all(request).cancel(_all(request).get(authenticate(request), request.path_params["statement_id"]))
    return JSONResponse({})


async def close(request: Request) -> JSONResponse:
    """The connector's way to say that it has what it wants; the result stays for as long as any."""
    _all(request).get(authenticate(request), request.path_params["statement_id"])
    return JSONResponse({})


def _all(request: Request) -> Statements:
    return request.app.state.workspace.sql_statements


def _query(body: dict[str, Any], caller: Caller, session: ClientSession | None) -> Query:
    statement, warehouse = body.get("statement"), body.get("warehouse_id")
    if not isinstance(statement, str) or not statement.strip():
        raise invalid("statement is required and must be a non-empty string.")
    if not isinstance(warehouse, str) or not warehouse:
        raise invalid("warehouse_id is required.")
    if warehouse != caller.session.warehouse_id:
        raise missing(f"SQL warehouse {warehouse[:64]} does not exist.")
    limit = body.get("row_limit")
    if isinstance(limit, str) and limit.isdecimal():
        limit = int(limit)
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit < 1 << 62):
        raise invalid("row_limit must be a positive integer.")
    return Query(
        sql=statement,
        parameters=_parameters(body.get("parameters")),
        catalog=_name(body, "catalog") or (session.catalog if session else None),
        schema=_name(body, "schema") or (session.schema if session else None),
        row_limit=limit,
    )


def _session(request: Request, caller: Caller, body: dict[str, Any]) -> ClientSession | None:
    """The session that the body names; most clients name none."""
    name = body.get("session_id")
    if not name:
        return None
    session = request.app.state.workspace.thrift.named(caller.session, name)
    if session is None:
        raise missing(f"Session {str(name)[:64]} does not exist.")
    return session


async def open_session(request: Request) -> JSONResponse:
    caller = authenticate(request)
    body = await read_json(request)
    if body.get("warehouse_id") != caller.session.warehouse_id:
        raise missing(f"SQL warehouse {str(body.get('warehouse_id'))[:64]} does not exist.")
    opened = ClientSession(_name(body, "catalog"), _name(body, "schema"))
    guid = request.app.state.workspace.thrift.open(caller.session, opened)
    return JSONResponse({"session_id": guid.hex()})


async def close_session(request: Request) -> JSONResponse:
    caller = authenticate(request)
    request.app.state.workspace.thrift.close_named(caller.session, request.path_params["session_id"])
    return JSONResponse({})


def origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', 'localhost')[:300]}"


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


async def _describe(request: Request, statement: Statement) -> dict[str, Any]:
    status: dict[str, Any] = {"state": statement.state}
    answer: dict[str, Any] = {"statement_id": statement.id, "status": status}
    result = statement.result
    if statement.state == "FAILED":
        if result is not None and result.failure is not None:
            code = "INTERNAL_ERROR" if result.failure.code == "INTERNAL_ERROR" else "BAD_REQUEST"
            status["error"] = {"error_code": code, "message": result.failure.message}
            status["sql_state"] = result.failure.sqlstate
    elif statement.state == "SUCCEEDED" and result is not None:
        answer["manifest"] = sql_results.manifest(statement, result)
        answer["result"] = await asyncio.to_thread(sql_results.chunk, statement, result, 0, origin(request))
    return answer


_PATH = "/api/2.0/sql/statements"
ROUTES = (
    Route(_PATH, execute, methods=["POST"]),
    # Up to 0.60 the SDK writes the slash.
    Route(f"{_PATH}/", execute, methods=["POST"]),
    Route(f"{_PATH}/{{statement_id}}", get, methods=["GET"]),
    Route(f"{_PATH}/{{statement_id}}", close, methods=["DELETE"]),
    Route(f"{_PATH}/{{statement_id}}/result/chunks/{{chunk_index}}", get_chunk),
    Route(f"{_PATH}/{{statement_id}}/result/files/{{chunk_index}}", get_file),
    Route(f"{_PATH}/{{statement_id}}/cancel", cancel, methods=["POST"]),
    Route("/api/2.0/sql/sessions", open_session, methods=["POST"]),
    Route("/api/2.0/sql/sessions/{session_id}", close_session, methods=["DELETE"]),
)

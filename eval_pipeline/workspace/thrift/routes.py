"""HTTP side of Thrift: a POST carries one call in the binary protocol, its answer is the reply.

What cannot be decoded is a 400; a call that this endpoint does not know gets Thrift's own exception.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from eval_pipeline.workspace.api_errors import ApiError, missing
from eval_pipeline.workspace.authentication import Caller, authenticate
from eval_pipeline.workspace.requests import read_body

MEDIA_TYPE = "application/x-thrift"
MAX_ITEMS = 20_000
"""Of a list or map in a call."""


async def call(request: Request) -> Response:
    caller = _caller(request)
    name = request.path_params["warehouse_id"]
    if name != caller.session.warehouse_id:
        raise missing(f"SQL warehouse {name[:64]} does not exist.")
    body = await read_body(request)
    service_module = await asyncio.to_thread(importlib.import_module, "eval_pipeline.workspace.thrift.service")
    # Decoding and encoding are Python's own, slow for large messages: other apps' requests must not wait for them.
    method, sequence, arguments = await asyncio.to_thread(_decode, body)
    service = service_module.Service(request.app.state.workspace, caller, request.headers.get("user-agent", ""))
    handler = getattr(service, method, None) if arguments is not None else None
    answer = await handler(arguments) if handler is not None else None
    return Response(await asyncio.to_thread(_encode, method, sequence, answer), media_type=MEDIA_TYPE)


async def feature_flags(request: Request) -> JSONResponse:
    """What connectors ask when they connect: no flag is set, so they send no telemetry."""
    authenticate(request)
    return JSONResponse({"flags": [], "ttl_seconds": 900})


def _caller(request: Request) -> Caller:
    try:
        return authenticate(request)
    except ApiError as error:
        # Where the connectors look for the reason.
        error.headers = {"X-Databricks-Reason-Phrase": error.message, "X-Thriftserver-Error-Message": error.message}
        raise


def _decode(body: bytes) -> tuple[str, int, Any]:
    """The call's name, its number and its request; None for a call that TCLIService does not have.

    Raises:
        ApiError: 400, the body is not a call.
    """
    from databricks.sql.thrift_api.TCLIService import TCLIService
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.Thrift import TMessageType
    from thrift.transport.TTransport import TMemoryBuffer

    protocol = TBinaryProtocol(
        TMemoryBuffer(body), string_length_limit=len(body), container_length_limit=min(MAX_ITEMS, len(body))
    )
    try:
        name, kind, sequence = protocol.readMessageBegin()
        if kind != TMessageType.CALL or not isinstance(name, str) or not name.isidentifier():
            raise ValueError("not a call")
        arguments = getattr(TCLIService, f"{name}_args", None)
        if arguments is None:
            return name, sequence, None
        read = arguments()
        read.read(protocol)
        if read.req is None:
            raise ValueError("no request")
        return name, sequence, read.req
    except Exception as error:
        # Bytes from an app can break the reader in any way (struct.error, EOFError, RecursionError, its own classes).
        raise ApiError(400, "MALFORMED_REQUEST", f"Not a Thrift call: {type(error).__name__}.") from error


def _encode(name: str, sequence: int, answer: Any) -> bytes:
    from databricks.sql.thrift_api.TCLIService import TCLIService
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.Thrift import TApplicationException, TMessageType
    from thrift.transport.TTransport import TMemoryBuffer

    buffer = TMemoryBuffer()
    protocol = TBinaryProtocol(buffer)
    if answer is None:
        protocol.writeMessageBegin(name, TMessageType.EXCEPTION, sequence)
        unknown = TApplicationException.UNKNOWN_METHOD
        TApplicationException(unknown, f"The local workspace does not serve {name[:64]}").write(protocol)
    else:
        protocol.writeMessageBegin(name, TMessageType.REPLY, sequence)
        getattr(TCLIService, f"{name}_result")(success=answer).write(protocol)
    protocol.writeMessageEnd()
    return buffer.getvalue()


ROUTES = (
    Route("/sql/1.0/warehouses/{warehouse_id}", call, methods=["POST"]),
    Route("/sql/1.0/endpoints/{warehouse_id}", call, methods=["POST"]),
    Route("/sql/protocolv1/o/{organization}/{warehouse_id}", call, methods=["POST"]),
    Route("/api/2.0/connector-service/feature-flags/{client}/{version}", feature_flags),
)
"""As a warehouse's connection details name it, its older form, and the form of clusters."""

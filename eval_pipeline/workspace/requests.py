"""Reads request bodies from hostile clients: bounded, and any nonsense is a 400."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from eval_pipeline.workspace.api_errors import ApiError

MAX_BODY = 1_000_000
"""Bytes of a request's body."""


async def read_body(request: Request) -> bytes:
    """Raises ApiError (413) when the body is over `MAX_BODY`."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise ApiError(413, "REQUEST_LIMIT_EXCEEDED", f"The request is larger than {MAX_BODY} bytes.")
        parts.append(part)
    return b"".join(parts)


async def read_json(request: Request) -> dict[str, Any]:
    """Raises ApiError (400) unless the body is a JSON object."""
    body = await read_body(request)
    try:
        value = json.loads(body or b"{}")
        # What cannot be written as UTF-8 again (lone surrogates) is no text either.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "MALFORMED_REQUEST", "Could not parse request object: invalid JSON.") from error
    if not isinstance(value, dict):
        raise ApiError(400, "MALFORMED_REQUEST", "Could not parse request object: a JSON object is expected.")
    return value

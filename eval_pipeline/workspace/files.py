"""The Files API over one folder: files are put, got, deleted, directories made and listed."""

from __future__ import annotations

import asyncio
import os
import secrets
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from eval_pipeline.workspace.api_errors import ApiError, invalid
from eval_pipeline.workspace.compute import operator

MAX_FILE_BYTES = 5_000_000_000
"""Of one upload, as on Databricks."""


async def get_file(request: Request) -> Response:
    path = _path(request)
    if not path.is_file():
        raise _missing(path)
    return FileResponse(path, media_type="application/octet-stream", headers=_times(path))


async def put_file(request: Request) -> Response:
    path = _path(request)
    if path.is_dir():
        raise invalid("The path is a directory.")
    if path.exists() and request.query_params.get("overwrite") != "true":
        raise ApiError(409, "ALREADY_EXISTS", "The file exists already; set overwrite to replace it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    size = 0
    try:
        with fresh.open("wb") as file:
            async for part in request.stream():
                size += len(part)
                if size > MAX_FILE_BYTES:
                    raise ApiError(413, "REQUEST_LIMIT_EXCEEDED", f"The file is larger than {MAX_FILE_BYTES} bytes.")
                await asyncio.to_thread(file.write, part)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return Response(status_code=204)


async def delete_file(request: Request) -> Response:
    path = _path(request)
    if not path.is_file():
        raise _missing(path)
    path.unlink()
    return Response(status_code=204)


async def get_directory(request: Request) -> Response:
    path = _path(request)
    if not path.is_dir():
        raise _missing(path)
    if request.method == "HEAD":
        return Response(status_code=200)
    entries = sorted(p for p in path.iterdir() if not p.is_symlink() and not p.name.startswith("."))
    return JSONResponse({"contents": [_entry(entry) for entry in entries]})


async def put_directory(request: Request) -> Response:
    path = _path(request)
    if path.is_file():
        raise ApiError(409, "ALREADY_EXISTS", "The path is a file.")
    path.mkdir(parents=True, exist_ok=True)
    return Response(status_code=204)


async def delete_directory(request: Request) -> Response:
    path = _path(request)
    if not path.is_dir():
        raise _missing(path)
    if any(path.iterdir()):
        raise ApiError(400, "DIRECTORY_NOT_EMPTY", "The directory is not empty.")
    path.rmdir()
    return Response(status_code=204)


def _path(request: Request) -> Path:
    """The place of a request's path.

    Raises:
        ApiError: it is not in the served folder, or a link leads out of it.
    """
    _, compute, _ = operator(request)
    text = "/" + request.path_params["path"].strip("/")
    root = compute.folder.resolve()
    path = Path(text)
    if "\0" in text or ".." in path.parts or not Path(os.path.realpath(path)).is_relative_to(root):
        raise ApiError(404, "NOT_FOUND", "The path is in no volume of this workspace.")
    return path


def _entry(path: Path) -> dict[str, Any]:
    found = path.stat()
    entry = {"path": str(path), "name": path.name, "is_directory": path.is_dir()}
    if not path.is_dir():
        entry |= {"file_size": found.st_size, "last_modified": int(found.st_mtime * 1000)}
    return entry


def _times(path: Path) -> dict[str, str]:
    when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return {"last-modified": format_datetime(when, usegmt=True)}


def _missing(path: Path) -> ApiError:
    return ApiError(404, "NOT_FOUND", f"The path does not exist: {str(path)[:300]}")


_FILES, _DIRECTORIES = "/api/2.0/fs/files/{path:path}", "/api/2.0/fs/directories/{path:path}"
ROUTES = (
    Route(_FILES, get_file, methods=["GET"]),
    Route(_FILES, put_file, methods=["PUT"]),
    Route(_FILES, delete_file, methods=["DELETE"]),
    Route(_DIRECTORIES, get_directory, methods=["GET"]),
    Route(_DIRECTORIES, put_directory, methods=["PUT"]),
    Route(_DIRECTORIES, delete_directory, methods=["DELETE"]),
)

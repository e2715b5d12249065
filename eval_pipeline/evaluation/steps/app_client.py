"""A small HTTP client for an app inside its network namespace: bounded answers, no redirects, no cookies."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

from eval_pipeline.sandbox import RunningProcess

MAX_BODY_BYTES = 2_000_000
_NOT_FORWARDED = frozenset({"host", "connection", "content-length", "accept-encoding", "transfer-encoding", "upgrade"})


@dataclass(frozen=True)
class Reply:
    """An answer; status 0 when there was none."""

    status: int
    content_type: str
    body: str

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300


NO_REPLY = Reply(0, "", "")


class AppClient:
    """Calls one port of a running app, over one connection for as long as the app keeps it open."""

    def __init__(self, process: RunningProcess, port: int, headers: Mapping[str, str]) -> None:
        self._process = process
        self._port = port
        self._headers = dict(headers)
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> AppClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def request(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 5.0,
    ) -> Reply:
        """One request; NO_REPLY when the app does not answer in `timeout` seconds."""
        sent = {k: v for k, v in (headers or {}).items() if k.lower() not in _NOT_FORWARDED and not k.startswith(":")}
        sent |= self._headers
        # A kept connection may have been closed by the app between two requests: that is no answer about the app.
        attempts = 2 if self._connection is not None else 1
        for _ in range(attempts):
            try:
                connection = self._open(timeout)
                connection.request(method, path, body=body.encode() if body is not None else None, headers=sent)
                return self._read(connection.getresponse(), time.monotonic() + timeout)
            except (OSError, http.client.HTTPException, ValueError):
                self.close()
        return NO_REPLY

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self, timeout: float) -> http.client.HTTPConnection:
        if self._connection is None:
            sock = self._process.connect(self._port, timeout)
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
            self._connection.sock = sock
        assert isinstance(self._connection.sock, socket.socket)
        self._connection.sock.settimeout(timeout)
        return self._connection

    def _read(self, response: http.client.HTTPResponse, deadline: float) -> Reply:
        chunks: list[bytes] = []
        size = 0
        # An event stream does not end: what came until the deadline is the answer.
        with contextlib.suppress(OSError):
            while size < MAX_BODY_BYTES and time.monotonic() < deadline:
                chunk = response.read1(65536)
                if not chunk:
                    break
                chunks.append(chunk)
                size += len(chunk)
        if not response.isclosed() or response.will_close:
            self.close()
        body = b"".join(chunks).decode("utf-8", errors="replace")
        return Reply(response.status, response.headers.get("content-type", ""), body)

"""The local Databricks workspace: one server thread, its listeners, and the sessions of the apps under test.

An API group is a module with `ROUTES`; add it to `_GROUPS`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import secrets
import socket
import ssl
import threading
from collections.abc import Coroutine
from typing import Any

import trustme
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.config import Config

from eval_pipeline.model import EvaluatorError
from eval_pipeline.workspace import files, identity, jobs, oauth, sql_statements, thrift, warehouses
from eval_pipeline.workspace.api_errors import ApiError
from eval_pipeline.workspace.compute import Compute
from eval_pipeline.workspace.job_runs import JobRuns
from eval_pipeline.workspace.listeners import Listener, listen_on_loopback
from eval_pipeline.workspace.local_warehouse import LocalWarehouse, WorkerPool
from eval_pipeline.workspace.sessions import OAUTH_SECONDS, AppSession, Backend
from eval_pipeline.workspace.statements import Statements
from eval_pipeline.workspace.upstream import UpstreamSession
from eval_pipeline.workspace.warehouse import Warehouse

HOST_NAME = "dbc-0e7a1000-0001.cloud.databricks.com"
STATEMENT_SECONDS = 20.0
CALL_SECONDS = 60.0
"""How long a session's method waits for the server."""

_GROUPS = (files, identity, jobs, oauth, sql_statements, thrift, warehouses)


class LocalWorkspace:
    """A Databricks workspace on loopback; a context manager.

    Args:
        upstream: where statements run instead of on sample data.
        statement_timeout_seconds: limit of one statement.
        oauth_seconds: lifetime of OAuth tokens.
        port: port of the http listener; 0 lets the kernel choose.
        compute: what jobs and volumes there are, for sessions opened as an operator's; None for neither.

    Raises:
        OSError: the port is taken.
    """

    host_name = HOST_NAME

    def __init__(
        self,
        upstream: Warehouse | None = None,
        *,
        statement_timeout_seconds: float = STATEMENT_SECONDS,
        oauth_seconds: float = OAUTH_SECONDS,
        port: int = 0,
        compute: Compute | None = None,
    ) -> None:
        self.compute = compute
        self.oauth_seconds = oauth_seconds
        self._upstream = upstream
        self._sessions: tuple[AppSession, ...] = ()
        self._lock = threading.Lock()
        http, https = listen_on_loopback(port), listen_on_loopback(0)
        self.http_url = f"http://127.0.0.1:{http.getsockname()[1]}"
        self.https_url = f"https://127.0.0.1:{https.getsockname()[1]}"
        self._pool = WorkerPool()
        self.job_runs = JobRuns(compute) if compute is not None else None
        authority = trustme.CA(organization_name="eval-pipeline local workspace")
        self.ca_pem: bytes = authority.cert_pem.bytes()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST_NAME, "localhost", "127.0.0.1").configure_cert(self._tls)
        self._tls.set_alpn_protocols(["http/1.1"])
        self.sql_statements = Statements(statement_timeout_seconds)
        self.thrift = thrift.ThriftSessions()
        self._config = Config(
            _application(self),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            limit_concurrency=500,
        )
        self._config.load()
        # Malformed requests are what hostile apps send, not something to warn of.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_quiet)
        # A statement on a real warehouse holds a thread for as long as it takes; others must not wait for one.
        self._threads = concurrent.futures.ThreadPoolExecutor(64, "local-workspace-helper")
        self._loop.set_default_executor(self._threads)
        self._thread = threading.Thread(target=self._serve, name="local-workspace", daemon=True)
        self._thread.start()
        self._listeners: list[Listener] = [
            self._run(self._listen_for(None, http, tls=False)),
            self._run(self._listen_for(None, https)),
        ]

    def __enter__(self) -> LocalWorkspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def sessions(self) -> list[AppSession]:
        return list(self._sessions)

    def open_session(self, name: str, seed: int | None = None, *, is_operator: bool = False) -> AppSession:
        """A session for one app, or for a person or program of ours: own credentials, own rows.

        Args:
            name: the app's name, for people.
            seed: what the rows are drawn from; None draws a seed. With an upstream, None (and the first seed given)
                leaves the rows as they are.
            is_operator: it may use jobs and volumes, which run as this process does. Never for an app under test.

        Raises:
            EvaluatorError: no process for it can be had.
        """
        backend: Backend
        if self._upstream is not None:
            backend = UpstreamSession(self._upstream, LocalWarehouse(self._pool, 0))
        else:
            seed = secrets.randbits(48) if seed is None else seed
            backend = LocalWarehouse(self._pool, seed)
        session = AppSession(name, seed, backend, self._run, self._listen_for, self._forget, is_operator)
        self._run(backend.start())
        with self._lock:
            self._sessions = (*self._sessions, session)
        return session

    def close(self) -> None:
        """Ends every session, the listeners and the processes. Idempotent."""
        if self._loop.is_closed():
            return
        for session in self.sessions:
            session.close()
        if self.job_runs is not None:
            self.job_runs.close()
        self._run(self._shut_down())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._threads.shutdown(wait=False, cancel_futures=True)
        if not self._thread.is_alive():
            self._loop.close()
        self._pool.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(CALL_SECONDS)
        except concurrent.futures.TimeoutError as error:
            future.cancel()
            raise EvaluatorError("the local workspace does not answer") from error

    async def _listen_for(self, session: AppSession | None, sock: socket.socket, tls: bool = True) -> Listener:
        listener = Listener(self._config, session)
        await listener.start(sock, self._tls if tls else None)
        return listener

    def _forget(self, session: AppSession) -> None:
        with self._lock:
            self._sessions = tuple(other for other in self._sessions if other is not session)
        self._loop.call_soon_threadsafe(self.sql_statements.forget, session)
        self._loop.call_soon_threadsafe(self.thrift.forget, session)

    async def _shut_down(self) -> None:
        for listener in self._listeners:
            listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=2)


def _quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Clients that break a connection or a handshake are no news; everything else is reported as usual."""
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)


def _application(workspace: LocalWorkspace) -> Starlette:
    routes: list[Route] = [route for group in _GROUPS for route in group.ROUTES]

    async def api_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return error.response()

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code in (404, 405):
            text = f"No API found for '{request.method} {request.url.path[:200]}'"
            return ApiError(404, "ENDPOINT_NOT_FOUND", text).response()
        return ApiError(error.status_code, "BAD_REQUEST", error.detail).response()

    async def internal_error(request: Request, error: Exception) -> Response:
        return ApiError(500, "INTERNAL_ERROR", "The local workspace broke.").response()

    handlers = {ApiError: api_error, HTTPException: http_error, Exception: internal_error}
    application = Starlette(routes=routes, exception_handlers=handlers)
    application.router.redirect_slashes = False
    application.state.workspace = workspace
    return application

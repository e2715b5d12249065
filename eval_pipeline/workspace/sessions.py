"""One app under test at the endpoint: its credentials, its rows, and the log of what it asked and was given."""

from __future__ import annotations

import base64
import collections
import datetime as dt
import hmac
import json
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from eval_pipeline.workspace.warehouse import Query, Result

if TYPE_CHECKING:
    from eval_pipeline.workspace.listeners import Listener

Auth = Literal["pat", "oauth", "user"]

OUR_ERROR_CODES = frozenset({"UNSUPPORTED_BY_LOCAL_WORKSPACE", "INTERNAL_ERROR", "UPSTREAM_ERROR"})
"""Failures that say nothing about the app: our dialect or process fell short, or a real warehouse was out of reach."""

MAX_RECORDS = 500
"""Statements kept in the log; the latest stay, counters go on."""
MAX_ROWS = 200
MAX_CELL = 500
MAX_SQL = 20_000
MAX_REJECTED = 100
MAX_TOKENS = 200
"""OAuth tokens of a session that are valid at once; the oldest goes first."""
OAUTH_SECONDS = 3600


@dataclass(frozen=True)
class StatementRecord:
    """A statement as the endpoint saw it.

    Attributes:
        at: when it arrived, UTC.
        state: SUCCEEDED, FAILED, CANCELED, or RUNNING when it has not ended.
        error_code: error class without its subclass (`UNRESOLVED_COLUMN`), None unless failed.
            One of `OUR_ERROR_CODES` is our shortcoming, not the app's.
        rows: the first rows served, cells cut to `MAX_CELL` characters.
        row_count: how many rows were served.
        aggregates: figures over all rows served: counts, sums and means of numeric columns, also per group of a few
            text columns, as decimal strings.
        seed: the seed of the rows underneath when it arrived.
    """

    at: dt.datetime
    auth: Auth
    user_agent: str
    sql: str
    state: str = "RUNNING"
    error_code: str | None = None
    error_message: str = ""
    columns: tuple[str, ...] = ()
    column_types: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    row_count: int = 0
    aggregates: tuple[str, ...] = ()
    seconds: float = 0.0
    seed: int | None = None
    parameters: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class RejectedRequest:
    """A request on the session's own sockets that was refused with 401 or 403."""

    at: dt.datetime
    status: int
    path: str
    reason: str


class Backend(Protocol):
    """A session's warehouse as the server uses it; every method runs on the server's event loop."""

    async def start(self) -> None: ...
    async def execute(self, query: Query, timeout_seconds: float) -> Result: ...
    async def reseed(self, seed: int) -> None: ...
    async def close(self) -> None: ...


@dataclass
class _Log:
    records: collections.OrderedDict[str, StatementRecord] = field(default_factory=collections.OrderedDict)
    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    rejected: collections.deque[RejectedRequest] = field(default_factory=lambda: collections.deque(maxlen=MAX_REJECTED))


class AppSession:
    """Made by `LocalWorkspace.open_session`. All methods may be called from any thread but the server's own."""

    def __init__(
        self,
        name: str,
        seed: int | None,
        backend: Backend,
        run: Callable[[Coroutine[Any, Any, Any]], Any],
        listen: Callable[[AppSession, socket.socket], Coroutine[Any, Any, Listener]],
        forget: Callable[[AppSession], None],
        is_operator: bool = False,
    ) -> None:
        self.name = name
        self.is_operator = is_operator
        self.backend = backend
        self.token = f"dapi{secrets.token_hex(16)}"
        self.user_token = _jwt("ada.lovelace@example.com", 24 * OAUTH_SECONDS)
        self.client_id = str(uuid.uuid4())
        self.client_secret = f"dose{secrets.token_hex(16)}"
        self.warehouse_id = secrets.token_hex(8)
        self._seed = seed
        self._run, self._listen, self._forget = run, listen, forget
        self._oauth: collections.OrderedDict[str, float] = collections.OrderedDict()
        self._listeners: list[Listener] = []
        self._log = _Log()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def statements(self) -> list[StatementRecord]:
        """What was asked so far, in order of arrival; the latest `MAX_RECORDS`."""
        with self._lock:
            return list(self._log.records.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many statements ended in each state, those that left the log included; `rejected` beside them."""
        with self._lock:
            return dict(self._log.counts)

    @property
    def rejected(self) -> list[RejectedRequest]:
        """Requests on this session's own sockets that showed no valid credential; the latest `MAX_REJECTED`."""
        with self._lock:
            return list(self._log.rejected)

    @property
    def seed(self) -> int | None:
        return self._seed

    def serve(self, sock: socket.socket) -> None:
        """Serves TLS on a listening socket until the session closes; takes the socket over.

        Raises:
            ValueError: the socket does not listen, or is not a stream.
        """
        self._listeners.append(self._run(self._listen(self, sock)))

    def reseed(self, seed: int) -> None:
        """Changes the rows underneath; schema and categories stay.

        Raises:
            EvaluatorError: the warehouse cannot be had.
        """
        self._run(self.backend.reseed(seed))
        self._seed = seed

    def close(self) -> None:
        """Ends the session: its tokens stop working, its sockets and its process go away. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._forget(self)

        async def end() -> None:
            for listener in self._listeners:
                listener.close()
            await self.backend.close()

        self._run(end())

    def __enter__(self) -> AppSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def issue_oauth_token(self, lifetime_seconds: float) -> str:
        token = _jwt(self.client_id, lifetime_seconds)
        with self._lock:
            self._oauth[token] = time.monotonic() + lifetime_seconds
            while len(self._oauth) > MAX_TOKENS:
                self._oauth.popitem(last=False)
        return token

    def authenticates(self, token: str) -> Auth | None:
        """Which of this session's credentials `token` is; takes the same time whatever it is."""
        given = token.encode("utf-8", "replace")
        with self._lock:
            now = time.monotonic()
            for old in [t for t, until in self._oauth.items() if until <= now]:
                del self._oauth[old]
            known: list[tuple[str, Auth]] = [(self.token, "pat"), (self.user_token, "user")]
            known.extend((t, "oauth") for t in self._oauth)
        found: Auth | None = None
        for candidate, auth in known:
            if hmac.compare_digest(candidate.encode(), given):
                found = auth
        return found

    def accepts_client(self, client_id: str, client_secret: str) -> bool:
        same_id = hmac.compare_digest(self.client_id.encode(), client_id.encode("utf-8", "replace"))
        return hmac.compare_digest(self.client_secret.encode(), client_secret.encode("utf-8", "replace")) and same_id

    def note_rejected(self, status: int, path: str, reason: str) -> None:
        with self._lock:
            self._log.counts["rejected"] += 1
            self._log.rejected.append(
                RejectedRequest(dt.datetime.now(dt.UTC), status, path[:MAX_CELL], reason[:MAX_CELL])
            )

    def note_started(self, statement_id: str, auth: Auth, user_agent: str, query: Query) -> None:
        parameters = tuple((n[:100], v[:MAX_CELL] if v is not None else None) for n, (v, _) in query.parameters.items())
        record = StatementRecord(
            at=dt.datetime.now(dt.UTC),
            auth=auth,
            user_agent=user_agent[:MAX_CELL],
            sql=query.sql[:MAX_SQL],
            seed=self._seed,
            parameters=parameters[:100],
        )
        with self._lock:
            self._log.records[statement_id] = record
            while len(self._log.records) > MAX_RECORDS:
                self._log.records.popitem(last=False)

    def note_ended(self, statement_id: str, state: str, result: Result | None, seconds: float) -> None:
        with self._lock:
            self._log.counts[state] += 1
            record = self._log.records.get(statement_id)
            if record is not None:
                self._log.records[statement_id] = _ended(record, state, result, seconds)


def _jwt(subject: str, lifetime_seconds: float) -> str:
    """A token of the form that Databricks gives: @databricks/sql reads when it expires. What counts is its last part,
    which nobody can guess; nothing signs it."""
    now = int(time.time())
    claims = {"sub": subject, "iss": "https://local-workspace/oidc", "scope": "all-apis", "iat": now}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims | {"exp": now + int(lifetime_seconds)})
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*texts, secrets.token_urlsafe(64)])


def _ended(record: StatementRecord, state: str, result: Result | None, seconds: float) -> StatementRecord:
    if result is None:
        return replace(record, state=state, seconds=seconds)
    if result.failure is not None:
        return replace(
            record,
            state=state,
            seconds=seconds,
            error_code=result.failure.code.split(".")[0],
            error_message=result.failure.message[:MAX_CELL],
        )
    return replace(
        record,
        state=state,
        seconds=seconds,
        columns=tuple(column.name[:MAX_CELL] for column in result.columns),
        column_types=tuple(column.type_name for column in result.columns),
        rows=tuple(
            tuple(cell[:MAX_CELL] if cell is not None else None for cell in row) for row in result.rows[:MAX_ROWS]
        ),
        row_count=len(result.rows),
        aggregates=result.aggregates,
    )

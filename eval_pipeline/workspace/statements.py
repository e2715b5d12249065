"""Statements of every session: submitted, run a few at once, kept for a while, cancelled.

Every API that takes statements submits them here, so that limits and the log are the same for all.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eval_pipeline.workspace.api_errors import ApiError, missing
from eval_pipeline.workspace.authentication import Caller
from eval_pipeline.workspace.sessions import AppSession
from eval_pipeline.workspace.warehouse import Failure, Query, Result

CONCURRENT = 6
"""Statements of one session that run at once; others wait."""
MAX_WAITING = 100
MAX_KEPT = 200
"""Statements whose results can still be fetched, per session."""
MAX_KEPT_CELLS = 2_000_000

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Delivery:
    """How a client of the Statement Execution API wants its result: in the answers, or as files behind links."""

    form: Literal["JSON_ARRAY", "ARROW_STREAM", "CSV"] = "JSON_ARRAY"
    by_links: bool = False


INLINE = Delivery()


class Statement:
    """A submitted statement and its result."""

    def __init__(self, session: AppSession, query: Query, delivery: Delivery) -> None:
        self.id = f"01{uuid.uuid4()}"[:36]
        self.session = session
        self.query = query
        self.delivery = delivery
        self.state = "PENDING"
        self.result: Result | None = None
        self.task: asyncio.Task[None] | None = None
        self.table: pa.Table | None = None
        self.link_key = secrets.token_urlsafe(24)
        """What a link to its result shows instead of a credential."""

    @property
    def is_finished(self) -> bool:
        return self.state in ("SUCCEEDED", "FAILED", "CANCELED")


class Statements:
    """Every session's statements; lives on the server's event loop."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self._kept: dict[str, OrderedDict[str, Statement]] = {}
        self._slots: dict[str, asyncio.Semaphore] = {}

    def submit(self, caller: Caller, user_agent: str, query: Query, delivery: Delivery = INLINE) -> Statement:
        """Starts a statement.

        Raises:
            ApiError: 429 when the session has too many under way.
        """
        session = caller.session
        kept = self._kept.setdefault(session.client_id, OrderedDict())
        if sum(not statement.is_finished for statement in kept.values()) >= MAX_WAITING:
            raise ApiError(429, "RESOURCE_EXHAUSTED", "Too many statements under way.", {"Retry-After": "1"})
        statement = Statement(session, query, delivery)
        kept[statement.id] = statement
        _forget_old(kept)
        session.note_started(statement.id, caller.auth, user_agent, query)
        statement.task = asyncio.create_task(self._run(statement))
        return statement

    def get(self, caller: Caller, statement_id: str) -> Statement:
        """Raises ApiError (404) for a statement that this session did not submit or that is no longer kept."""
        statement = self.find(caller.session, statement_id)
        if statement is None:
            raise missing(f"The statement {statement_id[:64]} was not found.")
        return statement

    def find(self, session: AppSession, statement_id: str) -> Statement | None:
        return self._kept.get(session.client_id, {}).get(statement_id)

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

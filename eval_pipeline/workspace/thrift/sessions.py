"""What clients hold on to between calls: sessions with catalog and schema, and Thrift's operations."""

from __future__ import annotations

import re
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eval_pipeline.workspace.warehouse import Result

if TYPE_CHECKING:
    import pyarrow as pa

    from eval_pipeline.workspace.sessions import AppSession
    from eval_pipeline.workspace.statements import Statement

MAX_SESSIONS = 200
MAX_OPERATIONS = 200
"""Of one app; the oldest goes first. Clients that do not close what they opened lose only what is long past."""


_USE = re.compile(r"\s*use\s+(?:(catalog|schema|database)\s+)?([\w`.-]+)\s*;?\s*", re.IGNORECASE)


@dataclass
class Arrowed:
    """How a client wants Arrow."""

    decimals: bool = True
    timestamps: bool = True


@dataclass
class ClientSession:
    """A client's session; USE changes where names are looked up."""

    catalog: str | None = None
    schema: str | None = None

    def follow(self, sql: str) -> None:
        """Takes over what a USE that succeeded said; other statements change nothing."""
        match = _USE.fullmatch(sql)
        if match is None:
            return
        kind, parts = (match[1] or "").lower(), [part.strip("`") for part in match[2].split(".")]
        if kind == "catalog":
            self.catalog, self.schema = parts[-1], None
        elif len(parts) == 2:
            self.catalog, self.schema = parts
        else:
            self.schema = parts[-1]


@dataclass
class Operation:
    """A statement under way, or the ready rows of a question about the catalog."""

    kind: int
    statement: Statement | None = None
    ready: Result | None = None
    arrow: Arrowed | None = None
    position: int = 0
    table: pa.Table | None = field(default=None, repr=False)

    @property
    def result(self) -> Result | None:
        return self.statement.result if self.statement is not None else self.ready

    @property
    def state(self) -> str:
        return self.statement.state if self.statement is not None else "SUCCEEDED"


@dataclass
class _Held:
    sessions: OrderedDict[bytes, ClientSession] = field(default_factory=OrderedDict)
    operations: OrderedDict[bytes, Operation] = field(default_factory=OrderedDict)


class ThriftSessions:
    """Every app's; lives on the server's event loop."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    def open(self, owner: AppSession, session: ClientSession) -> bytes:
        held = self._held.setdefault(owner.client_id, _Held())
        return _add(held.sessions, session, MAX_SESSIONS)

    def session(self, owner: AppSession, guid: bytes) -> ClientSession | None:
        return self._held.get(owner.client_id, _Held()).sessions.get(guid)

    def close(self, owner: AppSession, guid: bytes) -> None:
        self._held.get(owner.client_id, _Held()).sessions.pop(guid, None)

    def named(self, owner: AppSession, name: object) -> ClientSession | None:
        """A session by the name that the Statement Execution API gives it: its id in hexadecimal digits."""
        guid = _guid(name)
        return self.session(owner, guid) if guid else None

    def close_named(self, owner: AppSession, name: str) -> None:
        self.close(owner, _guid(name))

    def add(self, owner: AppSession, operation: Operation) -> bytes:
        held = self._held.setdefault(owner.client_id, _Held())
        return _add(held.operations, operation, MAX_OPERATIONS)

    def operation(self, owner: AppSession, guid: bytes) -> Operation | None:
        return self._held.get(owner.client_id, _Held()).operations.get(guid)

    def drop(self, owner: AppSession, guid: bytes) -> None:
        self._held.get(owner.client_id, _Held()).operations.pop(guid, None)

    def forget(self, owner: AppSession) -> None:
        self._held.pop(owner.client_id, None)


def _guid(name: object) -> bytes:
    try:
        return bytes.fromhex(name) if isinstance(name, str) else b""
    except ValueError:
        return b""


def _add(held: OrderedDict, item: object, limit: int) -> bytes:
    # A version 4 UUID: @databricks/sql refuses other bytes.
    guid = uuid.uuid4().bytes
    held[guid] = item
    while len(held) > limit:
        held.popitem(last=False)
    return guid

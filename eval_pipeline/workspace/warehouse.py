"""Where a session's statements run: the `Warehouse` protocol and its values.

A warehouse takes one read-only query and gives a result; it never raises for what a statement did wrong. The local
one is in `local_warehouse.py`, the real one in `upstream.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Query:
    """A statement as the API was given it; parameters map a name to (value, Databricks type)."""

    sql: str
    parameters: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)
    catalog: str | None = None
    schema: str | None = None
    row_limit: int | None = None


@dataclass(frozen=True)
class ResultColumn:
    """A column of the manifest."""

    name: str
    type_name: str
    type_text: str
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True)
class Failure:
    """Why a statement failed; `code` is the error class (`TABLE_OR_VIEW_NOT_FOUND`)."""

    code: str
    message: str
    sqlstate: str


@dataclass(frozen=True)
class Result:
    """What a statement gave: `failure`, or columns and rows with the figures over them (see `aggregates.py`)."""

    columns: tuple[ResultColumn, ...] = ()
    rows: tuple[Row, ...] = ()
    aggregates: tuple[str, ...] = ()
    is_truncated: bool = False
    failure: Failure | None = None


class Warehouse(Protocol):
    """A SQL warehouse that several threads may use at once."""

    def execute(self, query: Query, timeout_seconds: float) -> Result:
        """Runs one statement; blocks for at most about `timeout_seconds`."""
        ...

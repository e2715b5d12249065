"""Alters a real warehouse's rows in transit, so that an app which shows them can be told from one that made its own.

Per seed and column: measures are scaled by a factor between 1.05 and 1.45, texts get a short mark at the end. Left
alone: nulls, dates, booleans, and columns whose name says key, code or time part, as an app uses those to ask again.
Marks that come back in a filter are taken off before the statement is forwarded.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from eval_pipeline.workspace.warehouse import Query, Result, ResultColumn

_WHOLE = {"BYTE", "SHORT", "INT", "LONG"}
_MEASURES = _WHOLE | {"FLOAT", "DOUBLE", "DECIMAL"}
_TEXTS = {"STRING", "CHAR"}
_KEPT = re.compile(
    r"(^|_)(id|key|code|zip|zipcode|postal|year|quarter|month|week|weekday|day|dow|hour|minute|number|no|rank|position)s?($|_)"
    r"|(key|zip|hour|month|year)$|[a-z]I[Dd]$|date|time",
    re.IGNORECASE,
)


class Perturbation:
    """What one seed does to rows; seed None does nothing."""

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        self.mark = "" if seed is None else f" ~{self._digest('mark') % 36**3:03x}"

    def apply(self, result: Result) -> Result:
        if self._seed is None or result.failure is not None:
            return result
        changes = [self._change(column) for column in result.columns]
        rows = tuple(
            tuple(change(cell) if cell is not None else None for change, cell in zip(changes, row, strict=False))
            for row in result.rows
        )
        return replace(result, rows=rows)

    def restore(self, query: Query) -> Query:
        """The query without marks in its text and parameters."""
        if not self.mark:
            return query
        parameters = {
            name: (value.replace(self.mark, "") if value is not None else None, kind)
            for name, (value, kind) in query.parameters.items()
        }
        return replace(query, sql=query.sql.replace(self.mark, ""), parameters=parameters)

    def _change(self, column: ResultColumn):
        if _KEPT.search(column.name):
            return _same
        if column.type_name in _TEXTS:
            return self._marked
        if column.type_name in _MEASURES:
            factor = Decimal(105 + self._digest(column.name.lower()) % 41) / 100
            return lambda cell: _scaled(cell, factor, column.type_name in _WHOLE)
        return _same

    def _marked(self, cell: str) -> str:
        return cell + self.mark if cell else cell

    def _digest(self, what: str) -> int:
        return int.from_bytes(hashlib.blake2b(f"{self._seed}/{what}".encode(), digest_size=6).digest(), "big")


def _same(cell: str) -> str:
    return cell


def _scaled(cell: str, factor: Decimal, is_whole: bool) -> str:
    try:
        value = Decimal(cell)
    except InvalidOperation:
        return cell
    if not value.is_finite():
        return cell
    if is_whole:
        # Small counts must move as well.
        return str(int(value * factor) + 1)
    exponent = value.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return format(round(value * factor, digits), "f")

"""Figures over all rows that a statement served, for evidence: apps add up and average what they were given.

Per numeric column the count of its values, their sum and mean, also of the values in cents; the same within each group
of a few texts. Exact for whole numbers and decimals. A log that keeps the first rows only could not tell such a figure
from an invented one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from eval_pipeline.workspace.warehouse import ResultColumn, Row

MAX_FIGURES = 2000
MAX_GROUPS = 50
"""Distinct values up to which a text column counts as categories."""
MAX_GROUPINGS = 3
MAX_CELLS = 2_000_000
"""Of numeric columns; columns beyond are left out, as this runs while the app waits."""

_WHOLE = frozenset({"BYTE", "SHORT", "INT", "LONG"})
_FRACTIONS = frozenset({"FLOAT", "DOUBLE"})
_SHORT = Context(prec=17)

_Values = list[int | float | None]


def aggregates(columns: Sequence[ResultColumn], rows: Sequence[Row]) -> tuple[str, ...]:
    """Counts, sums and means as decimal strings without repeats, at most `MAX_FIGURES`; whole columns come first.

    The count of the rows is the first. A column's count leaves out nulls, as its mean does; values that are not
    finite count as nulls.
    """
    figures = {str(len(rows)): None}
    numbers: list[tuple[_Values, int]] = []
    for index, column in enumerate(columns):
        if (len(numbers) + 1) * len(rows) > MAX_CELLS:
            break
        values = _values(column, index, rows)
        if values is not None:
            numbers.append((values, (column.scale or 0) if column.type_name == "DECIMAL" else 0))
    for values, scale in numbers:
        figures.update(dict.fromkeys(_figures(values, scale)))
    for groups in _groupings(columns, rows):
        figures.update(dict.fromkeys(str(len(members)) for members in groups))
        for values, scale in numbers:
            for members in groups:
                if len(figures) >= MAX_FIGURES:
                    return tuple(figures)[:MAX_FIGURES]
                figures.update(dict.fromkeys(_figures([values[i] for i in members], scale)))
    return tuple(figures)[:MAX_FIGURES]


def _values(column: ResultColumn, index: int, rows: Sequence[Row]) -> _Values | None:
    """A numeric column's values, decimals as whole numbers of their last digit; None for other columns."""
    cells = (row[index] for row in rows)
    try:
        if column.type_name in _WHOLE:
            return [int(cell) if cell is not None else None for cell in cells]
        if column.type_name in _FRACTIONS:
            floats = [float(cell) if cell is not None else None for cell in cells]
            return [value if value is not None and math.isfinite(value) else None for value in floats]
        if column.type_name == "DECIMAL":
            return [_last_digits(cell, column.scale or 0) if cell is not None else None for cell in cells]
    except (ValueError, InvalidOperation, OverflowError):
        # A real warehouse's cells may be written in ways that we do not know.
        return None
    return None


def _last_digits(cell: str, scale: int) -> int:
    if scale and cell[-scale - 1 : -scale] == ".":
        # As our own cells are written; four times as fast.
        return int(cell.replace(".", ""))
    return int(Decimal(cell).scaleb(scale))


def _figures(values: _Values, scale: int) -> Iterable[str]:
    present = [value for value in values if value is not None]
    if not present:
        return ()
    found = [str(len(present))]
    for numbers, places in _as_given_and_in_cents(present, scale):
        if isinstance(numbers[0], float):
            try:
                total = Decimal(repr(math.fsum(numbers)))
            except OverflowError:
                continue
        else:
            total = Decimal(sum(numbers)).scaleb(-places)
        found += [_text(total), _text(_SHORT.divide(total, Decimal(len(numbers))))]
    return found


def _as_given_and_in_cents(present: list[int | float], scale: int) -> Iterable[tuple[list[Any], int]]:
    """The values, and rounded to two decimals where they have more: apps round money before they add it up."""
    yield present, scale
    if isinstance(present[0], float):
        rounded = [round(value, 2) for value in present]
        if rounded != present:
            yield rounded, 0
    elif scale > 2:
        unit = 10 ** (scale - 2)
        yield [int((2 * value + unit) // (2 * unit)) for value in present], 2


def _groupings(columns: Sequence[ResultColumn], rows: Sequence[Row]) -> Iterable[list[list[int]]]:
    """For each text column of few distinct values, the rows of each value. A column of all different values is
    left out: its groups are the rows themselves."""
    found = 0
    for index, column in enumerate(columns):
        if column.type_name not in ("STRING", "CHAR", "BOOLEAN", "DATE") or found == MAX_GROUPINGS:
            continue
        groups: dict[str | None, list[int]] = {}
        for number, row in enumerate(rows):
            groups.setdefault(row[index], []).append(number)
            if len(groups) > MAX_GROUPS:
                break
        else:
            if 1 < len(groups) < len(rows):
                found += 1
                yield list(groups.values())


def _text(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text

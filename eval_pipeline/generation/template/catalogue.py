"""What the template generator can say about the sample tables: measures, dimensions, times, people's words for them.

Declarative; the choosing is in rules.py. Tables and columns are those of `eval_pipeline.workspace`, which a test holds.
Joins go from the many to the one, so that no measure counts a row twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Format = Literal[
    "text", "name", "count", "number", "money", "percent", "hour", "day", "month", "quarter", "year", "time"
]
Grain = Literal["hour", "day", "week", "month", "quarter", "year"]
Size = Literal["few", "some", "many"]
Words = str
"""Phrases that people use for a thing, separated by commas."""


@dataclass(frozen=True)
class Join:
    """A table reached from the subject's own; `after` names joins that must come before it."""

    table: str
    alias: str
    on: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """An aggregate. `adds_up` says that parts sum to the whole (so shares and stacks make sense)."""

    name: str
    label: str
    sql: str
    format: Format
    words: Words
    needs: tuple[str, ...] = ()
    adds_up: bool = False


@dataclass(frozen=True)
class Dimension:
    """Something to group or filter by. `size`: few (≤ 7 values), some (≤ 30), many.

    `in_order` says that values have their own order (hours, bands) instead of being ranked by the measure;
    `sort` is what gives that order when the value's text does not.
    """

    name: str
    label: str
    sql: str
    size: Size
    words: Words
    needs: tuple[str, ...] = ()
    format: Format = "text"
    in_order: bool = False
    sort: str | None = None


@dataclass(frozen=True)
class Threshold:
    """A number that visitors can ask rows to reach."""

    name: str
    label: str
    sql: str
    step: float
    words: Words
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detail:
    """A column of single rows."""

    name: str
    label: str
    sql: str
    format: Format
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """One kind of thing that happens or is, as rows of `table`; the unit that a dashboard is about."""

    name: str
    title: str
    table: str
    alias: str
    words: Words
    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...]
    details: tuple[Detail, ...]
    detail_order: str
    joins: tuple[Join, ...] = ()
    time: str | None = None
    time_label: str = ""
    time_needs: tuple[str, ...] = ()
    grain: Grain = "month"
    clock: bool = False
    thresholds: tuple[Threshold, ...] = ()

    def measure(self, name: str) -> Measure:
        return next(measure for measure in self.measures if measure.name == name)

    def limited_to(self, tables: frozenset[str]) -> Subject:
        """The subject without what needs other tables.

        Itself where its own table is not among them, or where too little would be left to group and filter by.
        """
        gone = {join.alias for join in self.joins if join.table not in tables}
        gone |= {join.alias for join in self.joins if gone & set(join.after)}
        dimensions = tuple(item for item in self.dimensions if not gone & set(item.needs))
        if self.table not in tables or len(dimensions) < 2 or not any(item.size == "few" for item in dimensions):
            return self
        return replace(
            self,
            joins=tuple(join for join in self.joins if join.alias not in gone),
            measures=tuple(item for item in self.measures if not gone & set(item.needs)),
            dimensions=dimensions,
            details=tuple(item for item in self.details if not gone & set(item.needs)),
            thresholds=tuple(item for item in self.thresholds if not gone & set(item.needs)),
        )

    @property
    def tables(self) -> frozenset[str]:
        return frozenset({self.table, *(join.table for join in self.joins)})


def bands(column: str, labels: tuple[tuple[float, str], ...], last: str) -> str:
    """SQL that puts a number into bands: `labels` are upper bounds with names, `last` is everything above."""
    cases = " ".join(f"WHEN {column} < {bound:g} THEN '{label}'" for bound, label in labels)
    return f"CASE {cases} ELSE '{last}' END"


def weekday(time: str, phrases: str = "") -> Dimension:
    """Day of the week of a time, Monday first."""
    names = " ".join(
        f"WHEN {number} THEN '{name}'"
        for number, name in enumerate(("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"), start=1)
    )
    usual = "weekday, day of week, day of the week, weekend, which days, monday, friday, saturday"
    return Dimension(
        name="weekday",
        label="Weekday",
        sql=f"CASE DAYOFWEEK({time}) {names} END",
        size="few",
        words=f"{usual}, {phrases}",
        in_order=True,
        sort=f"(DAYOFWEEK({time}) + 5) % 7",
    )


def hour(time: str, phrases: str = "") -> Dimension:
    """Hour of the day of a time, 0 to 23."""
    return Dimension(
        name="hour",
        label="Hour",
        sql=f"CAST(HOUR({time}) AS STRING)",
        size="some",
        words=f"hour, hours, time of day, hourly, rush, morning, afternoon, evening, {phrases}",
        format="hour",
        in_order=True,
        sort=f"HOUR({time})",
    )


def month_of_year(time: str) -> Dimension:
    """Calendar month of a time, over all years."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    names = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(months, start=1))
    return Dimension(
        name="month_of_year",
        label="Month of the year",
        sql=f"CASE MONTH({time}) {names} END",
        size="some",
        words="seasonality, season, seasonal, month of the year, calendar month, holiday",
        in_order=True,
        sort=f"MONTH({time})",
    )


def year(time: str) -> Dimension:
    """Calendar year of a time."""
    return Dimension(
        name="year",
        label="Year",
        sql=f"CAST(YEAR({time}) AS STRING)",
        size="few",
        words="year over year, across years, between years, yoy, year on year",
        in_order=True,
    )

"""The trends: per chart and generator the days' values with their interval, out of the rows of `metrics_timeseries`.

A quarantined day has no point, because its numbers do not count; the table under the chart says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval_pipeline.model import BINARY_METRICS, MAX_SCORE, SCORED_METRICS
from eval_pipeline.publishing.site.views import LABELS

Row = Mapping[str, Any]

MAX_SERIES = 4
"""More lines than this cannot be told apart; the tables of the day pages hold the rest."""


@dataclass(frozen=True)
class Point:
    date: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    quarantined: bool


@dataclass(frozen=True)
class Series:
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Chart:
    """`unit` is percent, points, score or dollars; `top` the end of the axis, None when it follows the data."""

    id: str
    title: str
    unit: str
    top: float | None
    series: tuple[Series, ...]
    band: str

    @property
    def days(self) -> list[str]:
        return sorted({point.date for series in self.series for point in series.points})

    @property
    def data(self) -> dict[str, Any]:
        """What site.js draws: seconds since 1970 at noon UTC, then a value, low and high per series."""
        days = self.days
        return {
            "unit": self.unit,
            "top": self.top,
            "days": [_noon(day) for day in days],
            "series": [_drawn(series, days) for series in self.series],
        }


def trend_charts(timeseries: Sequence[Row], headline: str) -> list[Chart]:
    """Every chart of the overview; the headline generator's series first.

    Args:
        timeseries: Rows of `metrics_timeseries`, in any order.
        headline: The headline generator.
    """
    groups: dict[str, list[Row]] = {}
    for row in sorted(timeseries, key=lambda row: (row["generator"] != headline, row["generator"], row["repeat"])):
        name = row["generator"] + (f" r{int(row['repeat'])}" if int(row["repeat"]) > 1 else "")
        if name in groups or len(groups) < MAX_SERIES:
            groups.setdefault(name, []).append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: row["date"])

    def chart(column: str, title: str, unit: str, top: float | None, ends: tuple[str, str] | None, n: str) -> Chart:
        band = "" if ends is None else "the band is the 95 % interval"
        series = tuple(
            Series(name, tuple(_point(row, column, ends, n) for row in rows)) for name, rows in groups.items()
        )
        return Chart(column, title, unit, top, series, band)

    def rate(name: str, title: str) -> Chart:
        return chart(name, title, "percent", 1, (f"{name}_low", f"{name}_high"), f"{name}_passed")

    def average(name: str, title: str, unit: str, top: float) -> Chart:
        return chart(name, title, unit, top, (f"{name}_ci_low", f"{name}_ci_high"), f"{name}_n")

    return [
        rate("success_rate", "Apps that pass everything"),
        average("avg_appeval_100", "Average score", "points", 100),
        *(rate(f"{metric}_rate", LABELS[metric]) for metric in BINARY_METRICS),
        *(average(f"avg_{metric}", LABELS[metric], "score", MAX_SCORE) for metric in SCORED_METRICS),
        chart("total_cost_usd", "Generation cost per day", "dollars", None, None, "total_apps"),
    ]


def _point(row: Row, column: str, ends: tuple[str, str] | None, n: str) -> Point:
    low, high = (row[end] for end in ends) if ends else (None, None)
    count = row[n]
    if count is not None and n.endswith("_passed"):
        count += row[n.removesuffix("_passed") + "_failed"]
    is_cost = column == "total_cost_usd"
    quarantined = bool(row["quarantined"])
    value = row[column]
    return Point(row["date"], value, low, high, None if count is None else int(count), quarantined and not is_cost)


def _drawn(series: Series, days: Sequence[str]) -> dict[str, Any]:
    points = {point.date: point for point in series.points if not point.quarantined}
    found = [points.get(day) for day in days]
    return {
        "name": series.name,
        "value": [point.value if point else None for point in found],
        "low": [point.low if point else None for point in found],
        "high": [point.high if point else None for point in found],
        "n": [point.n if point else None for point in found],
    }


def _noon(day: str) -> int:
    return int(dt.datetime.combine(dt.date.fromisoformat(day), dt.time(12), dt.UTC).timestamp())

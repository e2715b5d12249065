"""The time series of the daily figures: one row per date, generator and repeat, the same columns every day.

As rows for the `metrics_timeseries` table and as the CSV that is published. New columns go to the end.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from eval_pipeline.model import BINARY_METRICS, SCORED_METRICS, Cohort, InputError
from eval_pipeline.reporting.report import QualityDistribution, Report, Summary
from eval_pipeline.reporting.statistics import Average, Rate

Row = dict[str, Any]

KEYS = ("date", "generator", "repeat")
RATES = ("success_rate", *(f"{metric}_rate" for metric in BINARY_METRICS))
AVERAGES = (
    "avg_appeval_100",
    "avg_appeval_100_gm",
    "avg_eff_units",
    *(f"avg_{metric}" for metric in SCORED_METRICS),
)

_RUN: dict[str, type] = {
    "is_headline": bool,
    "evaluation_run_id": str,
    "timestamp": str,
    "evaluator_version": str,
    "evaluator_digest": str,
    "isolation": str,
    "controls_right": int,
    "controls_total": int,
    "quarantined": bool,
}
_TOTALS: dict[str, type] = {
    "total_apps": int,
    "generation_failures": int,
    "not_tried": int,
    "total_cost_usd": float,
    "cost_unknown": int,
    "total_tokens": int,
    "tokens_unknown": int,
}


def _figures(name: str, fields: Iterable[str], counts: Iterable[str], main: str) -> dict[str, type]:
    return {name: float} | {f"{name}_{f}": int if f in counts else float for f in fields if f != main}


COLUMN_TYPES: dict[str, type] = {
    "date": str,
    "generator": str,
    "repeat": int,
    **_RUN,
    **_TOTALS,
    **{
        column: kind
        for name in RATES
        for column, kind in _figures(
            name, Rate.model_fields, ("passed", "failed", "unknown", "not_applicable"), "rate"
        ).items()
    },
    **{
        column: kind
        for name in AVERAGES
        for column, kind in _figures(
            name, Average.model_fields, ("n", "n_unknown", "n_not_applicable"), "value"
        ).items()
    },
    **{f"apps_{band}": int for band in QualityDistribution.model_fields},
}
"""Every column with its Python type, in order. A rate's own column has the rate's name (`success_rate`), its parts
follow as `success_rate_low`; likewise averages."""

COLUMNS = tuple(COLUMN_TYPES)

VERDICT_COLUMNS = tuple(column for column in COLUMNS if column.startswith((*RATES, *AVERAGES, "apps_")))
"""What verdicts make, empty on a quarantined day: the figures may be the evaluator's doing."""


def column_description(name: str) -> str:
    """What a column holds, in the words of the report's schema where it has some."""
    for names, kind, main in ((RATES, Rate, "rate"), (AVERAGES, Average, "value")):
        for figure in names:
            part = main if name == figure else name.removeprefix(f"{figure}_")
            if name.startswith(figure) and part in kind.model_fields:
                return f"{figure}: {kind.model_fields[part].description or part.replace('_', ' ')}"
    return name.replace("_", " ")


def rows_from_report(report: Report) -> list[Row]:
    """One row per cohort of the report, in order of cohort; a quarantined day's rows hold no figure of quality."""
    return [_row(report, Cohort.parse(cohort, ""), summary) for cohort, summary in report.summaries.items()]


def upsert(existing: Iterable[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """`existing` with each of `rows` in place of the one with the same date, generator and repeat; sorted by these."""
    merged: dict[tuple[str, str, int], Row] = {}
    for row in (*existing, *rows):
        key = (str(row["date"]), str(row["generator"]), int(row["repeat"]))
        merged[key] = {column: row.get(column) for column in COLUMNS}
    return [merged[key] for key in sorted(merged)]


def to_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as CSV (RFC 4180 with line feeds); null is empty, true and false are in lower case."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({column: _text(row.get(column)) for column in COLUMNS})
    return out.getvalue()


def from_csv(text: str) -> list[Row]:
    """Reads back what `to_csv` wrote; columns of an older version are null where missing.

    Raises:
        InputError: the text is not such a CSV; names the line.
    """
    reader = csv.DictReader(io.StringIO(text))
    if text and not set(KEYS) <= set(reader.fieldnames or ()):
        raise InputError(f"the time series lacks a column of {', '.join(KEYS)} in line 1; delete it to start anew")
    rows = []
    try:
        for line in reader:
            rows.append({column: _value(line.get(column) or "", COLUMN_TYPES[column]) for column in COLUMNS})
            Cohort(date=rows[-1]["date"], generator=rows[-1]["generator"], repeat=rows[-1]["repeat"])
    except (csv.Error, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InputError(
            f"the time series cannot be read in line {reader.line_num}: {reason}; delete the line"
        ) from error
    return rows


def _row(report: Report, cohort: Cohort, summary: Summary) -> Row:
    row: Row = {
        **cohort.model_dump(),
        "is_headline": str(cohort) == report.headline_cohort,
        "evaluation_run_id": report.evaluation_run_id,
        "timestamp": report.timestamp.isoformat(timespec="seconds"),
        "evaluator_version": report.evaluator.version,
        "evaluator_digest": report.evaluator.digest,
        "isolation": report.evaluator.isolation,
        "controls_right": report.controls.right,
        "controls_total": report.controls.total,
        "quarantined": report.controls.quarantined,
        **{name: getattr(summary, name) for name in _TOTALS},
    }
    for names, main in ((RATES, "rate"), (AVERAGES, "value")):
        for name in names:
            parts = getattr(summary, name).model_dump()
            row[name] = parts.pop(main)
            row |= {f"{name}_{part}": value for part, value in parts.items()}
    bands = summary.quality_distribution.model_dump()
    row |= {f"apps_{band}": len(names) for band, names in bands.items()}
    if report.controls.quarantined:
        row |= dict.fromkeys(VERDICT_COLUMNS)
    return row


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(text: str, kind: type) -> Any:
    if text == "":
        return None
    if kind is bool:
        return text == "true"
    return kind(text)

"""A date's report from its table rows, written to the store; and the time series from stored reports."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval_pipeline.model import Cohort, EvaluatorError, InputError
from eval_pipeline.reporting.build import build_report
from eval_pipeline.reporting.report import (
    EvaluatorInfo,
    Report,
    load_report,
    report_bytes,
    report_uri,
    substance,
    summary_uri,
)
from eval_pipeline.reporting.summary import summary_markdown
from eval_pipeline.reporting.timeseries import rows_from_report, to_csv
from eval_pipeline.reporting.trust import WINDOW_DAYS, Flakiness, pool_flips, split_change
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import Row, app_of, control_of, evaluations_of, frame, records
from eval_pipeline.storage.tables import TableStore

TIMESERIES_CSV = "reports/metrics_timeseries.csv"


@dataclass(frozen=True)
class WrittenReport:
    """`is_changed` is false when the date's earlier report said the same and stays."""

    report: Report
    report_uri: str
    summary_uri: str
    summary_markdown: str
    is_changed: bool

    def rows(self) -> list[Row]:
        """Rows of `evaluation_report`."""
        report, controls = self.report, self.report.controls
        shared = {
            "date": report.date,
            "evaluation_run_id": report.evaluation_run_id,
            "timestamp": report.timestamp.isoformat(),
            "controls_right": controls.right,
            "controls_total": controls.total,
            "quarantined": controls.quarantined,
            "report_uri": self.report_uri,
            "summary_uri": self.summary_uri,
        }
        return [
            {
                **shared,
                "generator": cohort.generator,
                "repeat": cohort.repeat,
                "total_apps": summary.total_apps,
                "success_rate": summary.success_rate.rate,
                "success_low": summary.success_rate.low,
                "success_high": summary.success_rate.high,
                "avg_appeval_100": summary.avg_appeval_100.value,
            }
            for cohort, summary in ((Cohort.parse(key, ""), value) for key, value in report.summaries.items())
        ]


def stored_report(date: str, store: ArtifactStore) -> Report:
    """A date's report.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    if not store.exists(report_uri(date)):
        raise InputError(f"there is no report of {date}: run eval-pipeline run --date {date}")
    try:
        return load_report(store.read_bytes(report_uri(date)))
    except (InputError, OSError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{store.path(report_uri(date))}: {what}") from error


def stored_dates(store: ArtifactStore) -> list[str]:
    """Dates that have a report, sorted."""
    head, tail = report_uri("*").rsplit("/", 1)[1].split("*")
    names = [name for name in store.list("reports") if name.startswith(head) and name.endswith(tail)]
    return sorted(name[len(head) : -len(tail)] for name in names)


def report_day(
    date: str,
    app_rows: Sequence[Mapping[str, Any]],
    evaluation_rows: Sequence[Mapping[str, Any]],
    control_rows: Sequence[Mapping[str, Any]],
    settings: Settings,
    store: ArtifactStore,
    *,
    run_id: str,
    flakiness: Flakiness | None = None,
    crossover_rows: Sequence[Mapping[str, Any]] = (),
) -> WrittenReport:
    """Builds a date's report and writes it as JSON and Markdown, unless the stored one says the same.

    Args:
        date: The day.
        app_rows: Rows of `generated_apps` of the day; likewise `evaluation_rows`, `control_rows`, `crossover_rows`.
        flakiness: Flip rates of the window that ends with the day, see `flakiness_of`.

    Raises:
        EvaluatorError: an app of the date has no verdicts.
    """
    evaluations = evaluations_of(evaluation_rows)
    apps = [app_of(row) for row in app_rows]
    unjudged = [app.app_name for app in apps if (app.cohort, app.prompt.id) not in evaluations]
    if unjudged:
        raise EvaluatorError(f"no verdicts for {', '.join(unjudged[:5])} of {date}: run evaluate_only for this date")
    headline = headline_cohort(date, {app.cohort for app in apps}, settings)
    fresh = build_report(
        date,
        headline,
        [(app, evaluations[app.cohort, app.prompt.id]) for app in apps],
        [control_of(row) for row in control_rows],
        _evaluator_info(control_rows, settings),
        settings.weights,
        evaluation_run_id=run_id,
        timestamp=dt.datetime.now(dt.UTC),
        controls_seconds=control_rows[0].get("batch_seconds"),
        flakiness=flakiness,
        crossover=split_change(
            crossover_rows,
            {prompt: found.results for (cohort, prompt), found in evaluations.items() if cohort == headline},
            settings.weights,
        ),
    )
    return write_report(fresh, store)


def write_report(fresh: Report, store: ArtifactStore) -> WrittenReport:
    """Writes a report and its summary, unless the date's stored report has the same substance."""
    try:
        kept = stored_report(fresh.date, store)
    except InputError:
        kept = None
    is_changed = kept is None or substance(kept) != substance(fresh)
    report = fresh if is_changed or kept is None else kept
    summary = summary_markdown(report)
    store.write_bytes(report_uri(report.date), report_bytes(report))
    store.write_text(summary_uri(report.date), summary)
    return WrittenReport(report, report_uri(report.date), summary_uri(report.date), summary, is_changed)


def update_timeseries(dates: Sequence[str], store: ArtifactStore, tables: TableStore) -> list[Row]:
    """Puts the stored reports of some dates into the series, as table rows and as CSV; returns the whole series."""
    rows = [row for date in dates for row in rows_from_report(stored_report(date, store))]
    tables.replace("metrics_timeseries", frame("metrics_timeseries", rows))
    series = sorted(
        records(tables.read("metrics_timeseries")), key=lambda row: (row["date"], row["generator"], row["repeat"])
    )
    store.write_text(TIMESERIES_CSV, to_csv(series))
    return series


def machine(settings: Settings, parallel_apps: int) -> dict[str, float | int | str]:
    """The machine as a report names it."""
    return {"cores": os.cpu_count() or 1, "app_memory_mb": settings.app_memory_mb, "parallel_apps": parallel_apps}


def flakiness_of(date: str, tables: TableStore) -> Flakiness | None:
    """Flip rates of the window that ends with `date`; None when no app of it was judged twice."""
    last = dt.date.fromisoformat(date)
    dates = [(last - dt.timedelta(days=age)).isoformat() for age in range(WINDOW_DAYS)]
    return pool_flips(records(tables.read("evaluator_flakiness", dates)), date)


def headline_cohort(date: str, cohorts: Collection[Cohort], settings: Settings) -> Cohort:
    """The first configured generator's first repeat; else the first cohort that there is."""
    wanted = Cohort(date=date, generator=settings.generators[0])
    return wanted if wanted in cohorts or not cohorts else min(cohorts, key=str)


def _evaluator_info(control_rows: Sequence[Mapping[str, Any]], settings: Settings) -> EvaluatorInfo:
    """What judged, as the batch's control rows recorded it.

    Raises:
        EvaluatorError: the batch has no controls.
    """
    if not control_rows:
        raise EvaluatorError("the batch has no control verdicts: run evaluate_only for this date")
    first = control_rows[0]
    return EvaluatorInfo(
        version=first["evaluator_version"],
        digest=first["evaluator_digest"],
        isolation=first["isolation"],
        resources=machine(settings, settings.parallel_apps),
        tools=json.loads(first["tools"]),
    )

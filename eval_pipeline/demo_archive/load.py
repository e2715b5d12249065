"""Writes the archive through the tables, reports, alerts and issues that real days go through; sends nothing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

from eval_pipeline import __version__
from eval_pipeline.alerting.rules import check_report
from eval_pipeline.demo_archive.archive import ArchiveDay, load_archive
from eval_pipeline.improvement.day import file_issues, find_patterns
from eval_pipeline.publishing.day import build_dashboard
from eval_pipeline.reporting.day import report_day, stored_report, update_timeseries
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import app_row, control_row, evaluation_rows, frame, records
from eval_pipeline.storage.tables import TableStore

IDENTITY = {
    "isolation": "L3",
    "evaluator_digest": "made-up",
    "evaluator_version": __version__,
    "tools": json.dumps({"made up": "sample archive"}),
}


def load_into(
    settings: Settings,
    store: ArtifactStore,
    tables: TableStore,
    last_day: dt.date,
    advance: Callable[[str, int, int], None],
) -> Path:
    """Loads the archive so that it ends at `last_day`, with its reports, series, alerts, issues and the dashboard.

    Only the sample generator's cohorts are written; a date that has controls of its own keeps them.

    Returns:
        The dashboard's index.html.
    """
    days = load_archive(last_day)
    for number, day in enumerate(days, start=1):
        _load_day(day, settings, store, tables)
        advance(f"{day.date} (made up)", number, len(days))
    dates = [day.date for day in days]
    update_timeseries(dates, store, tables)
    reports = [stored_report(date, store) for date in dates]
    for report in reports:
        alerts = [alert.model_copy(update={"status": "stored"}) for alert in check_report(report, reports, settings)]
        tables.replace(
            "quality_alerts", frame("quality_alerts", [alert.to_row() for alert in alerts]), date=report.date
        )
    patterns = find_patterns(settings, tables)
    tables.replace("failure_patterns", frame("failure_patterns", patterns))
    tables.replace("improvement_issues", frame("improvement_issues", file_issues(patterns, settings, store)))
    return build_dashboard(settings, store, tables)


def _load_day(day: ArchiveDay, settings: Settings, store: ArtifactStore, tables: TableStore) -> None:
    for uri, text in day.logs.items():
        store.write_text(uri, text)
    tables.replace("generated_apps", frame("generated_apps", [app_row(app) for app, _ in day.apps]))
    verdicts = [row for app, evaluation in day.apps for row in evaluation_rows(app, evaluation)]
    tables.replace("app_evaluations", frame("app_evaluations", verdicts))
    if tables.read("evaluator_controls", [day.date]).empty:
        controls = [control_row(day.date, control) | IDENTITY for control in day.controls]
        tables.replace("evaluator_controls", frame("evaluator_controls", controls))
    written = report_day(
        day.date,
        records(tables.read("generated_apps", [day.date])),
        records(tables.read("app_evaluations", [day.date])),
        records(tables.read("evaluator_controls", [day.date])),
        settings,
        store,
        run_id="sample-archive",
    )
    tables.replace("evaluation_report", frame("evaluation_report", written.rows()))

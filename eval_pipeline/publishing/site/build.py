"""Builds the whole site beside the old one and swaps it in, one report in memory at a time."""

from __future__ import annotations

import datetime as dt
import secrets as random_names
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from eval_pipeline.alerting.alert import Alert
from eval_pipeline.demo_archive import is_sample
from eval_pipeline.model import METRICS, Cohort
from eval_pipeline.publishing.site.charts import trend_charts
from eval_pipeline.publishing.site.evidence import collect
from eval_pipeline.publishing.site.library import FILES
from eval_pipeline.publishing.site.render import app_folder, app_page, day_page, render
from eval_pipeline.publishing.site.views import (
    ISOLATION,
    LABELS,
    CohortView,
    DayLine,
    cell,
    cohort_views,
    costly_apps,
    day_lines,
    metric_rates,
    trust_notes,
    verdict,
)
from eval_pipeline.reporting.report import AppReport, Report
from eval_pipeline.storage.artifacts import ArtifactStore, swap_tree

Row = Mapping[str, Any]

STATIC = Path(__file__).with_name("static")
ALERTS_SHOWN = 10
LOCK_SECONDS = 300


def build_site(
    reports: Iterable[Report],
    timeseries: Sequence[Row],
    alerts: Sequence[Row],
    store: ArtifactStore,
    target: Path,
    *,
    chart_library: Path | None,
    built_at: dt.datetime,
    secrets: Sequence[str] = (),
) -> Path:
    """Writes the site in place of what was at `target`.

    Args:
        reports: Newest first; an iterator is read once.
        timeseries: Rows of `metrics_timeseries`.
        alerts: Rows of `quality_alerts`.
        store: For evidence.
        target: The site's folder.
        chart_library: Folder of `ensure_chart_library`; None leaves the tables without charts.
        built_at: Shown in the foot of each page, with time zone.
        secrets: Values to mask in logs.

    Returns:
        The path of index.html.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.parent / f".{target.name}.{random_names.token_hex(4)}"
    with FileLock(target.parent / f".{target.name}.lock", timeout=LOCK_SECONDS):
        try:
            fresh.mkdir()
            _Builder(fresh, store, chart_library, built_at, secrets).build(reports, timeseries, alerts)
            swap_tree(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return target / "index.html"


class _Builder:
    def __init__(
        self, folder: Path, store: ArtifactStore, library: Path | None, built_at: dt.datetime, secrets: Sequence[str]
    ) -> None:
        self.folder = folder
        self.store = store
        self.library = library
        self.secrets = secrets
        self.shared = {
            "built_at": built_at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "has_charts": library is not None,
            "metrics": [(metric, LABELS[metric]) for metric in METRICS],
            "is_sample": is_sample,
            "isolation": ISOLATION,
            "metric_rates": metric_rates,
            "labels": LABELS,
            "trust_notes": trust_notes,
        }

    def build(self, reports: Iterable[Report], timeseries: Sequence[Row], alerts: Sequence[Row]) -> None:
        self._static()
        by_date: dict[str, list[Alert]] = {}
        for row in alerts:
            alert = Alert.from_row(dict(row))
            by_date.setdefault(alert.date, []).append(alert)
        lines: list[DayLine] = []
        newest: Report | None = None
        for newer, report, older in _with_neighbours(reports):
            newest = newest or report
            self._day(report, newer, older, by_date.get(report.date, []))
            lines += day_lines(report)
        self._index(newest, timeseries, by_date, lines)

    def _static(self) -> None:
        assets = self.folder / "assets"
        shutil.copytree(STATIC, assets)
        if self.library is not None:
            for name in FILES:
                source = self.library / Path(name).name
                shutil.copyfile(source, assets / ("uPlot-LICENSE.txt" if source.name == "LICENSE" else source.name))

    def _index(
        self, newest: Report | None, timeseries: Sequence[Row], by_date: Mapping[str, list[Alert]], lines: list[DayLine]
    ) -> None:
        recent = [alert for date in sorted(by_date, reverse=True) for alert in by_date[date]]
        generator = Cohort.parse(newest.headline_cohort, "").generator if newest else ""
        views = cohort_views(newest) if newest else []
        self._write(
            "index.html",
            "index.html",
            report=newest,
            view=views[0] if views else None,
            others=views[1:],
            verdict=verdict(newest, timeseries) if newest else None,
            todays_alerts=by_date.get(newest.date, []) if newest else [],
            alerts=recent[:ALERTS_SHOWN],
            alert_count=len(recent),
            charts=trend_charts(timeseries, generator),
            costly=costly_apps([row.app for row in views[0].rows]) if views else [],
            days=lines,
            day_pages={line.date: line.page for line in lines},
        )

    def _day(self, report: Report, newer: str | None, older: str | None, alerts: list[Alert]) -> None:
        views = cohort_views(report)
        self._write(
            "day.html",
            day_page(report.date),
            report=report,
            views=views,
            alerts=alerts,
            newer=newer,
            older=older,
            newer_page=day_page(newer) if newer else None,
            older_page=day_page(older) if older else None,
        )
        for view in views:
            for row in view.rows:
                self._app(report, view, row.app)

    def _app(self, report: Report, view: CohortView, app: AppReport) -> None:
        page = app_page(view.cohort, app.app_name)
        uri = f"evidence/{view.cohort.folder}/{app.app_name}"
        self._write(
            "app.html",
            page,
            report=report,
            app=app,
            cohort=view.cohort,
            cells=[(metric, LABELS[metric], app.outcomes[metric], cell(app.outcomes[metric])) for metric in METRICS],
            evidence=collect(uri, self.store, self.folder / app_folder(view.cohort, app.app_name), self.secrets),
            day=day_page(report.date),
        )

    def _write(self, template: str, page: str, **values: Any) -> None:
        path = self.folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        root = "../" * page.count("/")
        path.write_text(render(template, root=root, **self.shared, **values), encoding="utf-8", errors="replace")


def _with_neighbours(reports: Iterable[Report]) -> Iterator[tuple[str | None, Report, str | None]]:
    """Each report with the dates of the one before it (newer) and after it (older)."""
    newer: str | None = None
    current: Report | None = None
    for following in reports:
        if current is not None:
            yield newer, current, following.date
            newer = current.date
        current = following
    if current is not None:
        yield newer, current, None

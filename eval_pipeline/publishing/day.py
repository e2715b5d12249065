"""A date published: the repository, MLflow, and the dashboard over all dates. MLflow being down costs no day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval_pipeline.publishing.mlflow_log import LoggedRun, TrackingError, log_report
from eval_pipeline.publishing.repository import Published, publish_report
from eval_pipeline.publishing.site import build_site, chart_library
from eval_pipeline.reporting.day import stored_dates, stored_report
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import records
from eval_pipeline.storage.tables import TableStore


@dataclass(frozen=True)
class PublishedDay:
    """`tracking_error` says why MLflow has no run of the date yet; publishing again logs it."""

    repository: Published
    runs: tuple[LoggedRun, ...]
    tracking_error: str | None

    def metadata(self) -> dict[str, Any]:
        """What a person wants to see of it."""
        return {
            "commit": self.repository.commit,
            "is_new_commit": self.repository.is_changed,
            "remote": self.repository.remote or "local repository",
            "left_out": [f"{item.path}: {item.reason}" for item in self.repository.left_out[:100]],
            "mlflow_error": self.tracking_error or "none",
        }


def publish_day(date: str, settings: Settings, store: ArtifactStore, tables: TableStore) -> PublishedDay:
    """Publishes a date's stored report to the repository and to MLflow; again makes no second commit or run.

    Raises:
        InputError: the date has no report.
        PublishError: the repository could not be written or pushed.
    """
    report = stored_report(date, store)
    published = publish_report(report, store, settings)
    rows = [row for row in records(tables.read("generated_apps", [date])) if row["prompt_set_hash"]]
    identity = {key: rows[0][key] if rows else None for key in ("prompt_set_version", "prompt_set_hash")}
    try:
        runs = log_report(report, store, settings, {**identity, "git_commit": published.commit})
    except TrackingError as error:
        return PublishedDay(published, (), str(error))
    return PublishedDay(published, tuple(runs), None)


def build_dashboard(settings: Settings, store: ArtifactStore, tables: TableStore) -> Path:
    """Builds the site over every stored report, HOME/site; returns its index.html."""
    return build_site(
        (stored_report(date, store) for date in reversed(stored_dates(store))),
        records(tables.read("metrics_timeseries")),
        records(tables.read("quality_alerts")),
        store,
        settings.home / "site",
        chart_library=chart_library(settings),
        built_at=dt.datetime.now(dt.UTC),
        secrets=settings.secret_values(),
    )

"""A date's alerts: computed from stored reports, delivered only when the date is the newest."""

from __future__ import annotations

import datetime as dt
from typing import Any

from eval_pipeline.alerting.delivery import deliver
from eval_pipeline.alerting.rules import check_report
from eval_pipeline.reporting.day import stored_dates, stored_report
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore


def alert_day(date: str, settings: Settings, store: ArtifactStore) -> list[dict[str, Any]]:
    """Raises and delivers one date's alerts; returns rows of `quality_alerts`.

    Raises:
        InputError: the date has no report.
    """
    dates = stored_dates(store)
    first = (dt.date.fromisoformat(date) - dt.timedelta(days=settings.alert_window_days)).isoformat()
    history = [stored_report(other, store) for other in dates if first <= other < date]
    alerts = check_report(stored_report(date, store), history, settings)
    return [alert.to_row() for alert in deliver(alerts, settings, newest_date=dates[-1])]

"""Delivers alerts: a JSON and a Markdown file each under the outbox, then Slack when a webhook is set.

The outbox file is the memory: it says whether an alert was sent, so that however often a day is computed, by however
many processes, each alert goes out once. What a channel refused stays pending there and is tried again by the next
delivery.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from eval_pipeline.alerting.alert import RUN_FAILURE, Alert, Status
from eval_pipeline.alerting.slack import send_to_slack
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import write_atomically
from eval_pipeline.text import one_line, plain

LOCK_SECONDS = 60
TOTAL_SECONDS = 90.0
"""Wall time of a delivery's channel work in all; what is left over stays pending."""
MAX_RETRIED = 20
"""Pending alerts of earlier deliveries tried again in one delivery, newest first."""
MAX_FAILURES = 2
"""Refusals after which the channel counts as down: one alert that Slack never takes must not hold up the others."""


class Outbox:
    """The folder HOME/outbox/alerts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, alert: Alert) -> Path:
        return self.folder / f"{alert.date}-{alert.alert_id}.json"

    def find(self, alert: Alert) -> Alert | None:
        return _read(self.path(alert))

    def put(self, alert: Alert) -> None:
        """Writes both files, each whole or not at all; the JSON last, because it is what counts."""
        path = self.path(alert)
        write_atomically(path.with_suffix(".md"), alert_markdown(alert).encode("utf-8", "replace"))
        text = json.dumps(alert.model_dump(), indent=2, ensure_ascii=False, sort_keys=True)
        write_atomically(path, (text + "\n").encode("utf-8", "replace"))

    def pending(self) -> list[Alert]:
        found = [_read(path) for path in sorted(self.folder.glob("*.json"), reverse=True)]
        return [alert for alert in found if alert is not None and alert.status == "pending"]


def deliver(alerts: Sequence[Alert], settings: Settings, *, newest_date: str) -> list[Alert]:
    """Delivers one date's alerts, and what earlier deliveries left pending.

    Alerts of a date before `newest_date` are neither filed nor sent. Pending alerts of the same dates that are no
    longer raised are withdrawn (those of failed runs aside). A channel that fails leaves its alerts pending and raises
    nothing; an outbox that cannot be written raises OSError.

    Args:
        alerts: All alerts of one or more dates.
        settings: For the home, the webhook and the values to mask.
        newest_date: Newest date that has a report.

    Returns:
        The same alerts, in order, with their status.
    """
    outbox = Outbox(settings.home / "outbox" / "alerts")
    fresh = [alert for alert in alerts if alert.date >= newest_date]
    try:
        outbox.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(outbox.folder / ".lock", timeout=LOCK_SECONDS):
            _file(fresh, outbox, has_channel=settings.slack_webhook_url is not None)
            _withdraw(outbox, kept={a.alert_id for a in alerts}, dates={a.date for a in fresh} | {newest_date})
            _send_pending(outbox, settings)
            known = {alert.alert_id: outbox.find(alert) for alert in fresh}
    except Timeout:
        known = {alert.alert_id: outbox.find(alert) for alert in fresh}
    return [_with_status(alert, known.get(alert.alert_id), newest_date) for alert in alerts]


def deliver_run_failure(alert: Alert, settings: Settings) -> Alert:
    """Delivers a run-failure alert, whatever its date; withdraws nothing. Raises as `deliver` does."""
    outbox = Outbox(settings.home / "outbox" / "alerts")
    try:
        outbox.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(outbox.folder / ".lock", timeout=LOCK_SECONDS):
            _file([alert], outbox, has_channel=settings.slack_webhook_url is not None)
            _send_pending(outbox, settings)
    except Timeout:
        pass
    return _with_status(alert, outbox.find(alert), alert.date)


def alert_markdown(alert: Alert) -> str:
    """The alert for people; every text from outside in a code block that it cannot close."""
    figures = [
        ("value", alert.value),
        ("threshold", alert.threshold),
        ("n", alert.n),
        ("95 % low", alert.low),
        ("95 % high", alert.high),
    ]
    cohort = f"{alert.date}/{alert.generator}" + (f"/r{alert.repeat}" if alert.repeat > 1 else "")
    lines = [
        f"# {alert.severity.capitalize()}: {alert.rule.replace('_', ' ')}",
        "",
        *_indented(plain(alert.message)),
        "",
        f"- alert: {alert.alert_id}",
        f"- kind: {alert.kind}",
        f"- cohort: {one_line(cohort, 120)}",
        f"- metric: {one_line(alert.metric, 80)}",
        *(f"- {name}: {value:.4g}" for name, value in figures if value is not None),
        f"- status: {alert.status}",
    ]
    if alert.details:
        lines += ["", "Details:", "", *_indented(json.dumps(alert.details, indent=2, ensure_ascii=False))]
    return "\n".join(lines) + "\n"


def _indented(text: str) -> list[str]:
    return ["    " + line for line in text.splitlines()]


def _file(alerts: Iterable[Alert], outbox: Outbox, *, has_channel: bool) -> None:
    for alert in alerts:
        known = outbox.find(alert)
        if known is not None and known.status in ("sent", "filed"):
            status: Status = known.status
        else:
            status = "pending" if has_channel else "filed"
        filed = alert.model_copy(update={"status": status})
        if filed != known:
            outbox.put(filed)


def _withdraw(outbox: Outbox, *, kept: set[str], dates: set[str]) -> None:
    for alert in outbox.pending():
        if alert.date in dates and alert.rule != RUN_FAILURE and alert.alert_id not in kept:
            outbox.put(alert.model_copy(update={"status": "withdrawn"}))


def _send_pending(outbox: Outbox, settings: Settings) -> None:
    if settings.slack_webhook_url is None:
        return
    end = time.monotonic() + TOTAL_SECONDS
    failures = 0
    for alert in outbox.pending()[:MAX_RETRIED]:
        left = end - time.monotonic()
        if left < 1 or failures == MAX_FAILURES:
            return
        failure = send_to_slack(alert, settings.slack_webhook_url.get_secret_value(), min(30.0, left))
        if failure is None:
            outbox.put(alert.model_copy(update={"status": "sent"}))
        else:
            failures += 1


def _with_status(alert: Alert, known: Alert | None, newest_date: str) -> Alert:
    if alert.date < newest_date:
        return alert.model_copy(update={"status": "stored"})
    return alert.model_copy(update={"status": known.status if known else "pending"})


def _read(path: Path) -> Alert | None:
    try:
        return Alert.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None

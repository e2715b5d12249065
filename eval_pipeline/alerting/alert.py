"""What an alert is: one rule broken by one cohort on one day (or one broken run), with the figures that broke it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import Field

from eval_pipeline.model import Cohort, Value

RUN_FAILURE = "run_failure"
"""Rule of an alert about a run that failed, which no later verdict takes back."""

Kind = Literal["quality", "evaluator", "infrastructure"]
Severity = Literal["critical", "warning", "info"]
Status = Literal["new", "stored", "filed", "pending", "sent", "withdrawn"]
"""new: not delivered yet. stored: of a past date, kept in the table only. filed: in the outbox, and no channel is set.
pending: in the outbox, the channel failed, tried again at the next delivery. sent: the channel took it.
withdrawn: pending when a rerun of its date no longer raised it."""


class Alert(Value):
    """One alert. `value`, `threshold`, `low` and `high` are in the metric's own unit; `n` counts what it rests on."""

    alert_id: str
    date: str
    generator: str
    repeat: int
    kind: Kind
    rule: str
    severity: Severity
    metric: str
    value: float | None = None
    threshold: float | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    message: str
    details: dict[str, Any] = Field(default_factory=dict)
    status: Status = "new"

    def to_row(self) -> dict[str, Any]:
        """The row of the table `quality_alerts`: the fields, `details` as JSON text."""
        return self.model_dump() | {"details": json.dumps(self.details, sort_keys=True, ensure_ascii=False)}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Alert:
        """Reads a row of `quality_alerts` back."""
        return cls.model_validate(row | {"details": json.loads(row.get("details") or "{}")})


def alert_id(date: str, cohort: str, rule: str) -> str:
    """The same for the same rule, cohort and date, however often it is computed."""
    return hashlib.sha256(f"{date}\0{cohort}\0{rule}".encode()).hexdigest()[:12]


def raise_alert(cohort: Cohort, rule: str, kind: Kind, severity: Severity, **fields: Any) -> Alert:
    """An alert of a cohort, its id filled in."""
    return Alert(
        alert_id=alert_id(cohort.date, str(cohort), rule),
        date=cohort.date,
        generator=cohort.generator,
        repeat=cohort.repeat,
        kind=kind,
        rule=rule,
        severity=severity,
        **fields,
    )

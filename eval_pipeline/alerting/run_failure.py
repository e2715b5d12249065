"""The alert about a run of the pipeline that failed: masked and bounded, because errors quote anything."""

from __future__ import annotations

import datetime as dt

from eval_pipeline.alerting.alert import RUN_FAILURE, Alert, alert_id
from eval_pipeline.settings import Settings
from eval_pipeline.text import clip, mask, one_line, plain

MESSAGE_LIMIT = 500
ERROR_LIMIT = 4000


def run_failure_alert(
    run_id: str,
    job: str,
    error: str,
    settings: Settings,
    *,
    at: dt.datetime,
    partition: str | None = None,
    step: str | None = None,
) -> Alert:
    """One alert per failed run, however often it is reported.

    Args:
        run_id: Dagster run id.
        job: Name of the job.
        error: What the run said: message and stack. Secrets in it are masked, its length is bounded.
        settings: For the values to mask and the headline generator.
        at: When it failed, with time zone; its UTC date is the alert's.
        partition: The date that the run was for, when it had one.
        step: The step that failed, when known.
    """

    def shown(text: str, limit: int) -> str:
        # Masked after stripping, since an escape can split a secret, and before cutting, since half of one still tells.
        return one_line(mask(plain(text), settings.secret_values()), limit)

    error = mask(plain(error), settings.secret_values()).strip()
    where = shown(job, 80) + (f", step {shown(step, 80)}" if step else "")
    of = f" for {shown(partition, 40)}" if partition else ""
    date = at.astimezone(dt.UTC).date().isoformat()
    return Alert(
        alert_id=alert_id("", run_id, RUN_FAILURE),
        date=date,
        generator=settings.generators[0],
        repeat=1,
        kind="infrastructure",
        rule=RUN_FAILURE,
        severity="critical",
        metric="run",
        message=f"Run {shown(run_id, 40)} of {where} failed{of}: {one_line(error, MESSAGE_LIMIT) or 'no error given'}",
        details={
            "run_id": shown(run_id, 80),
            "job": shown(job, 80),
            "step": shown(step, 80) if step else None,
            "partition": shown(partition, 40) if partition else None,
            "error": clip(error, ERROR_LIMIT),
        },
    )

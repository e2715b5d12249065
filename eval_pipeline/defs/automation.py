"""What starts runs by itself: the nightly schedule and three sensors.

A sensor is a decision function of the domain plus these few lines; a failed read skips the tick and leaves the cursor.
"""

import datetime as dt
from typing import Any

import dagster as dg

from eval_pipeline.defs.common import daily
from eval_pipeline.resources.home import Home


@dg.schedule(
    job_name="daily_loop",
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    description="02:00 UTC: runs today's partition.",
)
def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    date = context.scheduled_execution_time.astimezone(dt.UTC).date().isoformat()
    return dg.RunRequest(run_key=date, partition_key=date)


def _today() -> str:
    return daily.get_partition_keys()[-1]


@dg.sensor(
    job_name="prompts_only",
    minimum_interval_seconds=60,
    description="Selects today's prompts again when the prompt set changed; an unreadable one changes nothing.",
)
def prompt_set_changed(context: dg.SensorEvaluationContext, home: Home):
    from eval_pipeline.model import InputError
    from eval_pipeline.prompt_sets import load_prompt_set

    try:
        found = load_prompt_set(home.settings.prompts_file).hash
    except InputError as error:
        return dg.SkipReason(f"the prompt set cannot be read, yesterday's stays: {error}")
    if found == context.cursor:
        return dg.SkipReason("the prompt set is unchanged")
    is_first_look = context.cursor is None
    context.update_cursor(found)
    if is_first_look:
        return dg.SkipReason("first look at the prompt set; changes from here on start a run")
    # No run key: a set that is changed, changed back and changed again has been seen before and must still run.
    return dg.RunRequest(partition_key=_today())


@dg.sensor(
    job_name="daily_loop",
    minimum_interval_seconds=60,
    description="Judges app directories dropped into the inbox, once they have stopped changing.",
)
def app_directories_dropped(context: dg.SensorEvaluationContext, home: Home):
    from eval_pipeline.generation.inbox import look

    decision = look(home.settings.inbox, context.cursor)
    context.update_cursor(decision.cursor)
    if not decision.is_ready:
        return dg.SkipReason(decision.reason)
    config = {"generators": ["directory"], "prompt_ids": list(decision.names), "force": True}
    return dg.RunRequest(
        run_key=decision.key,
        partition_key=_today(),
        run_config={"ops": {"generated_apps": {"config": config}}},
    )


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=60,
    description="Files an infrastructure alert for a failed run; a broken delivery never breaks the tick.",
)
def run_failed(context: dg.RunFailureSensorContext, home: Home) -> None:
    from eval_pipeline.alerting.delivery import deliver_run_failure
    from eval_pipeline.alerting.run_failure import run_failure_alert

    run = context.dagster_run
    record = context.instance.get_run_record_by_id(run.run_id)
    ended = record.end_time if record and record.end_time else dt.datetime.now(dt.UTC).timestamp()
    steps = context.get_step_failure_events()
    error = steps[0].step_failure_data.error if steps else None
    alert = run_failure_alert(
        run.run_id,
        run.job_name,
        _root(error).to_string() if error else context.failure_event.message or "",
        home.settings,
        at=dt.datetime.fromtimestamp(ended, dt.UTC),
        partition=run.tags.get("dagster/partition"),
        step=steps[0].step_key if steps else None,
    )
    try:
        status = deliver_run_failure(alert, home.settings).status
    except OSError as error:
        status = f"not filed, the outbox cannot be written: {error}"
    context.log.info(f"alert for run {run.run_id}: {status}")


def _root(error: Any) -> Any:
    """What the step's code raised, which Dagster wraps in an error of its own."""
    return _root(error.cause) if error.cause else error

"""`eval-pipeline run`: the daily loop in this process, on the same Dagster instance as the UI."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import contextmanager
from typing import Any

import click

from eval_pipeline.cli.home import settings_with_home
from eval_pipeline.cli.progress import progress_of
from eval_pipeline.model import EvaluatorError, InputError
from eval_pipeline.settings import Settings
from eval_pipeline.storage.trouble import machine_trouble
from eval_pipeline.text import one_line


@click.command()
@click.option("--date", help="The day, YYYY-MM-DD (UTC); default today.")
@click.option("--generators", help="Comma-separated; default EVAL_GENERATORS. The first is the headline.")
@click.option("--model", help="Model for generators that use one; the embedded ones use none.")
@click.option("--prompt-ids", help="Comma-separated, out of the day's; for the generator directory any folder.")
@click.option("--max-apps", type=click.IntRange(1), help="At most so many prompts, the panel first.")
@click.option("--repeats", type=click.IntRange(1, 20), help="Apps per prompt and generator.")
@click.option("--budget-usd", type=click.FloatRange(0), help="Stop generating when the date has cost this much.")
@click.option("--force", is_flag=True, help="Make apps again that exist already.")
@click.option("--no-cache", is_flag=True, help="Judge again even what is unchanged.")
@click.option("--json", "as_json", is_flag=True, help="Print the day's report as JSON on standard output.")
def run(
    date: str | None,
    generators: str | None,
    model: str | None,
    prompt_ids: str | None,
    max_apps: int | None,
    repeats: int | None,
    budget_usd: float | None,
    force: bool,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Run the daily loop for one date: prompts, apps, verdicts, report, publishing, alerts, issues.

    Interrupted runs can simply be started again: what is done is kept.
    """
    settings = settings_with_home()
    day = check_date(date, settings)
    generation = {
        "generators": _split("--generators", generators),
        "model": model,
        "prompt_ids": _split("--prompt-ids", prompt_ids),
        "max_apps": max_apps,
        "repeats": repeats,
        "budget_usd": budget_usd,
        "force": force,
    }
    _check(day, generation, settings)
    execute_job("daily_loop", day, generation, {"no_cache": no_cache}, settings)
    _print_result(day, settings, as_json)


def check_date(text: str | None, settings: Settings) -> str:
    """A day that can be run.

    Raises:
        InputError: not a date, in the future, or before EVAL_START_DATE.
    """
    today = dt.datetime.now(dt.UTC).date()
    if text is None:
        return today.isoformat()
    try:
        day = dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise InputError(f"--date {text!r} is not a date: write YYYY-MM-DD, for example {today}") from error
    if day > today:
        raise InputError(f"--date {day} is in the future: today is {today} (UTC)")
    if day < settings.start_date:
        raise InputError(
            f"--date {day} is before the first day, {settings.start_date}: set EVAL_START_DATE to go further back"
        )
    return day.isoformat()


def execute_job(
    name: str, date: str, generation: dict[str, Any], evaluation: dict[str, Any], settings: Settings
) -> None:
    """Runs a job for one date in this process.

    Raises:
        InputError: a step refused its input.
        EvaluatorError: a step failed; the run is in the Dagster UI.
    """
    import dagster as dg

    from eval_pipeline.dagster_instance import open_instance
    from eval_pipeline.definitions import defs
    from eval_pipeline.resources.progress import Progress

    class TerminalProgress(Progress):
        @contextmanager
        def stage(self, name: str, context: Any):
            with progress_of(name) as advance:
                yield advance

    job = defs.resolve_job_def(name)
    ops: dict[str, Any] = {}
    if "generated_apps" in job.graph.node_dict:
        ops["generated_apps"] = {"config": {k: v for k, v in generation.items() if v not in (None, [])}}
    if "evaluate_batch" in job.graph.node_dict:
        ops["evaluate_batch"] = {"config": {k: v for k, v in evaluation.items() if v is not None}}
    with open_instance(settings) as instance:
        result = job.execute_in_process(
            instance=instance,
            partition_key=date,
            run_config={"ops": ops, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            resources={"progress": TerminalProgress()},
            raise_on_error=False,
        )
    if not result.success:
        kinds = (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE)
        failures = [event for event in result.all_events if event.event_type in kinds]
        if any(_is_interrupt(event) for event in failures):
            raise KeyboardInterrupt
        raise _error_of(failures[0], settings) if failures else EvaluatorError(f"run {result.run_id} did not succeed")


def _is_interrupt(event: Any) -> bool:
    error = event.event_specific_data.error
    return error is not None and error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


def _error_of(event: Any, settings: Settings) -> Exception:
    """The step's own error: what our code raised is said in its own words, without a traceback."""
    error = event.event_specific_data.error
    where = f"step {event.step_key} failed" if event.step_key else "the run failed"
    if error is None:
        return EvaluatorError(f"{where}: {event.message}")
    while True:
        text = error.message.strip().partition(": ")[2]
        if error.cls_name in _names(InputError):
            return InputError(text)
        if error.cls_name in _names(EvaluatorError):
            return EvaluatorError(f"{where}: {text}")
        if error.cause is None:
            break
        error = error.cause
    message = error.message.strip()
    return EvaluatorError(machine_trouble(message, settings.home) or f"{where}: {one_line(message, 600)}")


def _names(kind: type[Exception]) -> set[str]:
    """Names of an exception and of everything derived from it: a step's error comes as text."""
    return {kind.__name__}.union(*(_names(each) for each in kind.__subclasses__()))


def _check(date: str, generation: dict[str, Any], settings: Settings) -> None:
    """What the stages would refuse later, said before there is a run and before apps are made and paid for.

    Raises:
        InputError: the prompt set, a generator, a prompt id, the model, or the warehouse's settings.
    """
    from eval_pipeline.generation.day import GenerationPlan, check_plan
    from eval_pipeline.prompt_sets import load_prompt_set, select_prompts
    from eval_pipeline.workspace import DatabricksWarehouse

    plan = GenerationPlan(
        date=date,
        generators=tuple(generation["generators"]) or settings.generators,
        repeats=1,
        prompt_ids=tuple(generation["prompt_ids"]),
        model=generation["model"],
    )
    check_plan(plan, select_prompts(load_prompt_set(settings.prompts_file), date), settings)
    if settings.warehouse == "databricks":
        DatabricksWarehouse.from_settings(settings)


def _print_result(date: str, settings: Settings, as_json: bool) -> None:
    from eval_pipeline.reporting.day import stored_report
    from eval_pipeline.reporting.summary import day_table
    from eval_pipeline.storage.artifacts import ArtifactStore

    report = stored_report(date, ArtifactStore(settings.home))
    if as_json:
        click.echo(json.dumps(report.model_dump(mode="json"), indent=2))
    else:
        day_table(report, settings.home)


def _split(option: str, text: str | None) -> list[str]:
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    if text is not None and not parts:
        raise InputError(f"{option} names nothing: write names with commas between, or leave it out")
    return list(dict.fromkeys(parts))

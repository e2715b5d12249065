"""What starts, checks and mends runs by itself, tick by tick on a real instance of the example configuration."""

import datetime as dt
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from eval_pipeline import settings as settings_module
from eval_pipeline.dagster_instance import alive, end_dead_runs, open_instance
from eval_pipeline.definitions import defs
from eval_pipeline.defs.automation import run_failed
from eval_pipeline.model import METRICS
from eval_pipeline.resources.home import Home
from eval_pipeline.settings import PROJECT_ROOT, child_environment, get_settings
from eval_pipeline.storage.rows import frame
from eval_pipeline.storage.tables import TableStore

DAY = "2026-11-16"
COHORT = {"date": DAY, "generator": "template", "repeat": 1}
SECRET = "dapi-0d1a2b3c4d5e6f70"
PROMPTS = PROJECT_ROOT / "prompts" / "daily_prompts.json"

repository = defs.get_repository_def()


@pytest.fixture
def instance(home) -> Iterator[dg.DagsterInstance]:
    with open_instance(get_settings()) as opened:
        yield opened


def set_environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings_module._load.cache_clear()


@dataclass(frozen=True)
class Tick:
    requests: list[dg.RunRequest]
    skip_message: str
    cursor: str | None


def tick(name: str, instance: dg.DagsterInstance, cursor: str | None) -> Tick:
    """A tick of a sensor as the daemon makes it."""
    with dg.build_sensor_context(
        instance=instance, cursor=cursor, repository_def=repository, sensor_name=name, resources={"home": Home()}
    ) as context:
        done = repository.get_sensor_def(name).evaluate_tick(context)
    return Tick(list(done.run_requests or ()), done.skip_message or "", done.cursor)


# The instance


def test_the_example_configuration_gives_pools_of_one_and_bounded_runs(instance):
    pools = instance.get_concurrency_config().pool_config
    assert (pools.default_pool_limit, pools.pool_granularity) == (1, dg._core.instance.config.PoolGranularity.OP)
    assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 2
    assert instance.run_monitoring_enabled and instance.run_retries_enabled
    assert not instance.run_retries_retry_on_asset_or_op_failure
    assert not instance.telemetry_enabled


def test_dagster_itself_finds_the_definitions_valid(home):
    dagster = Path(sys.executable).parent / "dagster"
    done = subprocess.run(
        [dagster, "definitions", "validate", "-m", "eval_pipeline.definitions"],
        capture_output=True,
        text=True,
        env=child_environment(DAGSTER_HOME=str(home)),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_runs_are_one_process_and_only_steps_that_talk_to_services_are_retried():
    for name in ("daily_loop", "evaluate_only", "publish_only"):
        assert repository.get_job(name).executor_def is dg.in_process_executor
    retried = {op.name for op in operations("daily_loop") if op.retry_policy}
    assert retried == {"published_report", "metrics_timeseries", "quality_dashboard"}


def operations(job: str) -> list[dg.OpDefinition]:
    definitions = [node.definition for node in repository.get_job(job).nodes]
    return [definition for definition in definitions if isinstance(definition, dg.OpDefinition)]


# The schedule


def test_the_nightly_schedule_runs_the_partition_of_the_day_it_fires_on(instance):
    for moment in (dt.datetime(2026, 11, 20, 2, tzinfo=dt.UTC), dt.datetime(2026, 12, 31, 2, tzinfo=dt.UTC)):
        with dg.build_schedule_context(
            instance=instance, scheduled_execution_time=moment, repository_def=repository
        ) as context:
            requests = repository.get_schedule_def("nightly").evaluate_tick(context).run_requests
        assert requests is not None
        date = moment.date().isoformat()
        assert [(r.run_key, r.tags["dagster/partition"]) for r in requests] == [(date, date)]


# prompt_set_changed


def test_a_changed_prompt_set_starts_a_run_each_time_it_changes(instance, tmp_path, monkeypatch):
    prompts = tmp_path / "prompts.json"
    original = PROMPTS.read_text()
    prompts.write_text(original)
    set_environment(monkeypatch, EVAL_PROMPTS_FILE=str(prompts))

    first = tick("prompt_set_changed", instance, None)
    assert not first.requests and "first look" in first.skip_message

    again = tick("prompt_set_changed", instance, first.cursor)
    assert not again.requests and again.cursor == first.cursor

    prompts.write_text(original.replace('"version": "', '"version": "next-', 1))
    changed = tick("prompt_set_changed", instance, again.cursor)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    assert [request.tags["dagster/partition"] for request in changed.requests] == [today]
    assert changed.cursor != first.cursor

    prompts.write_text(original)
    back = tick("prompt_set_changed", instance, changed.cursor)
    assert back.cursor == first.cursor
    keys = [request.run_key for request in (*changed.requests, *back.requests)]
    assert keys == [None, None], "a run key that was used before would be skipped"


def test_an_unreadable_prompt_set_is_not_a_changed_one(instance, tmp_path, monkeypatch):
    prompts = tmp_path / "prompts.json"
    prompts.write_text(PROMPTS.read_text())
    set_environment(monkeypatch, EVAL_PROMPTS_FILE=str(prompts))
    first = tick("prompt_set_changed", instance, None)
    for broken in ("{", ""):
        prompts.write_text(broken)
        seen = tick("prompt_set_changed", instance, first.cursor)
        assert not seen.requests and "cannot be read" in seen.skip_message
        assert seen.cursor == first.cursor
    prompts.unlink()
    assert tick("prompt_set_changed", instance, first.cursor).cursor == first.cursor


# app_directories_dropped


def test_dropped_directories_start_one_run_once_they_stand_still(instance, home):
    empty = tick("app_directories_dropped", instance, None)
    assert not empty.requests

    app = home / "inbox" / "their-app"
    app.mkdir(parents=True)
    (app / "package.json").write_text("{}")
    seen = tick("app_directories_dropped", instance, empty.cursor)
    assert not seen.requests and "stands still" in seen.skip_message

    (app / "server.js").write_text("")
    still_copying = tick("app_directories_dropped", instance, seen.cursor)
    assert not still_copying.requests

    ready = tick("app_directories_dropped", instance, still_copying.cursor)
    assert len(ready.requests) == 1
    request = ready.requests[0]
    assert request.run_config["ops"]["generated_apps"]["config"]["prompt_ids"] == ["their-app"]
    assert dg.validate_run_config(repository.get_job("daily_loop"), request.run_config)
    assert request.tags["dagster/partition"] == dt.datetime.now(dt.UTC).date().isoformat()

    assert not tick("app_directories_dropped", instance, ready.cursor).requests


# run_failed


@dg.op
def breaks():
    raise ValueError(f"cannot connect with token {SECRET}")


@dg.job(executor_def=dg.in_process_executor)
def breaking():
    breaks()


def fail_a_run(instance: dg.DagsterInstance) -> None:
    """A run that fails for real, and the sensor's tick over it."""
    done = breaking.execute_in_process(
        instance=instance,
        raise_on_error=False,
        tags={"dagster/partition": DAY},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    event = next(event for event in done.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE)
    context = dg.build_run_status_sensor_context(
        "run_failed", event, instance, done.dagster_run, resources={"home": Home()}
    )
    with context.for_run_failure() as failure:
        run_failed(failure)


def test_a_failed_run_becomes_an_alert_that_says_why_and_tells_no_secret(instance, home, monkeypatch):
    set_environment(monkeypatch, DATABRICKS_TOKEN=SECRET)
    fail_a_run(instance)
    files = [file for file in (home / "outbox" / "alerts").iterdir() if file.name != ".lock"]
    assert {file.suffix for file in files} == {".json", ".md"}
    for file in files:
        assert SECRET not in file.read_text()
    alert = json.loads(next(file for file in files if file.suffix == ".json").read_text())
    assert (alert["kind"], alert["severity"], alert["status"]) == ("infrastructure", "critical", "filed")
    assert alert["details"]["job"] == "breaking"
    assert (alert["details"]["step"], alert["details"]["partition"]) == ("breaks", DAY)
    assert "cannot connect with token" in alert["message"]


def test_an_outbox_that_cannot_be_written_does_not_break_the_tick(instance, home):
    (home / "outbox").write_text("a file where a folder should be")
    fail_a_run(instance)
    assert (home / "outbox").is_file()


def test_the_failure_sensor_is_on_without_anybody_turning_it_on():
    assert repository.get_sensor_def("run_failed").default_status is dg.DefaultSensorStatus.RUNNING


# Runs whose process was killed


def slots(instance: dg.DagsterInstance) -> int:
    return instance.event_log_storage.get_concurrency_info("sandbox").active_slot_count


def test_a_killed_run_is_marked_failed_and_its_slot_freed_and_a_living_one_left_alone(instance, home):
    process = subprocess.Popen(
        [sys.executable, "-m", "eval_pipeline_tests.defs.hanging_run"],
        stdout=subprocess.PIPE,
        env=child_environment(),
        cwd=PROJECT_ROOT,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None and process.stdout.readline() == b"hanging\n"
        (run,) = instance.get_runs()
        assert end_dead_runs(instance, get_settings()) == []
        assert slots(instance) == 1
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.STARTED

    assert end_dead_runs(instance, get_settings()) == [run.run_id]
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE
    assert slots(instance) == 0
    assert end_dead_runs(instance, get_settings()) == []
    assert list((home / "running").iterdir()) == []


def test_a_run_that_this_home_knows_nothing_of_is_left_alone(instance):
    elsewhere = instance.create_run_for_job(breaking, status=dg.DagsterRunStatus.STARTED)
    assert end_dead_runs(instance, get_settings()) == []
    assert instance.get_run_by_id(elsewhere.run_id).status is dg.DagsterRunStatus.STARTED


def test_a_run_shows_that_it_lives_for_as_long_as_it_works(instance, home):
    with alive("some-run", get_settings()):
        assert [path.name for path in (home / "running").iterdir()] == ["some-run"]
    assert list((home / "running").iterdir()) == []


def test_every_job_shows_that_it_lives():
    for name in json.loads((Path(__file__).parent / "definitions.json").read_text())["jobs"]:
        assert any("home" in op.required_resource_keys for op in operations(name)), name


# Checks

BLOCKING = {"daily_prompts_are_complete", "generated_apps_are_complete", "app_evaluations_are_complete"}


def run_checks(instance: dg.DagsterInstance) -> dict[str, dg.AssetCheckEvaluation]:
    """Every check that stands beside its asset, run alone on the stored tables."""
    keys = {key for check in defs.asset_checks or () for key in check.check_keys}
    assert {key.name for key in keys} >= BLOCKING
    selection = dg.AssetSelection.checks(*keys)
    checks = dg.Definitions(
        assets=defs.assets,
        asset_checks=defs.asset_checks,
        resources=defs.resources,
        jobs=[dg.define_asset_job("checks", selection, executor_def=dg.in_process_executor)],
    )
    done = checks.resolve_job_def("checks").execute_in_process(
        instance=instance,
        raise_on_error=False,
        tags={"dagster/partition": DAY},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    return {evaluation.check_name: evaluation for evaluation in done.get_asset_check_evaluations()}


def evidence(evaluation: dg.AssetCheckEvaluation) -> str:
    return " ".join(str(value.value) for value in evaluation.metadata.values())


def test_checks_say_what_is_wrong_and_only_incomplete_data_stops_the_day(instance, home):
    tables = TableStore(home / "tables")

    def write(name: str, rows: list[dict]) -> None:
        tables.replace(name, frame(name, rows))

    write("daily_prompts", [{"date": DAY, "position": 1, "prompt_id": "only-this-one"}])
    app = {**COHORT, "status": "generated", "app_name": "gone", "app_uri": f"apps/{DAY}/template/gone"}
    failed = [{**COHORT, "status": "failed", "prompt_id": f"failed-{n}", "app_name": f"f{n}"} for n in range(3)]
    write("generated_apps", [app | {"prompt_id": "a"}, app | {"prompt_id": "a"}, *failed])
    verdict = {**COHORT, "prompt_id": "a", "app_name": "gone", "outcome": "unknown", "reason": "the | tool <broke>"}
    write("app_evaluations", [verdict | {"metric": metric} for metric in METRICS[:-1]])
    control = {"date": DAY, "control": "blank-page", "metric": "ui_renders", "expected": "fail", "given": "pass"}
    write("evaluator_controls", [control | {"is_right": False, "reason": "saw text"}])
    look = {**COHORT, "prompt_id": "a", "app_name": "gone", "metric": "ui_renders", "first": "pass", "second": "fail"}
    write("evaluator_flakiness", [look | {"flipped": True}])
    write("evaluation_report", [{**COHORT, "total_apps": 5, "success_rate": 0.2, "avg_appeval_100": 41.5}])

    found = run_checks(instance)
    assert not any(evaluation.passed for evaluation in found.values())
    severities = {name: evaluation.severity for name, evaluation in found.items()}
    assert severities == {
        name: dg.AssetCheckSeverity.ERROR if name in BLOCKING else dg.AssetCheckSeverity.WARN for name in found
    }
    said = {name: evidence(evaluation) for name, evaluation in found.items()}
    assert "taxi-daily-trips" in said["daily_prompts_are_complete"]
    assert app["app_uri"] in said["generated_apps_are_complete"]
    assert "0.8" in said["most_prompts_became_apps"]
    assert "failed-1" in said["app_evaluations_are_complete"] and "'a'" in said["app_evaluations_are_complete"]
    assert "the \\| tool &#60;broke&#62;" in said["few_verdicts_are_unknown"]
    assert "blank-page" in said["controls_are_right"] and "saw text" in said["controls_are_right"]
    assert "ui\\_renders | 1 | 1" in said["verdicts_do_not_flip"]
    assert "41.5" in said["quality_is_above_its_floor"]

    write("evaluation_report", [{**COHORT, "total_apps": 5, "success_rate": 0.2, "quarantined": True}])
    write("evaluator_controls", [control | {"is_right": False, "given": "unknown"}])
    found = run_checks(instance)
    assert found["quality_is_above_its_floor"].passed, "a quarantined day says nothing of quality"
    assert found["controls_are_right"].passed, "an unknown control is not a wrong one"

    graph = repository.asset_graph
    assert {key.name for key in graph.asset_check_keys if graph.get(key).blocking} == BLOCKING

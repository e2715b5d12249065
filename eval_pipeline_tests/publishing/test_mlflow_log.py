"""MLflow runs in a real local database: one per cohort, the same however often they are logged.

One database for the whole file, because making it takes seconds; each test has dates of its own.
"""

from __future__ import annotations

import io
import json
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from eval_pipeline.model import Cohort
from eval_pipeline.publishing.mlflow_log import TrackingError, experiment_name, log_report, tracking_uri
from eval_pipeline.reporting.report import load_report
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline_tests.reporting.examples import WRONG_CONTROL, app, failed_generation, report

# MLflow's own tables use a loader that SQLAlchemy 2.1 warns of when they are first read.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")

PARAMETERS = {"prompt_set_version": "3", "prompt_set_hash": "h" * 64, "git_commit": "c" * 40}
SECRET = "dapi-our-own-secret"


@pytest.fixture(scope="module")
def tracked(tmp_path_factory) -> Settings:
    home = tmp_path_factory.mktemp("mlflow-home")
    settings = Settings(_env_file=None, environment="staging", mlflow_tracking_uri=None)  # pyright: ignore[reportCallIssue]
    return settings.model_copy(update={"pipeline_home": home, "databricks_token": SecretStr(SECRET)})


@pytest.fixture
def client(tracked):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri(tracked))


@pytest.fixture
def log(tracked):
    """Logs a report, its apps' sources stored first."""
    store = ArtifactStore(tracked.home)

    def run(built, parameters=PARAMETERS, files: dict[str, str] | None = None):
        for row in built.apps:
            for path, text in ({"src/index.ts": "export {};\n"} | (files or {})).items():
                if row.app_uri:
                    store.write_text(f"{row.app_uri}/{path}", text)
        return log_report(built, store, tracked, parameters)

    return run


def active_runs(client, tracked, date: str):
    experiment = client.get_experiment_by_name(experiment_name(tracked))
    return client.search_runs([experiment.experiment_id], f"tags.`eval.date` = '{date}'")


def artifact(client, run_id: str, path: str) -> bytes:
    from pathlib import Path

    return Path(client.download_artifacts(run_id, path)).read_bytes()


def names(client, run_id: str) -> list[str]:
    return [item.path for folder in (None, "app_sources") for item in client.list_artifacts(run_id, folder)]


def test_each_cohort_becomes_a_run_with_all_that_a_reader_needs(log, client, tracked):
    date = "2026-11-01"
    apps = [
        app("fares", cohort=Cohort(date=date, generator="template")),
        app("tips", {"tests_pass": "no_tests"}, cohort=Cohort(date=date, generator="template"), model="m-1"),
        failed_generation("none", cohort=Cohort(date=date, generator="claude", repeat=2)),
    ]
    built = report(apps, date=date)
    claude, template = log(built, files={".env": "A=1", "notes.txt": SECRET, "node_modules/x/i.js": "x"})
    assert (claude.cohort, template.cohort) == (f"{date}/claude/r2", f"{date}/template")
    assert template.experiment == "/Shared/eval-pipeline/daily-evals-staging"
    run = client.get_run(template.run_id)
    assert run.info.status == "FINISHED" and run.info.run_name == f"{date}/template"
    assert run.data.params == {
        "date": date, "generator": "template", "repeat": "1", "model": "m-1", "generator_version": "1",
        "evaluator_version": "0.1.0", "evaluator_digest": "e" * 64, "isolation": "L3", **PARAMETERS,
    }  # fmt: skip
    figures = run.data.metrics
    assert (figures["success_rate"], figures["tests_pass_rate_failed"], figures["total_apps"]) == (0.5, 1, 2)
    assert (figures["avg_appeval_100"], figures["total_cost_usd"], figures["total_tokens"]) == (95, 1, 3000)
    assert figures["success_rate_low"] < 0.5 < figures["success_rate_high"]
    assert names(client, template.run_id) == [
        "app_metrics.json", "app_sources", "evaluation_report.json", "evaluation_summary.md",
        "app_sources/fares.tar.gz", "app_sources/tips.tar.gz",
    ]  # fmt: skip
    assert load_report(artifact(client, template.run_id, "evaluation_report.json")) == built
    packed = artifact(client, template.run_id, "app_sources/fares.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert tar.getnames() == ["src/index.ts"]
    assert {item.path: item.reason for item in template.left_out}["fares/notes.txt"] == "holds one of our secrets"
    assert client.get_run(claude.run_id).data.metrics["generation_failures"] == 1
    assert (tracked.home / "mlartifacts" / template.run_id).is_dir()


def test_logging_again_changes_nothing_and_the_table_does_not_grow(log, client, tracked, monkeypatch):
    # load_table asks the process's own tracking server, whatever client it is called on.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri(tracked))
    built = report(date="2026-11-02")
    (first,) = log(built)
    (again,) = log(built)
    assert (again.run_id, first.is_changed, again.is_changed) == (first.run_id, True, False)
    table = client.load_table(first.experiment_id, "app_metrics.json", [first.run_id])
    assert list(table["app_name"]) == ["fares", "tips"]
    assert list(table["tests_pass"]) == [True, False]
    assert list(table["tests_pass_failure_code"].fillna("")) == ["", "tests_failed"]
    assert len(client.get_metric_history(first.run_id, "success_rate")) == 1


def test_a_day_judged_again_changes_its_run_in_place(log, client, tracked):
    date, cohort = "2026-11-03", Cohort(date="2026-11-03", generator="template")
    (first,) = log(report([app("fares", cohort=cohort)], date=date))
    (again,) = log(report([app("fares", {"tests_pass": "no_tests"}, cohort=cohort)], date=date, run_id="run-2"))
    assert (again.run_id, again.is_changed) == (first.run_id, True)
    run = client.get_run(again.run_id)
    assert (run.data.metrics["success_rate"], run.data.metrics["avg_appeval_100"]) == (0, 90)
    assert run.data.tags["eval.evaluation_run_id"] == "run-2"
    table = json.loads(artifact(client, again.run_id, "app_metrics.json"))
    assert [row[table["columns"].index("tests_pass")] for row in table["data"]] == [False]


def test_a_day_that_turns_out_quarantined_is_tagged_and_has_no_figure_of_quality(log, client):
    (sound,) = log(report(date="2026-11-15"))
    (run,) = log(report(date="2026-11-15", controls=[WRONG_CONTROL]))
    assert client.get_run(sound.run_id).data.tags["eval.quarantined"] == "false"
    logged = client.get_run(run.run_id).data
    assert logged.tags["eval.quarantined"] == "true"
    assert logged.metrics["total_apps"] == 2 and "success_rate" not in logged.metrics


@pytest.mark.parametrize(
    ("date", "later"),
    [
        ("2026-11-04", {"parameters": PARAMETERS | {"git_commit": "d" * 40}}),
        ("2026-11-05", {"apps": ["fares"]}),
        ("2026-11-06", {"apps": []}),
        ("2026-11-14", {"spec": {"ui_renders": "unknown"}}),
    ],
)
def test_what_mlflow_cannot_change_in_a_run_gets_a_new_one_in_its_place(log, client, tracked, date, later):
    cohort = Cohort(date=date, generator="template")
    (first,) = log(report([app(name, cohort=cohort) for name in ("fares", "tips")], date=date))
    built = report(
        [app(name, later.get("spec"), cohort=cohort) for name in later.get("apps", ("fares", "tips"))], date=date
    )
    (again,) = log(built, later.get("parameters", PARAMETERS))
    runs = active_runs(client, tracked, date)
    assert [run.info.run_id for run in runs] == [again.run_id]
    assert again.run_id != first.run_id
    assert client.get_run(first.run_id).info.lifecycle_stage == "deleted"


def test_a_run_that_was_killed_half_way_is_finished_not_doubled(log, client, tracked):
    date = "2026-11-07"
    log(report(date="2026-11-08"))  # for the experiment
    experiment = client.get_experiment_by_name(experiment_name(tracked))
    half = client.create_run(
        experiment.experiment_id, tags={"eval.cohort": f"{date}/template", "eval.date": date}, start_time=1
    )
    client.log_param(half.info.run_id, "generator", "template")
    client.log_metric(half.info.run_id, "success_rate", 0.5, timestamp=1)
    (logged,) = log(report(date=date))
    assert logged.run_id == half.info.run_id
    assert client.get_run(logged.run_id).info.status == "FINISHED"


def test_runs_that_two_machines_made_at_once_become_one(log, client, tracked):
    date = "2026-11-09"
    (first,) = log(report(date=date))
    tags = {"eval.cohort": f"{date}/template", "eval.date": date}
    client.create_run(first.experiment_id, tags=tags)
    (again,) = log(report(date=date))
    assert [run.info.run_id for run in active_runs(client, tracked, date)] == [first.run_id] == [again.run_id]


def test_parallel_backfills_make_one_run_a_cohort(log, client, tracked):
    built = [report(date=f"2026-11-1{n}") for n in (0, 1, 0, 1)]
    with ThreadPoolExecutor(4) as pool:
        logged = [runs[0].run_id for runs in pool.map(log, built)]
    assert len(set(logged)) == 2


def test_secrets_in_texts_do_not_reach_mlflow(log, client):
    pair = app("x", {"tests_pass": "no_tests"}, cohort=Cohort(date="2026-11-13", generator="template"), reason=SECRET)
    (logged,) = log(report([pair], date="2026-11-13"))
    for name in ("evaluation_report.json", "evaluation_summary.md", "app_metrics.json"):
        assert SECRET.encode() not in artifact(client, logged.run_id, name)


def test_a_tracking_server_that_is_down_is_a_typed_error_after_seconds(tracked, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    down = tracked.model_copy(update={"mlflow_tracking_uri": "http://me:pass-word-1@127.0.0.1:9"})
    started = time.monotonic()
    with pytest.raises(TrackingError, match="the report is stored, log it again later") as caught:
        log_report(report(), ArtifactStore(tracked.home), down, PARAMETERS)
    assert "pass-word-1" not in str(caught.value)
    assert time.monotonic() - started < 30


def test_a_database_that_cannot_be_opened_is_a_typed_error(tracked, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"not a database, but long enough to be looked at" * 100)
    broken = tracked.model_copy(update={"pipeline_home": tmp_path})
    with pytest.raises(TrackingError, match=r"sqlite:.*mlflow\.db could not be written"):
        log_report(report(), ArtifactStore(tmp_path), broken, PARAMETERS)


@pytest.mark.parametrize(
    ("environment", "suffix"), [("production", ""), ("staging", "-staging"), ("development", "-development")]
)
def test_the_experiment_is_named_after_the_environment(environment, suffix):
    settings = Settings(environment=environment)
    assert experiment_name(settings) == "/Shared/eval-pipeline/daily-evals" + suffix

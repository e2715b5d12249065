"""Ctrl+C in the middle of a run: it ends at once, leaves nothing behind, and the next run goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eval_pipeline.settings import PROJECT_ROOT, child_environment


def processes_of(home: Path) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(home).encode() in arguments:
            found.append(arguments.replace(b"\0", b" ").decode(errors="replace")[:200])
    return found


def start_run() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "eval_pipeline", "run", "--max-apps", "1", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(EVAL_CONTROLS_PER_BATCH="1"),
        cwd=PROJECT_ROOT,
        start_new_session=True,
    )


@pytest.mark.timeout(600)
def test_ctrl_c_ends_a_run_at_once_with_one_line_and_the_next_run_goes_on(home):
    process = start_run()
    deadline = time.monotonic() + 120
    while not list(home.glob("scratch/*/evaluation-*/app-*/*")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.05)
    # As a terminal does: to the whole group.
    os.killpg(process.pid, signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 25
    assert (process.returncode, out) == (130, ""), err
    assert [line for line in err.splitlines() if line and not line.startswith("generate ")] == [
        "interrupted: start it again to go on; what is done is kept"
    ]
    assert processes_of(home) == []
    assert list((home / "scratch").iterdir()) == []
    assert list(home.glob("cache/evaluation/*/*")) == [], "a verdict was kept of an app that we ended"

    process = start_run()
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert json.loads(out)["summary"]["success_rate"]["passed"] == 1

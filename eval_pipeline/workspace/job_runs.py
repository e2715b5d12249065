"""Runs of jobs: tasks as processes of this machine, in the order of their dependencies, bounded in time and output.

A task is a Python file (`spark_python_task`) or an entry point of an installed package (`python_wheel_task`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval_pipeline.settings import search_path
from eval_pipeline.workspace.compute import Compute

MAX_LOG = 5_000_000
"""Bytes of a task's output that are kept: its end, as on Databricks."""
MAX_RUNS = 1000
_WHEEL = """
import importlib, importlib.metadata, sys
package, name = sys.argv[1:3]
sys.argv[0:3] = [package]
try:
    found = [e for e in importlib.metadata.distribution(package).entry_points if e.name == name]
except importlib.metadata.PackageNotFoundError:
    found = []
run = found[0].load() if found else getattr(importlib.import_module(package), name)
run()
"""


@dataclass
class Task:
    """One task of a run."""

    run_id: int
    key: str
    given: dict[str, Any]
    state: str = "PENDING"
    result: str | None = None
    message: str = ""
    log: str = ""
    started: float = 0.0
    ended: float = 0.0
    process: subprocess.Popen[bytes] | None = None

    @property
    def needs(self) -> set[str]:
        return {str(item.get("task_key")) for item in self.given.get("depends_on") or []}


@dataclass
class Run:
    """A run of a job, or one that was submitted without a job."""

    run_id: int
    name: str
    tasks: list[Task]
    job_id: int | None = None
    is_cancelled: bool = False
    started: float = field(default_factory=time.time)
    ended: float = 0.0

    @property
    def state(self) -> str:
        return "TERMINATED" if self.ended else "RUNNING"

    @property
    def result(self) -> str | None:
        if not self.ended:
            return None
        if self.is_cancelled:
            return "CANCELED"
        return "SUCCESS" if all(task.result == "SUCCESS" for task in self.tasks) else "FAILED"

    @property
    def message(self) -> str:
        return next((f"Task {t.key} failed: {t.message}" for t in self.tasks if t.result == "FAILED"), "")


class JobRuns:
    """Every run of a workspace. May be used from any thread."""

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._lock = threading.Lock()
        self._numbers = 1000
        self.jobs: dict[int, dict[str, Any]] = {}
        self.runs: dict[int, Run] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="job-runs-"))
        self._is_closed = False

    def number(self) -> int:
        with self._lock:
            self._numbers += 1
            return self._numbers

    def start(self, name: str, tasks: list[dict[str, Any]], job_id: int | None = None) -> Run:
        """Starts a run and returns at once."""
        made = [Task(self.number(), str(task["task_key"]), task) for task in tasks]
        run = Run(self.number(), name, made, job_id)
        with self._lock:
            self.runs[run.run_id] = run
            for old in [r for r in self.runs.values() if r.ended][: max(0, len(self.runs) - MAX_RUNS)]:
                del self.runs[old.run_id]
        threading.Thread(target=self._do, args=(run,), name=f"job-run-{run.run_id}", daemon=True).start()
        return run

    def task(self, run_id: int) -> Task | None:
        with self._lock:
            return next((t for run in self.runs.values() for t in run.tasks if t.run_id == run_id), None)

    def cancel(self, run: Run) -> None:
        run.is_cancelled = True
        for task in run.tasks:
            _kill(task)

    def close(self) -> None:
        """Ends what runs and removes what it wrote."""
        self._is_closed = True
        for run in list(self.runs.values()):
            if not run.ended:
                self.cancel(run)
        deadline = time.monotonic() + 10
        while any(not run.ended for run in self.runs.values()) and time.monotonic() < deadline:
            time.sleep(0.02)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _do(self, run: Run) -> None:
        done: set[str] = set()
        with ThreadPoolExecutor(self._compute.parallel) as pool:
            while waiting := [task for task in run.tasks if task.state == "PENDING"]:
                ready = [task for task in waiting if task.needs <= done]
                if not ready or run.is_cancelled:
                    for task in waiting:
                        task.state, task.result = "TERMINATED", "CANCELED" if run.is_cancelled else "UPSTREAM_FAILED"
                    break
                list(pool.map(lambda task: self._do_task(run, task), ready))
                done |= {task.key for task in ready if task.result == "SUCCESS"}
        run.ended = time.time()

    def _do_task(self, run: Run, task: Task) -> None:
        folder = self._folder / str(task.run_id)
        folder.mkdir()
        task.started, task.state = time.time(), "RUNNING"
        try:
            with (folder / "output").open("wb") as output:
                task.process = subprocess.Popen(
                    _command(task.given),
                    cwd=folder,
                    env=self._environment(folder),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            if run.is_cancelled:
                _kill(task)
            seconds = float(task.given.get("timeout_seconds") or self._compute.timeout_seconds)
            try:
                code = task.process.wait(seconds)
                task.message = "" if code == 0 else f"the process ended with exit code {code}"
            except subprocess.TimeoutExpired:
                task.message = f"the task ran longer than {seconds:g} seconds"
            _kill(task)
            task.process.wait()
        except (OSError, ValueError, KeyError, TypeError) as error:
            task.message = f"the task cannot be started: {error}"
        task.log = _tail(folder / "output")
        task.result = "CANCELED" if run.is_cancelled else "FAILED" if task.message else "SUCCESS"
        task.ended, task.state = time.time(), "TERMINATED"
        shutil.rmtree(folder, ignore_errors=True)

    def _environment(self, folder: Path) -> dict[str, str]:
        """Nothing of our own environment but the PATH: it may hold credentials."""
        basis = {"PATH": search_path(), "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "UTC"}
        python = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUNBUFFERED": "1"}
        return {**basis, **python, "DATABRICKS_CONFIG_FILE": os.devnull, **self._compute.environment}


def _command(given: dict[str, Any]) -> list[str]:
    """Raises KeyError or ValueError for a task that is neither of the two kinds."""
    if python := given.get("spark_python_task"):
        return [sys.executable, "-u", str(python["python_file"]), *map(str, python.get("parameters") or [])]
    if wheel := given.get("python_wheel_task"):
        named = [f"--{name}={value}" for name, value in (wheel.get("named_parameters") or {}).items()]
        words = [*map(str, wheel.get("parameters") or []), *named]
        return [sys.executable, "-c", _WHEEL, str(wheel["package_name"]), str(wheel["entry_point"]), *words]
    raise ValueError("the local workspace runs spark_python_task and python_wheel_task only")


def _kill(task: Task) -> None:
    if task.process is not None:
        # The whole group: what the task started goes with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(task.process.pid, signal.SIGKILL)


def _tail(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MAX_LOG))
        return file.read().decode("utf-8", "replace")

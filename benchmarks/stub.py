"""Cheap apps for long runs, the program that judges a batch of them, and a census of what evaluations leave behind."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.evaluation.controls import GOOD, Edit
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore

STUB = next(control for control in GOOD if control.name == "good-node")
"""One file, no dependencies; it queries, serves and shows like any other."""


BROKEN = (
    Edit("server.js", new="process.exit(3);\n"),
    Edit("package.json", '"start": "node server.js"', '"build": "exit 1", "start": "node server.js"'),
)
"""Faults that end an evaluation early, on other ways than a good app's."""


def write_apps(folder: Path, names: Iterable[str], mark: str, faults: Sequence[Edit | None] = (None,)) -> list[Path]:
    """Apps that differ by `mark` and name, so that no verdict of another is kept for them; `faults` take turns."""
    trees = []
    for number, name in enumerate(names):
        tree = STUB.write(folder / name)
        fault = faults[number % len(faults)]
        if fault is not None:
            fault.apply(tree)
        readme = tree / "README.md"
        readme.write_text(f"{readme.read_text()}\n{mark} {name}\n")
        trees.append(tree)
    return trees


def judge_batch(home: Path, trees: Iterable[Path]) -> None:
    """Judges a batch and prints a line of JSON per app: [name, taken from the cache, outcomes]."""
    with Evaluator(Settings(pipeline_home=home), ArtifactStore(home)) as evaluator:
        apps = [AppUnderTest(t.name, t, f"evidence/2026-01-01/stub/{t.name}") for t in trees]
        for found in evaluator.evaluate(apps, 2, 120):
            outcomes = {metric: result.outcome.value for metric, result in found.results.items()}
            print(json.dumps([found.app_name, found.cached, outcomes]), flush=True)


def left_behind(home: Path, owners: Collection[str]) -> list[str]:
    """Processes, mounts, control groups and files that are still there of evaluations that have ended.

    Args:
        home: of which no sandbox is open any more.
        owners: beginnings of the names of those evaluations' sandboxes, `eval-pipeline-<process id>-…`.
    """
    return [*_processes(home, owners), *_mounts(home, owners), *_groups(owners), *_files(home, owners)]


def _is_of(text: str, owners: Collection[str]) -> bool:
    return any(owner in text for owner in owners)


def _processes(home: Path, owners: Collection[str]) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            is_ours = _is_of((entry / "cgroup").read_text(), owners)
        except OSError:
            continue
        if is_ours or (line and str(home) in line):
            found.append(f"process {entry.name}: {line[:100]}")
    return found


def _mounts(home: Path, owners: Collection[str]) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [f"mount {line.split()[4]}" for line in lines if str(home) in line or _is_of(line, owners)]


def _groups(owners: Collection[str]) -> list[str]:
    root = Path("/sys/fs/cgroup")
    return [f"control group {path}" for path in root.rglob("eval-pipeline-*") if _is_of(path.name, owners)]


def _files(home: Path, owners: Collection[str]) -> list[str]:
    own = [path for name in ("scratch", "sandboxes") if (home / name).exists() for path in (home / name).iterdir()]
    shared = [path for path in Path("/dev/shm").iterdir() if _is_of(path.name, owners)]
    return [f"file {path}" for path in (*own, *shared)]


if __name__ == "__main__":
    judge_batch(Path(sys.argv[1]), map(Path, sys.argv[2:]))

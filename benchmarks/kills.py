"""kill -9 at random moments in a batch of ten: finished verdicts are kept, none is doubled, nothing is left behind."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.stub import left_behind, write_apps
from eval_pipeline.evaluation.cache import FOLDER
from eval_pipeline.model import METRICS

KILLS = 200
APPS = 10
SEED = 20261101
LONGEST_SECONDS = 8.0
"""Beyond what a batch takes to begin, within what it takes to end: kills land in every phase."""


@dataclass
class Tally:
    """`lost` and `changed` name apps whose kept verdicts were gone or judged again after a kill."""

    kills: int = 0
    batches: int = 0
    kept: int = 0
    lost: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)


def run() -> list[str]:
    began = time.monotonic()
    tally = torment(KILLS, APPS, SEED, LONGEST_SECONDS)
    return [
        f"| {tally.kills} kills over {tally.batches} batches of {APPS} | |",
        "| --- | --- |",
        f"| finished apps found again after a kill | {tally.kept} |",
        f"| finished apps lost | {len(tally.lost)} |",
        f"| finished apps judged again or doubled | {len(tally.changed)} |",
        f"| processes, mounts, control groups, files left behind | {len(tally.left)} |",
        f"| minutes | {(time.monotonic() - began) / 60:.1f} |",
        *(f"\n{line}" for line in (*tally.lost, *tally.changed, *tally.left)[:20]),
    ]


def torment(kills: int, apps: int, seed: int, longest_seconds: float) -> Tally:
    """Kills and restarts batches until there were `kills` kills and the last batch has ended."""
    draw = random.Random(seed)
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        while tally.kills < kills:
            tally.batches += 1
            trees = Path(folder) / "apps"
            shutil.rmtree(trees, ignore_errors=True)
            batch = write_apps(trees, [f"app-{i}" for i in range(apps)], f"batch {tally.batches}")
            _one_batch(home, batch, kills, longest_seconds, draw, tally)
        tally.left = left_behind(home, [f"eval-pipeline-{pid}-" for pid in tally.processes])
    return tally


def _one_batch(
    home: Path, batch: list[Path], kills: int, longest_seconds: float, draw: random.Random, tally: Tally
) -> None:
    shutil.rmtree(home / FOLDER, ignore_errors=True)
    argv = [sys.executable, "-m", "benchmarks.stub", str(home), *map(str, batch)]
    finished: dict[str, bytes] = {}
    while True:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tally.processes.append(process.pid)
        if tally.kills >= kills:
            out, err = process.communicate()
        else:
            try:
                out, err = process.communicate(timeout=draw.uniform(0.0, longest_seconds))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                tally.kills += 1
                finished = _check_kept(home, finished, tally)
                continue
        if process.returncode != 0:
            raise SystemExit(f"the batch failed: {err.decode()[-2000:]}")
        _check_kept(home, finished, tally)
        lines = [json.loads(line) for line in out.splitlines()]
        names = [name for name, _, _ in lines]
        if sorted(names) != sorted(tree.name for tree in batch):
            tally.changed.append(f"batch {tally.batches}: {names}")
        if sum(is_cached for _, is_cached, _ in lines) < len(finished):
            tally.changed.append(f"batch {tally.batches}: {len(finished)} were finished, fewer came from the cache")
        tally.lost += [name for name, _, outcomes in lines if set(outcomes) != set(METRICS)]
        return


def _check_kept(home: Path, before: dict[str, bytes], tally: Tally) -> dict[str, bytes]:
    """The entries of finished apps now; those of before must be there, untouched."""
    now: dict[str, bytes] = {}
    for path in (home / FOLDER).rglob("*.json"):
        content = path.read_bytes()
        if len(json.loads(content)["verdicts"]) == len(METRICS):
            now[path.name] = content
    tally.kept += len(before.keys() & now.keys())
    tally.lost += [f"entry {name}" for name in before.keys() - now.keys()]
    tally.changed += [f"entry {name}" for name in before.keys() & now.keys() if before[name] != now[name]]
    return now

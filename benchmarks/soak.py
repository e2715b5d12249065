"""A thousand evaluations in one process: memory, descriptors and time per app at the start and at the end.

A third of the apps are good, a third crash at their start, a third do not build.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.stub import BROKEN, left_behind, write_apps
from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.model import BINARY_METRICS, AppEvaluation, Outcome
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore

EVALUATIONS = 1000
BATCH = 50


def run() -> list[str]:
    rows, left, wrong = soak(EVALUATIONS, BATCH)
    first, last = rows[1] if len(rows) > 2 else rows[0], rows[-1]
    return [
        f"| {EVALUATIONS} evaluations in one process | first {BATCH} after a warm-up | last {BATCH} |",
        "| --- | --- | --- |",
        f"| seconds an app | {first[0]:.2f} | {last[0]:.2f} |",
        f"| memory of the evaluator, MB | {first[1]:.0f} | {last[1]:.0f} |",
        f"| open descriptors | {first[2]} | {last[2]} |",
        "",
        f"Left behind at the end: {len(left)}. Apps judged wrong: {wrong}.",
        *left[:20],
    ]


def soak(evaluations: int, batch: int) -> tuple[list[tuple[float, float, int]], list[str], int]:
    """Rows of (seconds per app, resident MB, descriptors) per batch; what was left behind; wrong verdicts."""
    rows = []
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        store = ArtifactStore(home)
        with Evaluator(Settings(pipeline_home=home), store) as evaluator:
            name = evaluator.sandbox_name
            for start in range(0, evaluations, batch):
                names = [f"app-{start + i}" for i in range(batch)]
                trees = write_apps(Path(folder) / "apps", names, "soak", (None, *BROKEN))
                began = time.monotonic()
                found = evaluator.evaluate(
                    [AppUnderTest(t.name, t, f"evidence/2026-01-01/soak/{t.name}") for t in trees], 2, 120
                )
                seconds = (time.monotonic() - began) / batch
                rows.append((seconds, _resident_mb(), sum(1 for _ in Path("/proc/self/fd").iterdir())))
                wrong += sum(_is_wrong(index, e) for index, e in enumerate(found))
                shutil.rmtree(Path(folder) / "apps")
                shutil.rmtree(home / "evidence", ignore_errors=True)
        return rows, left_behind(home, [name]), wrong


def _is_wrong(index: int, evaluation: AppEvaluation) -> bool:
    code = (None, "crashed_at_start", "build_failed")[index % 3]
    results = [evaluation.results[m] for m in BINARY_METRICS]
    if code is None:
        return any(r.outcome in (Outcome.FAIL, Outcome.UNKNOWN) for r in results)
    return code not in [r.failure_code for r in results]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

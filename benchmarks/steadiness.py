"""A good app judged again and again beside a CPU load: how many verdicts are unknown, and how many are wrong."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.stub import write_apps
from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.model import METRICS, Outcome
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore

EVALUATIONS = 300
LOAD_PER_CORE = 2


def run() -> list[str]:
    count, told = judge_under_load(EVALUATIONS, LOAD_PER_CORE)
    total = sum(count.values())
    return [
        f"| {EVALUATIONS} evaluations of a good app beside {LOAD_PER_CORE} busy processes a core | verdicts |",
        "| --- | --- |",
        f"| as they should be | {count['right']} of {total} |",
        f"| unknown (aim: under 0.5 %) | {count['unknown']} ({100 * count['unknown'] / total:.2f} %) |",
        f"| wrong (aim: 0) | {count['wrong']} |",
        *(f"\n{line}" for line in told[:20]),
    ]


def judge_under_load(evaluations: int, load_per_core: int) -> tuple[Counter[str], list[str]]:
    """Counts of right, unknown and wrong verdicts, and what was said of those that were not right."""
    count: Counter[str] = Counter()
    told: list[str] = []
    context = multiprocessing.get_context("spawn")
    burners = [context.Process(target=_burn, daemon=True) for _ in range(load_per_core * (os.cpu_count() or 1))]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        trees = write_apps(Path(folder) / "apps", [f"app-{i}" for i in range(evaluations)], "steady")
        apps = [AppUnderTest(t.name, t, f"evidence/2026-01-01/steady/{t.name}") for t in trees]
        for burner in burners:
            burner.start()
        try:
            with Evaluator(Settings(pipeline_home=home), ArtifactStore(home)) as evaluator:
                found = evaluator.evaluate(apps, 2, 300, use_cache=False)
        finally:
            for burner in burners:
                burner.kill()
                burner.join()
    for evaluation in found:
        for metric in METRICS:
            result = evaluation.results[metric]
            right = Outcome.NOT_APPLICABLE if metric == "type_safety" else Outcome.PASS
            kind = "right" if result.outcome is right else "unknown" if result.outcome is Outcome.UNKNOWN else "wrong"
            count[kind] += 1
            if kind != "right":
                told.append(f"{evaluation.app_name} {metric}: {result.outcome} {result.failure_code} {result.reason}")
    return count, told


def _burn() -> None:
    while True:
        sum(range(10_000))

"""The verdict table: every control, every mutant and every foreign app, each metric expected beside given."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.evaluation.controls import GOOD, MUTANTS
from eval_pipeline.model import METRICS, AppEvaluation, Outcome
from eval_pipeline.settings import get_settings
from eval_pipeline.storage.artifacts import ArtifactStore

FOREIGN = Path(__file__).with_name("foreign")
"""Apps that came from no template of ours, written by people who had not read the evaluator; expected.json is their
truth, established by hand before any of them was judged."""


@dataclass(frozen=True)
class Case:
    """`expected` maps every metric to its outcome."""

    name: str
    family: str
    tree: Path
    expected: Mapping[str, str]


def run() -> list[str]:
    settings = get_settings()
    with tempfile.TemporaryDirectory() as folder:
        cases = [*_controls(Path(folder)), *_foreign()]
        with Evaluator(settings, ArtifactStore(Path(folder) / "store")) as evaluator:
            found = evaluator.evaluate(
                [AppUnderTest(c.name, c.tree, f"evidence/verdicts/{c.name}") for c in cases],
                settings.parallel_apps,
                settings.app_timeout_seconds,
                use_cache=False,
            )
    return _table(cases, found)


def _controls(folder: Path) -> list[Case]:
    return [
        Case(
            control.name,
            f"{control.base.split('/')[0]} {'mutant' if control.breaks else 'good'}",
            control.write(folder / control.name),
            {metric: control.expected(metric).value for metric in METRICS},
        )
        for control in (*GOOD, *MUTANTS)
    ]


def _foreign() -> list[Case]:
    listed = json.loads((FOREIGN / "expected.json").read_text()) if FOREIGN.exists() else {}
    return [Case(name, "foreign", FOREIGN / name, entry["metrics"]) for name, entry in sorted(listed.items())]


def _table(cases: list[Case], found: list[AppEvaluation]) -> list[str]:
    lines = ["| apps | number | verdicts | as expected | unknown | wrong |", "| --- | --- | --- | --- | --- | --- |"]
    notes: list[str] = []
    for family in dict.fromkeys(case.family for case in cases):
        pairs = [(c, e) for c, e in zip(cases, found, strict=True) if c.family == family]
        right = unknown = wrong = 0
        for case, evaluation in pairs:
            for metric in METRICS:
                given = evaluation.results[metric]
                if given.outcome == case.expected[metric]:
                    right += 1
                    continue
                unknown += given.outcome is Outcome.UNKNOWN
                wrong += given.outcome is not Outcome.UNKNOWN
                notes.append(
                    f"- {case.name} {metric}: expected {case.expected[metric]}, given {given.outcome.value} "
                    f"({given.failure_code or ''} {given.reason[:160]})"
                )
        lines.append(f"| {family} | {len(pairs)} | {right + unknown + wrong} | {right} | {unknown} | {wrong} |")
    return [*lines, "", *notes]

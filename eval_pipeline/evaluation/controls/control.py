"""What a control is: a hand-written app, the edits that break it, and the nine outcomes that a sound evaluator
gives."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from eval_pipeline.model import METRICS, AppEvaluation, ControlVerdict, InputError, Outcome

HERE = Path(__file__).parent

ALONE = frozenset({"type_safety", "tests_pass"})
"""Metrics judged apart from the one build, start and visit that all others share."""


@dataclass(frozen=True)
class Edit:
    """One change of one file: `old` is replaced by `new`; without `old` the file is written; without both it is
    deleted."""

    path: str
    old: str | None = None
    new: str | None = None

    def apply(self, tree: Path) -> None:
        """Raises InputError when the text to replace is not there exactly once: the control and its mutant have
        parted."""
        path = tree / self.path
        if self.new is None:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            return
        if self.old is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.new, encoding="utf-8")
            return
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise InputError(f"control edit of {self.path}: {self.old[:60]!r} is there {text.count(self.old)} times")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True)
class Control:
    """An app with known verdicts.

    `breaks` is the one metric at fault (None for a good app) and `code` its failure code. `fails` are further
    metrics that the same fault fails in their own right, with their codes. `blocks` follow from it: by code
    `blocked_by:`. All others pass.
    """

    name: str
    base: str = "trpc/good"
    breaks: str | None = None
    code: str | None = None
    edits: tuple[Edit, ...] = ()
    fails: dict[str, str] = field(default_factory=dict)
    blocks: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()

    def write(self, target: Path) -> Path:
        """Writes the app to a new folder."""
        shutil.copytree(HERE / self.base, target, ignore=shutil.ignore_patterns("node_modules", "dist"))
        for edit in self.edits:
            edit.apply(target)
        return target

    @property
    def stack(self) -> str:
        """The stack it is of: the folder of its app."""
        return self.base.partition("/")[0]

    @property
    def judged(self) -> tuple[str, ...]:
        """Metrics it is judged by: a good app by all, a mutant by what its fault reaches.

        One build, start and visit serve seven metrics, so a fault in any of them is judged by all seven; that it
        leaves types and tests alone costs as much again to see, and the good app and the suite of tests see it.
        """
        if self.breaks is None:
            return METRICS
        reached = set(self.failing) | set(self.blocks)
        if reached - ALONE:
            reached |= set(METRICS) - ALONE
        return tuple(metric for metric in METRICS if metric in reached)

    @property
    def failing(self) -> dict[str, str]:
        """Metrics that fail in their own right, with their codes."""
        return self.fails | ({self.breaks: self.code} if self.breaks and self.code else {})

    def expected(self, metric: str) -> Outcome:
        if metric in self.not_applicable:
            return Outcome.NOT_APPLICABLE
        return Outcome.FAIL if metric in self.failing or metric in self.blocks else Outcome.PASS


@dataclass(frozen=True)
class JudgedControls:
    """A batch's control verdicts. `seconds` is the wall time of all, `seconds_of` that of each."""

    verdicts: tuple[ControlVerdict, ...]
    seconds: float
    seconds_of: dict[str, float]


def verdicts_on(control: Control, evaluation: AppEvaluation) -> list[ControlVerdict]:
    """Every metric that the control is judged by, as expected beside as given."""
    return [
        ControlVerdict(
            control=control.name,
            stack=control.stack,
            metric=metric,
            expected=control.expected(metric),
            given=result.outcome,
            failure_code=result.failure_code,
            reason=result.reason,
        )
        for metric, result in ((metric, evaluation.results[metric]) for metric in control.judged)
    ]

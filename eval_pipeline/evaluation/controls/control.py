"""What a control is: a hand-written app, the edits that break it, and the nine outcomes that a sound evaluator
gives."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from eval_pipeline.model import METRICS, AppEvaluation, ControlVerdict, InputError, Outcome

HERE = Path(__file__).parent


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
    def failing(self) -> dict[str, str]:
        """Metrics that fail in their own right, with their codes."""
        return self.fails | ({self.breaks: self.code} if self.breaks and self.code else {})

    def expected(self, metric: str) -> Outcome:
        if metric in self.not_applicable:
            return Outcome.NOT_APPLICABLE
        return Outcome.FAIL if metric in self.failing or metric in self.blocks else Outcome.PASS


def controls_for(date: dt.date, count: int) -> list[Control]:
    """The good app and `count` mutants of the date.

    The mutants come round metric by metric, `count` a day, so that with the default of 2 every metric is
    covered within a week; which mutant stands for a metric changes from round to round.
    """
    from eval_pipeline.evaluation.controls.registry import GOOD, MUTANTS

    by_metric = [[m for m in MUTANTS if m.breaks == metric] for metric in METRICS]
    first = date.toordinal() * count
    chosen: list[Control] = []
    for place in range(first, first + min(count, len(MUTANTS))):
        turn, metric = divmod(place, len(by_metric))
        mutants = by_metric[metric]
        chosen.append(mutants[turn % len(mutants)])
    return [GOOD[0], *_unique(chosen)]


def _unique(controls: list[Control]) -> list[Control]:
    return list({c.name: c for c in controls}.values())


def verdicts_on(control: Control, evaluation: AppEvaluation) -> list[ControlVerdict]:
    """Every metric as expected beside as given."""
    return [
        ControlVerdict(
            control=control.name,
            metric=metric,
            expected=control.expected(metric),
            given=result.outcome,
            failure_code=result.failure_code,
            reason=result.reason,
        )
        for metric, result in evaluation.results.items()
    ]

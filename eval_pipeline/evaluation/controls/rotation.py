"""Which controls a batch carries: a pure function of the date and the stacks in the batch."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Collection, Sequence

from eval_pipeline.evaluation.controls.control import Control
from eval_pipeline.evaluation.controls.registry import GOOD, MUTANTS
from eval_pipeline.model import METRICS

CYCLE_DAYS = 7
"""Within so many days every mutant of the stacks comes round, when that many fit."""


def controls_for(
    date: dt.date,
    stacks: Collection[str],
    count: int,
    good: Sequence[Control] = GOOD,
    mutants: Sequence[Control] = MUTANTS,
) -> list[Control]:
    """One good app of each stack, and at most `count` mutants of these stacks.

    A stack with several good apps shows them in turn. A batch without any stack that has controls (nothing was
    generated) carries those of the first.
    """
    known = {control.stack for control in good}
    wanted = sorted(known & set(stacks)) or [good[0].stack]
    chosen = []
    for stack in wanted:
        of_stack = [control for control in good if control.stack == stack]
        chosen.append(of_stack[date.toordinal() % len(of_stack)])
    return chosen + mutants_for(date, [mutant for mutant in mutants if mutant.stack in wanted], count)


def mutants_for(date: dt.date, mutants: Sequence[Control], count: int) -> list[Control]:
    """The date's mutants: its share of the cycle, then those that cover a metric the share leaves out.

    The cycle is a week, longer when `count` a day do not get round in one. Once every metric has a mutant that fails
    it, no more are added.
    """
    if not mutants:
        return []
    days = max(CYCLE_DAYS, math.ceil(len(mutants) / count))
    chosen = _shares(mutants, days)[date.toordinal() % days]
    while len(chosen) < count:
        covered = {metric for mutant in chosen for metric in mutant.failing}
        gains = {m.name: len(set(m.failing) - covered) for m in mutants}
        best = max(mutants, key=lambda m: (gains[m.name], _draw(date, m)))
        if not gains[best.name]:
            break
        chosen.append(best)
    return chosen


def _shares(mutants: Sequence[Control], days: int) -> list[list[Control]]:
    """Every mutant on one of the days, as many a day, and those of one metric on different days."""
    shares: list[list[Control]] = [[] for _ in range(days)]
    ordered = sorted(mutants, key=lambda m: (METRICS.index(m.breaks or METRICS[0]), m.stack, m.name))
    for mutant in ordered:
        least = min(
            shares,
            key=lambda share: (len(share), len(set(mutant.failing) & {metric for m in share for metric in m.failing})),
        )
        least.append(mutant)
    return shares


def _draw(date: dt.date, mutant: Control) -> str:
    return hashlib.sha256(f"{date}\0{mutant.name}".encode()).hexdigest()

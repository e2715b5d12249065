"""Judging some of a day's apps a second time, to see whether the evaluator gives the same verdict twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from eval_pipeline.model import AppEvaluation, GeneratedApp

SHARE = 0.05
"""Of the batch's generated apps; at least one a day."""

Judged = tuple[GeneratedApp, AppEvaluation]


def draw_apps(date: str, judged: Sequence[Judged]) -> list[Judged]:
    """The apps to judge again: those with the least hash of date and app, so that the same day draws the same apps."""
    there = [pair for pair in judged if pair[0].status == "generated" and pair[1].digest]
    if not there:
        return []
    count = max(1, int(SHARE * len(there) + 0.5))
    return sorted(there, key=lambda pair: _draw(date, *pair))[:count]


def _draw(date: str, app: GeneratedApp, evaluation: AppEvaluation) -> str:
    key = "\0".join((date, evaluation.digest, str(app.cohort), app.prompt.id))
    return hashlib.sha256(key.encode()).hexdigest()

"""Scores of five points: each is won or lost for a reason, and lost points that another metric answers for are
marked so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval_pipeline.evaluation.codes import BLOCKED_BY
from eval_pipeline.evaluation.verdicts import failed, passed
from eval_pipeline.model import MAX_SCORE, MetricResult


@dataclass(frozen=True)
class Point:
    """One of the five points; `code` is empty when it is won."""

    name: str
    code: str = ""
    reason: str = ""


def blocked_point(name: str, by: str) -> Point:
    return Point(name, BLOCKED_BY + by, f"{by} failed")


def score(metric: str, points: Sequence[Point]) -> MetricResult:
    """Passes with all five. Else the code of the first point lost here; `blocked_by:` only if every lost one is."""
    assert len(points) == MAX_SCORE
    listed = [{"point": p.name, "won": not p.code, "code": p.code, "reason": p.reason} for p in points]
    lost = [p for p in points if p.code]
    if not lost:
        return passed(metric, points=listed)
    first = next((p for p in lost if not p.code.startswith(BLOCKED_BY)), lost[0])
    reason = "; ".join(f"{p.name}: {p.reason}" for p in lost)
    return failed(metric, first.code, reason, value=float(MAX_SCORE - len(lost)), points=listed)

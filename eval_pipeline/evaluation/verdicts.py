"""Makers of metric results, so that every verdict is complete and every failure code is a listed one."""

from __future__ import annotations

from typing import Any

from eval_pipeline.evaluation.codes import BLOCKED_BY, codes_of
from eval_pipeline.model import MAX_SCORE, SCORED_METRICS, MetricResult, Outcome

REASON_LIMIT = 400


def passed(metric: str, seconds: float = 0.0, reason: str = "", **evidence: Any) -> MetricResult:
    value = float(MAX_SCORE) if metric in SCORED_METRICS else 1.0
    return MetricResult(
        metric=metric, outcome=Outcome.PASS, value=value, reason=short(reason), seconds=seconds, evidence=evidence
    )


def failed(
    metric: str, code: str, reason: str, seconds: float = 0.0, value: float = 0.0, **evidence: Any
) -> MetricResult:
    """A failure of the app's doing.

    Raises:
        ValueError: the code is not listed for the metric.
    """
    if not code.startswith(BLOCKED_BY) and code not in codes_of(metric):
        raise ValueError(f"{code!r} is not a failure code of {metric}: list it in evaluation/codes.py")
    return MetricResult(
        metric=metric,
        outcome=Outcome.FAIL,
        value=value,
        failure_code=code,
        reason=short(reason),
        seconds=seconds,
        evidence=evidence,
    )


def blocked(metric: str, by: str, value: float = 0.0, **evidence: Any) -> MetricResult:
    return failed(metric, BLOCKED_BY + by, f"not judged: {by} failed", value=value, **evidence)


def unknown(metric: str, reason: str, seconds: float = 0.0, **evidence: Any) -> MetricResult:
    return MetricResult(
        metric=metric, outcome=Outcome.UNKNOWN, reason=short(reason), seconds=seconds, evidence=evidence
    )


def not_applicable(metric: str, reason: str) -> MetricResult:
    return MetricResult(metric=metric, outcome=Outcome.NOT_APPLICABLE, reason=short(reason))


def short(text: str, limit: int = REASON_LIMIT) -> str:
    """One bounded line of printable text: reasons come from apps' logs, and reports show them."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"

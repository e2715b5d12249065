"""Composite scores over the nine results of an app. Formulas: docs/METRICS.md."""

from __future__ import annotations

import math
from collections.abc import Mapping

from eval_pipeline.model import (
    BINARY_METRICS,
    MAX_SCORE,
    SCORED_METRICS,
    GenerationMetrics,
    MetricResult,
    Outcome,
    Value,
)

FLOOR = 1e-6
"""Least factor of a geometric mean: one zero must lower the product, not erase what the rest says."""

_R_FACTORS = ("build_success", "runtime_success", "type_safety", "tests_pass", "databricks_connectivity")


class Bounded(Value):
    """A score, with the least and the most it could be; `value` is None while something is unknown."""

    value: float | None
    low: float | None
    high: float | None


def fraction(result: MetricResult) -> float | None:
    """The result as 0..1; None when unknown or not applicable."""
    if result.outcome in (Outcome.UNKNOWN, Outcome.NOT_APPLICABLE):
        return None
    if result.metric in SCORED_METRICS:
        return (result.value or 0.0) / MAX_SCORE
    return 1.0 if result.outcome is Outcome.PASS else 0.0


def appeval_100(results: Mapping[str, MetricResult], weights: Mapping[str, float]) -> Bounded:
    """Weighted mean of the applicable metrics times 100.

    Not-applicable metrics are left out and the other weights renormalised. With an unknown, `value` is None and
    the bounds are the scores were every unknown 0, and 1. With nothing applicable all three are None.
    """
    judged = {name: r for name, r in results.items() if r.outcome is not Outcome.NOT_APPLICABLE}
    total = sum(weights[name] for name in judged)
    if total <= 0:
        return Bounded(value=None, low=None, high=None)
    unknown = [name for name, r in judged.items() if r.outcome is Outcome.UNKNOWN]
    known = math.fsum(weights[name] * (fraction(r) or 0.0) for name, r in judged.items())
    low = 100 * known / total
    high = 100 * (known + math.fsum(weights[name] for name in unknown)) / total
    return Bounded(value=None if unknown else low, low=low, high=min(high, 100.0))


def appeval_100_gm(results: Mapping[str, MetricResult]) -> float | None:
    """The older product form `100·(0.7·R + 0.3·D)·G`; None with an unknown among its metrics, or with no factor
    left."""
    used = [results[name] for name in (*_R_FACTORS, *SCORED_METRICS)]
    if any(r.outcome is Outcome.UNKNOWN for r in used):
        return None
    r = _geometric_mean([fraction(results[name]) for name in _R_FACTORS])
    d = _geometric_mean([fraction(results[name]) for name in SCORED_METRICS])
    if r is None and d is None:
        return None
    mean = 0.7 * r + 0.3 * d if r is not None and d is not None else (d if r is None else r)
    assert mean is not None
    gate = 1.0
    for name, floor in (("build_success", 0.25), ("runtime_success", 0.25), ("databricks_connectivity", 0.5)):
        share = fraction(results[name])
        if share is not None:
            gate *= floor + (1 - floor) * share
    return 100 * mean * gate


def _geometric_mean(fractions: list[float | None]) -> float | None:
    known = [max(f, FLOOR) for f in fractions if f is not None]
    return math.exp(math.fsum(map(math.log, known)) / len(known)) if known else None


def eff_units(metrics: GenerationMetrics) -> float | None:
    """What making the app took: tokens/1000 (cache reads not counted) + turns + validation runs; None when none
    is known."""
    parts = (
        None if metrics.input_tokens is None else metrics.input_tokens / 1000,
        None if metrics.output_tokens is None else metrics.output_tokens / 1000,
        metrics.turns,
        metrics.validation_runs,
    )
    known = [part for part in parts if part is not None]
    return math.fsum(known) if known else None


def success(results: Mapping[str, MetricResult]) -> bool | None:
    """Whether metrics 1–7 all pass, not-applicable ones ignored.

    None with an unknown among them, or with nothing applicable.
    """
    outcomes = {results[name].outcome for name in BINARY_METRICS} - {Outcome.NOT_APPLICABLE}
    if not outcomes or Outcome.UNKNOWN in outcomes:
        return None
    return outcomes == {Outcome.PASS}

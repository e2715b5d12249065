"""Rates, averages and totals that say how much they rest on.

Every figure carries its n, what is unknown, and an interval. Nothing is dropped silently: what cannot be counted is
counted as such. No report layout here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist

from pydantic import Field

from eval_pipeline.model import Outcome, Value

CONFIDENCE = 0.95

_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)

_DIGITS = 6
"""Decimals kept: a report is read, compared and published, and the seventh decimal is noise."""


class Rate(Value):
    """A share of apps. `rate`, `low` and `high` are None when nothing could be judged."""

    rate: float | None = Field(ge=0, le=1, description="passed / (passed + failed)")
    passed: int = Field(ge=0)
    failed: int = Field(ge=0)
    unknown: int = Field(ge=0, description="Not judged for a reason of the evaluator's own; not in the rate")
    not_applicable: int = Field(ge=0, description="No meaning for the app's stack; not in the rate")
    low: float | None = Field(ge=0, le=1, description="Lower end of the 95 % Wilson interval")
    high: float | None = Field(ge=0, le=1, description="Upper end of the 95 % Wilson interval")
    worst: float | None = Field(ge=0, le=1, description="The rate if every unknown had failed")
    best: float | None = Field(ge=0, le=1, description="The rate if every unknown had passed")

    @property
    def n(self) -> int:
        """Apps that the rate rests on."""
        return self.passed + self.failed


class Average(Value):
    """A mean over apps. `value` is over the `n` known ones."""

    value: float | None = Field(description="Mean of the known values; null when there is none")
    n: int = Field(ge=0, description="Apps with a known value")
    n_unknown: int = Field(ge=0, description="Apps whose value is not known; not in the mean")
    n_not_applicable: int = Field(ge=0, description="Apps for whose stack the value has no meaning; not in the mean")
    low: float | None = Field(
        description="The mean over known and unknown apps if every unknown had its lowest possible value"
    )
    high: float | None = Field(
        description="The same with every unknown at its highest possible value; null when that has no limit"
    )
    ci_low: float | None = Field(
        description="Lower end of Student's 95 % interval for the mean of the known values; "
        "null when n is under 2 or all values are equal, because the spread is not known then"
    )
    ci_high: float | None = Field(description="Upper end of the same interval")


class Total(Value):
    """A sum over apps. `value` is a lower bound while `n_unknown` is not 0."""

    value: float | None = Field(description="Sum of the known values; null when there is none")
    n: int = Field(ge=0, description="Apps with a known value")
    n_unknown: int = Field(ge=0, description="Apps whose value is not known; not in the sum")


def rate(outcomes: Iterable[Outcome]) -> Rate:
    """The rate of outcomes with its Wilson 95 % interval.

    The interval is Wilson's (1927, doi:10.1080/01621459.1927.10502953): it keeps its coverage at the small n and high
    rates of a day's cohort, where the usual normal interval covers 65 % instead of 95.
    """
    counts = dict.fromkeys(Outcome, 0)
    for outcome in outcomes:
        counts[outcome] += 1
    passed, failed, unknown = counts[Outcome.PASS], counts[Outcome.FAIL], counts[Outcome.UNKNOWN]
    judged, possible = passed + failed, passed + failed + unknown
    low, high = wilson(passed, judged)
    return Rate(
        rate=_round(passed / judged) if judged else None,
        passed=passed,
        failed=failed,
        unknown=unknown,
        not_applicable=counts[Outcome.NOT_APPLICABLE],
        low=low,
        high=high,
        worst=_round(passed / possible) if possible else None,
        best=_round((passed + unknown) / possible) if possible else None,
    )


def wilson(passed: int, n: int) -> tuple[float | None, float | None]:
    """Wilson's 95 % interval of `passed` of `n`, as shares; (None, None) when n is 0.

    In closed form: importing scipy.stats for it takes longer than judging ten unchanged apps. A test holds it equal to
    `scipy.stats.binomtest(passed, n).proportion_ci(method="wilson")`.
    """
    if n == 0:
        return None, None
    share = passed / n
    middle = share + _Z**2 / (2 * n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    scale = 1 + _Z**2 / n
    # Rounded outwards, and pinned at the ends: floating point must not put the rate outside its interval.
    low, high = _floor((middle - half) / scale), _ceil((middle + half) / scale)
    return (0.0 if passed == 0 else low), (1.0 if passed == n else high)


def average(
    known: Sequence[float],
    unknown: Sequence[tuple[float, float | None]] = (),
    not_applicable: int = 0,
    scale: tuple[float, float | None] = (0.0, None),
) -> Average:
    """The mean of `known` with its interval, and its bounds over what is unknown.

    Args:
        known: one value per app.
        unknown: (lowest, highest) possible value per app that has none; highest None when it has no limit.
        not_applicable: apps for which the value has no meaning.
        scale: ends of the scale, to which Student's interval is clipped.
    """
    n = len(known)
    total = n + len(unknown)
    ci_low, ci_high = _student(known, scale)
    highest = [high for _, high in unknown]
    return Average(
        value=_round(math.fsum(known) / n) if n else None,
        n=n,
        n_unknown=len(unknown),
        n_not_applicable=not_applicable,
        low=_round(math.fsum([*known, *(low for low, _ in unknown)]) / total) if total else None,
        high=None
        if None in highest or not total
        else _round(math.fsum([*known, *(high for high in highest if high is not None)]) / total),
        ci_low=ci_low,
        ci_high=ci_high,
    )


def total(values: Iterable[float | None]) -> Total:
    """The sum of the values that are known, with how many are not."""
    values = list(values)
    known = [value for value in values if value is not None]
    return Total(value=_round(math.fsum(known)) if known else None, n=len(known), n_unknown=len(values) - len(known))


def _student(known: Sequence[float], scale: tuple[float, float | None]) -> tuple[float | None, float | None]:
    """Student's 95 % interval of the mean, clipped to the scale (Student 1908, doi:10.1093/biomet/6.1.1)."""
    n = len(known)
    if n < 2 or min(known) == max(known):
        return None, None
    from scipy.special import stdtrit  # the quantile alone: scipy.stats takes seconds to import

    mean = math.fsum(known) / n
    error = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / (n - 1) / n)
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * error
    bottom, top = scale
    return max(bottom, _floor(mean - half)), min(math.inf if top is None else top, _ceil(mean + half))


def _round(value: float) -> float:
    return round(value, _DIGITS)


def _floor(value: float) -> float:
    return math.floor(value * 10**_DIGITS) / 10**_DIGITS


def _ceil(value: float) -> float:
    return math.ceil(value * 10**_DIGITS) / 10**_DIGITS

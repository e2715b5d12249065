"""Rates, averages and totals: what they hold for any input, and figures known from elsewhere."""

from __future__ import annotations

from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.model import Outcome
from eval_pipeline.reporting.statistics import average, rate, total, wilson

quick = settings(max_examples=60, deadline=None, database=None)
outcomes = st.lists(st.sampled_from(Outcome), max_size=40)
scores = st.lists(st.floats(0, 100), max_size=30)
bounds = st.lists(st.tuples(st.floats(0, 50), st.floats(50, 100)), max_size=10)


def test_the_wilson_interval_is_the_published_one():
    # Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857), table I, method 3: 81 of 263, 15 of 148, 0 of 20.
    for passed, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert wilson(passed, n) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_the_intervals_are_those_of_scipy():
    from scipy.stats import binomtest, t

    for n in (1, 2, 7, 10, 400):
        for passed in {0, 1, n // 2, n - 1, n}:
            theirs = binomtest(passed, n).proportion_ci(0.95, method="wilson")
            assert wilson(passed, n) == (pytest.approx(theirs.low, abs=2e-6), pytest.approx(theirs.high, abs=2e-6))
    known = [61.5, 90.0, 97.5, 100.0]
    low, high = t.interval(0.95, 3, loc=fmean(known), scale=stdev(known) / 2)
    found = average(known)
    assert (found.ci_low, found.ci_high) == (pytest.approx(low, abs=2e-6), pytest.approx(high, abs=2e-6))


@quick
@given(outcomes)
def test_every_outcome_is_counted_and_the_bounds_hold_the_rate(given_outcomes):
    found = rate(given_outcomes)
    assert found.passed + found.failed + found.unknown + found.not_applicable == len(given_outcomes)
    if found.n == 0:
        assert (found.rate, found.low, found.high) == (None, None, None)
    else:
        assert found.rate is not None and found.low is not None and found.high is not None
        assert 0 <= found.low <= found.rate <= found.high <= 1
        assert found.low < found.high
        assert found.worst is not None and found.best is not None
        assert found.worst <= found.rate <= found.best
    if found.unknown == 0:
        assert found.worst == found.rate == found.best


@quick
@given(outcomes)
def test_worst_and_best_are_what_the_rate_becomes_when_every_unknown_is_settled(given_outcomes):
    found = rate(given_outcomes)
    as_failed = rate([Outcome.FAIL if o is Outcome.UNKNOWN else o for o in given_outcomes])
    as_passed = rate([Outcome.PASS if o is Outcome.UNKNOWN else o for o in given_outcomes])
    assert (found.worst, found.best) == (as_failed.rate, as_passed.rate)


def test_unknowns_alone_leave_the_rate_open_from_nothing_to_all():
    found = rate([Outcome.UNKNOWN] * 3)
    assert (found.rate, found.worst, found.best) == (None, 0.0, 1.0)


def test_no_apps_have_no_rate_and_no_average():
    assert rate([]).model_dump(exclude_none=True) == {"passed": 0, "failed": 0, "unknown": 0, "not_applicable": 0}
    assert average([]).model_dump(exclude_none=True) == {"n": 0, "n_unknown": 0, "n_not_applicable": 0}
    assert total([]).value is None


@quick
@given(scores, bounds)
def test_an_average_lies_in_its_intervals(known, unknown):
    found = average(known, unknown, scale=(0, 100))
    assert (found.n, found.n_unknown) == (len(known), len(unknown))
    if found.value is not None and found.ci_low is not None and found.ci_high is not None:
        assert 0 <= found.ci_low <= found.value <= found.ci_high <= 100
    if found.low is not None and found.high is not None:
        assert found.low <= found.high
    if known and not unknown:
        assert found.low == found.value == found.high


@quick
@given(scores, bounds, st.floats(0, 1))
def test_however_the_unknowns_turn_out_the_average_stays_in_its_bounds(known, unknown, share):
    found = average(known, unknown)
    settled = average([*known, *(low + share * (high - low) for low, high in unknown)])
    if settled.value is not None:
        assert found.low is not None and found.high is not None
        assert found.low - 1e-6 <= settled.value <= found.high + 1e-6


def test_students_interval_is_the_textbook_one():
    # 1..5: mean 3, s = sqrt(2.5), t(0.975, 4) = 2.7764, half width 1.9633.
    found = average([1, 2, 3, 4, 5])
    assert (found.ci_low, found.ci_high) == (pytest.approx(1.0367, abs=1e-3), pytest.approx(4.9633, abs=1e-3))


def test_equal_values_and_single_ones_claim_no_interval():
    assert average([100.0] * 10).ci_low is None
    assert average([42.0]).ci_high is None


def test_an_unknown_without_a_limit_leaves_the_upper_bound_open():
    found = average([10.0], [(0, None)])
    assert (found.value, found.low, found.high) == (10.0, 5.0, None)


def test_a_total_says_how_many_it_does_not_hold():
    assert total([1.0, None, 2.5]).model_dump() == {"value": 3.5, "n": 2, "n_unknown": 1}
    assert total([None]).model_dump() == {"value": None, "n": 0, "n_unknown": 1}

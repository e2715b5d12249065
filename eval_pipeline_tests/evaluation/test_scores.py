from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.evaluation.scores import appeval_100, appeval_100_gm, eff_units, success
from eval_pipeline.evaluation.verdicts import failed, not_applicable, passed, unknown
from eval_pipeline.model import BINARY_METRICS, METRICS, SCORED_METRICS, GenerationMetrics, MetricResult, Outcome
from eval_pipeline.settings import DEFAULT_WEIGHTS


def results(local: float = 5, deploy: float = 5, outcomes: dict[str, Outcome] | None = None) -> dict[str, MetricResult]:
    outcomes = outcomes or {}
    found = {m: _result(m, outcomes.get(m, Outcome.PASS)) for m in METRICS}
    for metric, value in zip(SCORED_METRICS, (local, deploy), strict=True):
        if metric not in outcomes:
            outcome = Outcome.PASS if value == 5 else Outcome.FAIL
            found[metric] = MetricResult(metric=metric, outcome=outcome, value=value)
    return found


def _result(metric: str, outcome: Outcome) -> MetricResult:
    if outcome is Outcome.FAIL:
        return failed(metric, "not_generated", "x")
    if outcome is Outcome.UNKNOWN:
        return unknown(metric, "x")
    return not_applicable(metric, "x") if outcome is Outcome.NOT_APPLICABLE else passed(metric)


def test_all_five_binary_passes_and_two_fours_give_94_in_the_product_form() -> None:
    assert appeval_100_gm(results(4, 4)) == pytest.approx(94.0)


def test_failing_tests_alone_give_34_4_in_the_product_form() -> None:
    assert appeval_100_gm(results(outcomes={"tests_pass": Outcome.FAIL})) == pytest.approx(34.4, abs=0.05)


def test_a_perfect_app_scores_100_in_both_forms() -> None:
    score = appeval_100(results(), DEFAULT_WEIGHTS)
    assert (score.value, score.low, score.high) == (100, 100, 100)
    assert appeval_100_gm(results()) == pytest.approx(100)


def test_the_weighted_mean_loses_the_weight_of_a_failed_metric() -> None:
    assert appeval_100(results(outcomes={"runtime_success": Outcome.FAIL}), DEFAULT_WEIGHTS).value == pytest.approx(80)
    assert appeval_100(results(4, 5), DEFAULT_WEIGHTS).value == pytest.approx(98.5)


def test_an_unknown_leaves_bounds_in_place_of_the_value() -> None:
    score = appeval_100(results(outcomes={"tests_pass": Outcome.UNKNOWN}), DEFAULT_WEIGHTS)
    assert score.value is None
    assert (score.low, score.high) == (pytest.approx(90), pytest.approx(100))
    assert appeval_100_gm(results(outcomes={"tests_pass": Outcome.UNKNOWN})) is None


def test_what_is_not_applicable_is_left_out_and_the_rest_renormalised() -> None:
    one_failed = results(outcomes={"type_safety": Outcome.NOT_APPLICABLE, "tests_pass": Outcome.FAIL})
    assert appeval_100(one_failed, DEFAULT_WEIGHTS).value == pytest.approx(100 * 80 / 90)
    nothing = results(outcomes=dict.fromkeys(METRICS, Outcome.NOT_APPLICABLE))
    assert appeval_100(nothing, DEFAULT_WEIGHTS).value is None
    assert appeval_100_gm(nothing) is None


@given(st.fixed_dictionaries({m: st.sampled_from(Outcome) for m in METRICS}))
def test_bounds_hold_whatever_the_unknowns_turn_out_to_be(outcomes: dict[str, Outcome]) -> None:
    score = appeval_100(results(outcomes=outcomes), DEFAULT_WEIGHTS)
    if score.low is None or score.high is None:
        assert set(outcomes.values()) == {Outcome.NOT_APPLICABLE}
        return
    assert 0 <= score.low <= score.high <= 100
    assert (score.value is None) == (Outcome.UNKNOWN in outcomes.values())
    for turned in (Outcome.PASS, Outcome.FAIL):
        settled = {m: turned if o is Outcome.UNKNOWN else o for m, o in outcomes.items()}
        value = appeval_100(results(outcomes=settled), DEFAULT_WEIGHTS).value
        assert value is not None
        assert score.low - 1e-9 <= value <= score.high + 1e-9


@given(
    st.fixed_dictionaries({m: st.sampled_from((Outcome.PASS, Outcome.FAIL)) for m in METRICS}), st.sampled_from(METRICS)
)
def test_mending_a_metric_never_lowers_a_score(outcomes: dict[str, Outcome], mended: str) -> None:
    before, after = results(outcomes=outcomes), results(outcomes=outcomes | {mended: Outcome.PASS})
    for score in (lambda r: appeval_100(r, DEFAULT_WEIGHTS).value, appeval_100_gm):
        low, high = score(before), score(after)
        assert low is not None and high is not None
        assert low <= high + 1e-9


def test_success_needs_metrics_1_to_7_and_ignores_what_is_not_applicable() -> None:
    assert success(results(2, 2)) is True
    assert success(results(outcomes={"type_safety": Outcome.NOT_APPLICABLE})) is True
    assert success(results(outcomes={"ui_renders": Outcome.FAIL})) is False
    assert success(results(outcomes={"ui_renders": Outcome.UNKNOWN})) is None
    assert success(results(outcomes=dict.fromkeys(BINARY_METRICS, Outcome.NOT_APPLICABLE))) is None


def test_eff_units_count_no_cache_reads_and_are_null_when_nothing_is_known() -> None:
    full = GenerationMetrics(
        input_tokens=12_000, output_tokens=3_000, cache_read_tokens=900_000, turns=7, validation_runs=2
    )
    assert eff_units(full) == pytest.approx(24)
    assert eff_units(GenerationMetrics(turns=0)) == 0
    assert eff_units(GenerationMetrics(cache_read_tokens=5, cost_usd=1.0)) is None

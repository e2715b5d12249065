"""Controls, flip rates, and the change split into agent and evaluator: the arithmetic."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from eval_pipeline.model import METRICS, ControlVerdict, Outcome
from eval_pipeline.reporting.build import without_metrics
from eval_pipeline.reporting.statistics import wilson
from eval_pipeline.reporting.trust import judge_controls, pool_flips, split_change
from eval_pipeline.settings import DEFAULT_WEIGHTS
from eval_pipeline.storage.rows import crossover_rows, flakiness_rows
from eval_pipeline_tests.reporting.examples import COHORT, DATE, Spec, app, failed_generation, report


def control(name: str, stack: str, expected: str = "pass", given: str | None = None, metric: str = "tests_pass"):
    return ControlVerdict(
        control=name, stack=stack, metric=metric, expected=Outcome(expected), given=Outcome(given or expected)
    )


def test_an_unknown_control_is_neither_right_nor_wrong_and_leaves_its_stack_unproven():
    verdicts = [control("good-a", "a"), control("good-b", "b", given="unknown"), control("bad-a", "a", "fail")]
    found = judge_controls(verdicts, {"a", "b", "none", "unsupported"}, 4.2)
    assert (found.right, found.total, found.unknown, found.quarantined) == (2, 3, 1, False)
    assert (found.unproven, found.wrong, found.seconds) == (("b",), (), 4.2)


@pytest.mark.parametrize(("expected", "given"), [("pass", "fail"), ("fail", "pass"), ("not_applicable", "fail")])
def test_any_other_difference_is_wrong_and_quarantines(expected: str, given: str):
    found = judge_controls([control("good-a", "a"), control("x", "a", expected, given)], {"a"})
    assert found.quarantined and [v.control for v in found.wrong] == ["x"] and not found.unproven


def test_a_stack_without_a_control_is_unproven_and_bad_apps_alone_do_not_prove_one():
    found = judge_controls([control("good-a", "a"), control("bad-b", "b", "fail")], {"a", "b", "c"})
    assert found.unproven == ("b", "c")


def test_without_controls_or_their_stacks_nothing_is_called_unproven():
    assert judge_controls([], {"a"}).unproven == ()
    assert judge_controls([control("good", "")], {"a"}).unproven == ()


def looks(date: str, first: Spec, second: Spec, count: int = 1) -> list[dict[str, Any]]:
    pairs = [app(f"a{i}", first) for i in range(count)]
    again = [app(f"a{i}", second)[1] for i in range(count)]
    return flakiness_rows(date, [(made, one, two) for (made, one), two in zip(pairs, again, strict=True)])


def test_flips_are_pooled_over_the_window_with_their_interval():
    rows = looks(DATE, {}, {"tests_pass": "tests_failed"}) + looks("2026-11-20", {}, {}, count=9)
    found = pool_flips(rows, DATE)
    assert found is not None
    assert (found.apps_today, found.flips_today, found.seconds) == (1, 1, 2.5)
    rate = found.metrics["tests_pass"]
    assert (rate.flips, rate.n, rate.rate, (rate.low, rate.high)) == (1, 10, 0.1, wilson(1, 10))
    assert found.flagged == ("tests_pass",)
    assert found.metrics["ui_renders"].flips == 0 and not found.metrics["ui_renders"].is_flagged


def test_a_metric_is_flagged_only_when_the_lower_end_passes_one_percent():
    one_of_forty = looks(DATE, {}, {"tests_pass": "no_tests"}) + looks("2026-11-20", {}, {}, count=39)
    found = pool_flips(one_of_forty, DATE)
    assert found is not None and found.metrics["tests_pass"].rate == 0.025 and found.flagged == ()


def test_days_outside_the_window_do_not_count():
    old = (dt.date.fromisoformat(DATE) - dt.timedelta(days=30)).isoformat()
    later = (dt.date.fromisoformat(DATE) + dt.timedelta(days=1)).isoformat()
    flip: Spec = {"tests_pass": "no_tests"}
    assert pool_flips(looks(old, {}, flip) + looks(later, {}, flip), DATE) is None
    edge = (dt.date.fromisoformat(DATE) - dt.timedelta(days=29)).isoformat()
    found = pool_flips(looks(edge, {}, flip), DATE)
    assert found is not None and (found.apps_today, found.flips_today, found.seconds) == (0, 0, None)
    assert found.metrics["tests_pass"].flips == 1


def test_an_unknown_is_counted_apart_and_a_blocked_verdict_not_at_all():
    rows = looks(DATE, {}, {"tests_pass": "unknown", "runtime_success": "no_listener"} | BLOCKED)
    found = pool_flips(rows, DATE)
    assert found is not None
    tests, runtime, page = (found.metrics[m] for m in ("tests_pass", "runtime_success", "ui_renders"))
    assert (tests.flips, tests.n, tests.unknown) == (0, 0, 1)
    assert (runtime.flips, runtime.n) == (1, 1)
    assert (page.flips, page.n, page.rate) == (0, 0, None)


BLOCKED = {"ui_renders": "blocked_by:runtime_success"}


def test_a_score_that_changes_has_flipped_though_it_fails_both_times():
    made, first = app("a", {"deployability_score": "secret_in_tree"})
    points = first.results["deployability_score"].model_copy(update={"value": 4.0})
    second = first.model_copy(update={"results": first.results | {"deployability_score": points}})
    assert [r["metric"] for r in flakiness_rows(DATE, [(made, first, second)]) if r["flipped"]] == [
        "deployability_score"
    ]


def earlier(*specs: tuple[Spec, Spec], generation_failed: bool = False) -> list[dict[str, Any]]:
    cohort = COHORT.model_copy(update={"date": "2026-11-20"})
    triples = []
    for i, (then, now) in enumerate(specs):
        made, first = app(f"a{i}", then, cohort=cohort)
        triples.append((made, first, app(f"a{i}", now, cohort=cohort)[1]))
    if generation_failed:
        made, first = failed_generation(f"a{len(specs)}", cohort=cohort)
        triples.append((made, first, first))
    return crossover_rows(DATE, triples, ("old", "new"), 3.5)


def today(*specs: Spec) -> dict[str, Any]:
    return {f"p-a{i}": app(f"a{i}", spec)[1].results for i, spec in enumerate(specs)}


def test_the_change_is_the_agents_part_plus_the_evaluators():
    # The new evaluator fails the tests of one earlier app; the agent mended that and broke the page of another.
    rows = earlier(({}, {"tests_pass": "no_tests"}), ({}, {}), ({}, {}), ({}, {}))
    found = split_change(rows, today({}, {"ui_renders": "blank_page"}, {}, {}), DEFAULT_WEIGHTS)
    assert found is not None and found.score is not None and found.success is not None
    assert (found.n, found.n_unknown, found.previous_date, found.seconds) == (4, 0, "2026-11-20", 3.5)
    score = found.score
    assert (score.then, score.rejudged, score.now) == (100, 97.5, 97.5)
    assert (score.total, score.agent, score.evaluator) == (-2.5, 0, -2.5)
    assert (found.success.total, found.success.agent, found.success.evaluator) == (-0.25, 0, -0.25)
    assert [(v.app_name, v.metric, v.then, v.now) for v in found.changed] == [
        ("a0", "tests_pass", "pass", "fail (no_tests)")
    ]


def test_only_prompts_of_both_days_are_compared():
    rows = earlier(({}, {"tests_pass": "no_tests"}), ({}, {}))
    found = split_change(rows, today({}), DEFAULT_WEIGHTS)
    assert found is not None and found.score is not None
    assert (found.n, found.score.rejudged, found.score.agent, found.score.evaluator) == (1, 90, 10, -10)


def test_without_a_shared_prompt_the_evaluators_part_alone_is_given():
    found = split_change(earlier(({}, {"tests_pass": "no_tests"}), ({}, {})), {}, DEFAULT_WEIGHTS)
    assert found is not None and found.score is not None
    assert (found.n, found.score.evaluator, found.score.agent, found.score.total) == (2, -5, None, None)


def test_what_is_unknown_on_one_side_is_left_out_and_counted():
    rows = earlier(({}, {"tests_pass": "unknown"}), ({}, {}), ({}, {}))
    found = split_change(rows, today({}, {"ui_renders": "unknown"}, {}), DEFAULT_WEIGHTS)
    assert found is not None and (found.n, found.n_unknown) == (1, 2)
    nothing = split_change(earlier(({"tests_pass": "unknown"}, {})), today({}), DEFAULT_WEIGHTS)
    assert nothing is not None and (nothing.n, nothing.score, nothing.success) == (0, None, None)


def test_a_generation_that_failed_counts_as_the_agents():
    found = split_change(earlier(generation_failed=True), today({}), DEFAULT_WEIGHTS)
    assert found is not None and found.score is not None
    assert (found.score.agent, found.score.evaluator) == (100, 0)


def test_the_same_evaluator_gives_no_split():
    assert split_change([], today({}), DEFAULT_WEIGHTS) is None


def test_a_metric_left_out_of_a_report_is_in_no_score_rate_or_issue():
    whole = report([app("a"), app("b", {"tests_pass": "tests_failed"}), failed_generation("c")])
    rest = without_metrics(whole, ["tests_pass"], DEFAULT_WEIGHTS)
    assert (whole.summary.success_rate.passed, rest.summary.success_rate.passed) == (1, 2)
    assert rest.summary.tests_pass_rate.rate is None
    assert rest.summary.avg_appeval_100.value == pytest.approx(200 / 3)
    assert {issue.metric for issue in rest.apps[1].issues} == set()
    assert rest.summaries[rest.headline_cohort] == rest.summary
    assert without_metrics(whole, [], DEFAULT_WEIGHTS) == whole
    assert set(METRICS) == set(rest.apps[0].outcomes)

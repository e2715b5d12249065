import datetime as dt

import pytest

from eval_pipeline.alerting.alert import Alert
from eval_pipeline.alerting.rules import MIN_BASELINE_DAYS, baseline, check_report
from eval_pipeline.model import METRICS, Cohort, Outcome
from eval_pipeline.reporting.trust import Flakiness, FlipRate
from eval_pipeline.settings import Settings
from eval_pipeline_tests.reporting.examples import (
    COHORT,
    DATE,
    RIGHT_CONTROL,
    WRONG_CONTROL,
    app,
    failed_generation,
    report,
)

BLOCKED = dict.fromkeys(("databricks_connectivity", "data_returned", "ui_renders"), "blocked_by:runtime_success")
BAD: dict[str, str | None] = {"runtime_success": "no_listener", **BLOCKED}


def day(age: int, bad: int = 0, of: int = 10, **kwargs):
    date = (dt.date.fromisoformat(DATE) - dt.timedelta(days=age)).isoformat()
    cohort = Cohort(date=date, generator="template")
    apps = [app(f"app-{i}", BAD if i < bad else None, cohort=cohort) for i in range(of)]
    return report(apps, date=date, **kwargs)


def rules(alerts):
    return [alert.rule for alert in alerts]


def test_a_good_day_raises_nothing():
    assert check_report(day(0), [day(age) for age in range(1, 8)], Settings()) == []


def test_a_low_day_raises_score_and_success_with_the_figures_they_rest_on():
    score, success = check_report(day(0, bad=5), [], Settings())
    assert (score.rule, score.metric, score.threshold, score.n) == ("low_score", "avg_appeval_100", 80, 10)
    assert score.value == pytest.approx(75)
    assert (success.rule, success.value, success.n) == ("low_success", 0.5, 10)
    assert success.low is not None and success.high is not None and success.low < 0.5 < success.high
    assert success.severity == "critical"
    assert success.details["failing_count"] == 5
    assert "runtime_success/no_listener (5)" in success.message


def test_a_miss_within_the_interval_is_a_warning_not_critical():
    (alert,) = check_report(day(0, bad=2), [], Settings())
    assert (alert.rule, alert.value, alert.severity) == ("low_success", 0.8, "warning")


def test_a_drop_is_held_against_the_mean_of_the_trailing_window_only():
    settings = Settings(alert_min_score=0, alert_min_success=0)
    weeks = [day(age) for age in range(1, 8)] + [day(age, bad=10) for age in range(8, 20)]
    (alert,) = check_report(day(0, bad=3), weeks, settings)
    assert alert.rule == "drop"
    assert alert.threshold == pytest.approx(90)
    assert len(alert.details["baseline_days"]) == 7
    assert check_report(day(0, bad=2), weeks, settings) == []


def test_the_first_days_have_no_baseline_and_no_drop():
    settings = Settings(alert_min_success=0)
    for days in range(MIN_BASELINE_DAYS):
        history = [day(age) for age in range(1, days + 1)]
        assert rules(check_report(day(0, bad=10), history, settings)) == ["low_score"]
    (alert,) = check_report(day(0, bad=10), [day(1)], settings)
    assert "no baseline yet (1 of 3 days with data)" in alert.message
    history = [day(age) for age in range(1, MIN_BASELINE_DAYS + 1)]
    assert "drop" in rules(check_report(day(0, bad=10), history, settings))


def test_wrong_controls_raise_an_evaluator_alert_instead_of_quality_alerts():
    (alert,) = check_report(day(0, bad=10, controls=[WRONG_CONTROL]), [], Settings())
    assert (alert.rule, alert.kind, alert.severity) == ("controls_wrong", "evaluator", "critical")
    assert alert.details["wrong"] == ["blank-page: ui_renders is pass, expected fail"]


def test_a_quarantined_day_is_in_no_baseline():
    history = [day(1, bad=10, controls=[WRONG_CONTROL]), day(2), day(3), day(4)]
    assert baseline(COHORT, history, 7).mean == pytest.approx(100)


def test_days_of_another_generator_and_the_day_itself_are_in_no_baseline():
    other = Cohort(date="2026-11-20", generator="claude")
    history = [report([app("a", BAD, cohort=other)], date="2026-11-20", headline=other), day(0, bad=10)]
    assert baseline(COHORT, history, 7).days == ()


def test_unknown_verdicts_are_the_evaluators_alert_not_the_agents():
    unknown: dict[str, str | None] = dict.fromkeys(METRICS, "unknown")
    apps = [app("a"), app("b"), app("c", unknown)]
    (alert,) = check_report(report(apps), [], Settings())
    assert (alert.rule, alert.kind) == ("unknown_share", "evaluator")
    assert alert.value == pytest.approx(1 / 3)
    assert (alert.n, alert.threshold) == (27, 0.1)


def test_a_failed_generation_counts_against_success():
    assert "low_success" in rules(check_report(report([app("a"), failed_generation("b")]), [], Settings()))


def test_a_cohort_without_apps_is_said_to_be_unknown_and_not_good():
    (alert,) = check_report(report([]), [], Settings())
    assert (alert.rule, alert.kind) == ("no_apps", "infrastructure")


def test_every_cohort_of_the_day_is_checked_the_headline_first():
    second = Cohort(date=DATE, generator="claude")
    apps = [app("a", BAD), app("a", BAD, cohort=second)]
    alerts = check_report(report(apps), [], Settings())
    assert [(a.generator, a.rule) for a in alerts] == [
        ("template", "low_score"),
        ("template", "low_success"),
        ("claude", "low_score"),
        ("claude", "low_success"),
    ]
    assert len({a.alert_id for a in alerts}) == 4


def test_the_same_report_gives_the_same_ids_and_rows_read_back():
    first, again = (check_report(day(0, bad=10), [], Settings()) for _ in range(2))
    assert first == again
    assert [Alert.from_row(alert.to_row()) for alert in first] == first


def flaky(built, *metrics):
    rates = {
        metric: FlipRate(flips=2, n=10, unknown=0, rate=0.2, low=0.05, high=0.5, is_flagged=metric in metrics)
        for metric in METRICS
    }
    found = Flakiness(days=30, apps_today=1, flips_today=0, seconds=2.5, metrics=rates)
    return built.model_copy(update={"flakiness": found})


def test_a_metric_whose_verdicts_flip_raises_no_quality_alert():
    day_of_tests = report([app("a"), *(app(f"b{i}", {"tests_pass": "tests_failed"}) for i in range(9))])
    assert rules(check_report(day_of_tests, [], Settings())) == ["low_success"]
    assert check_report(flaky(day_of_tests, "tests_pass"), [], Settings()) == []


def test_an_alert_on_the_other_metrics_says_what_its_figures_leave_out():
    (alert,) = check_report(flaky(day(0, bad=2), "tests_pass", "type_safety"), [], Settings())
    assert alert.value == 0.8
    assert alert.message.endswith("because second judgements flip it: type_safety, tests_pass.")
    assert alert.details["left_out_as_flaky"] == ["type_safety", "tests_pass"]


def test_the_window_is_compared_without_the_flaky_metric_too():
    history = [
        report([app("a", {"tests_pass": "no_tests"}, cohort=Cohort(date=date, generator="template"))], date=date)
        for date in ("2026-11-18", "2026-11-19", "2026-11-20")
    ]
    settings = Settings(alert_min_score=0, alert_min_success=0, alert_max_drop=5)
    today = report([app("a", {"ui_renders": "blank_page", "tests_pass": "no_tests"})])
    (alert,) = check_report(flaky(today, "tests_pass"), history, settings)
    assert alert.details["baseline_mean"] == 100


def test_an_unknown_control_raises_no_alert():
    unknown = RIGHT_CONTROL.model_copy(update={"given": Outcome.UNKNOWN})
    assert check_report(day(0, controls=[RIGHT_CONTROL, unknown]), [], Settings()) == []

"""The report: what is counted where, its schema, and reading it back."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import jsonschema
import pytest

from eval_pipeline.model import METRICS, Cohort, EvaluatorError, InputError, Outcome
from eval_pipeline.reporting.report import (
    load_report,
    masked,
    report_bytes,
    report_schema,
    schema_text,
    substance,
)
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline_tests.reporting.examples import (
    COHORT,
    DATE,
    HOSTILE,
    NOON,
    RIGHT_CONTROL,
    WRONG_CONTROL,
    app,
    failed_generation,
    not_tried,
    report,
)

BUILD_FAILED = {
    "build_success": "build_failed",
    **dict.fromkeys(
        ("runtime_success", "databricks_connectivity", "data_returned", "ui_renders"), "blocked_by:build_success"
    ),
}


def a_full_day():
    other = Cohort(date=DATE, generator="claude", repeat=2)
    return report(
        [
            app("fares"),
            app("tips", {"tests_pass": "tests_failed"}),
            app("zones", BUILD_FAILED),
            app("late", {"ui_renders": "unknown"}),
            failed_generation("none"),
            not_tried("later"),
            app("orders", {"type_safety": "not_applicable"}, cohort=other),
        ],
        controls=[RIGHT_CONTROL, WRONG_CONTROL],
    )


def test_the_schema_file_is_the_one_of_the_code():
    stored = (PROJECT_ROOT / "docs" / "report.schema.json").read_text()
    assert stored == schema_text(), "python -m eval_pipeline.reporting.report > docs/report.schema.json"


@pytest.mark.parametrize("day", [a_full_day, report, lambda: report([], controls=())])
def test_a_report_fits_its_schema_and_reads_back_equal(day):
    built = day()
    data = report_bytes(built)
    jsonschema.Draft202012Validator.check_schema(report_schema())
    jsonschema.validate(json.loads(data), report_schema(), jsonschema.Draft202012Validator)
    assert load_report(data) == built


def test_the_schema_refuses_what_a_report_does_not_have():
    content = json.loads(report_bytes(report()))
    for change in ({"extra": 1}, {"summary": {**content["summary"], "success_rate": 0.9}}, {"date": "today"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(content | change, report_schema(), jsonschema.Draft202012Validator)
    del content["apps"][0]["outcomes"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, report_schema(), jsonschema.Draft202012Validator)


def test_the_same_input_in_any_order_gives_the_same_bytes():
    apps = [app("b"), app("a"), app("c", cohort=Cohort(date=DATE, generator="claude"))]
    elsewhere = NOON.astimezone(dt.timezone(dt.timedelta(hours=9)))
    assert report_bytes(report(apps)) == report_bytes(report(apps[::-1], timestamp=elsewhere))


def test_failed_generations_stay_in_the_denominator_and_untried_ones_are_unknown():
    summary = a_full_day().summary
    assert (summary.total_apps, summary.generation_failures, summary.not_tried) == (6, 1, 1)
    rate = summary.success_rate
    assert (rate.passed, rate.failed, rate.unknown) == (1, 3, 2)
    assert rate.rate == 0.25
    assert summary.build_success_rate.failed == 2
    assert (summary.avg_appeval_100.n, summary.avg_appeval_100.n_unknown) == (4, 2)
    # Scores 100, 90, 25 (types 10, tests 10, local 7.5, deploy 7.5 of 100 is 35) and 0; open ones 90..100 and 0..100.
    assert summary.avg_appeval_100.value == pytest.approx((100 + 90 + 35 + 0) / 4)
    assert summary.avg_appeval_100.low == pytest.approx((225 + 90 + 0) / 6, abs=1e-5)
    assert summary.avg_appeval_100.high == pytest.approx((225 + 100 + 100) / 6, abs=1e-5)


def test_an_app_that_nobody_could_judge_is_not_called_excellent():
    bands = a_full_day().summary.quality_distribution
    assert bands.excellent == ("fares",)
    assert bands.good == ("tips",)
    assert bands.poor == ("none", "zones")
    assert bands.unknown == ("late", "later")


def test_common_issues_leave_out_what_was_blocked_and_count_a_failed_generation_once():
    issues = a_full_day().summary.common_issues
    assert [(i.metric, i.failure_code, i.count, i.app_names) for i in issues] == [
        ("generation", "model_refused", 1, ("none",)),
        ("build_success", "build_failed", 1, ("zones",)),
        ("tests_pass", "tests_failed", 1, ("tips",)),
    ]


def test_the_most_common_issue_comes_first():
    apps = [app(f"a{i}", {"tests_pass": "no_tests"}) for i in range(3)] + [app("b", {"build_success": "build_failed"})]
    assert [issue.count for issue in report(apps).summary.common_issues] == [3, 1]


def test_a_metric_is_null_when_unknown_or_not_applicable_and_its_outcome_tells_which():
    apps = {row.app_name: row for row in a_full_day().apps}
    assert apps["late"].metrics.ui_renders is None
    assert apps["late"].outcomes["ui_renders"].outcome is Outcome.UNKNOWN
    assert apps["orders"].metrics.type_safety is None
    assert apps["orders"].outcomes["type_safety"].outcome is Outcome.NOT_APPLICABLE
    assert apps["late"].metrics.appeval_100 is None
    assert (apps["late"].metrics.appeval_100_low, apps["late"].metrics.appeval_100_high) == (90, 100)


def test_costs_that_are_not_known_are_counted_and_untried_apps_cost_nothing():
    unpriced = app("x")
    unpriced = (
        unpriced[0].model_copy(update={"metrics": unpriced[0].metrics.model_copy(update={"cost_usd": None})}),
        unpriced[1],
    )
    summary = report([app("a"), unpriced, not_tried("b")]).summary
    assert (summary.total_cost_usd, summary.cost_unknown) == (0.5, 1)
    assert (summary.total_tokens, summary.tokens_unknown) == (3000, 0)
    assert summary.avg_eff_units.n_not_applicable == 1


def test_each_cohort_has_its_own_summary_and_the_headline_is_one_of_them():
    built = a_full_day()
    assert list(built.summaries) == [f"{DATE}/claude/r2", f"{DATE}/template"]
    assert built.summary == built.summaries[built.headline_cohort]
    assert built.summaries[f"{DATE}/claude/r2"].total_apps == 1
    assert built.apps[0].app_dir == f"apps/{DATE}/claude-r2/orders"


def test_one_wrong_control_quarantines_the_batch():
    assert not report().controls.quarantined
    controls = a_full_day().controls
    assert (controls.right, controls.total, controls.quarantined) == (1, 2, True)


def test_hostile_texts_become_plain_bounded_json():
    generated, evaluation = app("x", {"tests_pass": "tests_failed"}, reason=HOSTILE + "\udcff" + "y" * 100_000)
    evidence: dict[str, Any] = {"log\x00": float("nan"), "deep": [{"k": "\x1b[2J" + "z" * 99_999}] * 1000, "path": NOON}
    results = dict(evaluation.results)
    results["tests_pass"] = results["tests_pass"].model_copy(update={"evidence": evidence})
    data = report_bytes(report([(generated, evaluation.model_copy(update={"results": results}))]))
    assert len(data) < 2_000_000
    shown = json.loads(data, parse_constant=pytest.fail)["apps"][0]["outcomes"]["tests_pass"]
    assert "\x1b" not in data.decode() and "\u202e" not in shown["reason"]
    assert shown["evidence"]["log"] is None
    assert shown["evidence"]["deep"][-1] == "… 800 more"


def test_what_belongs_to_nobody_is_refused():
    with pytest.raises(InputError, match="stands twice"):
        report([app("a"), app("a")])
    with pytest.raises(EvaluatorError, match="'b'"):
        report([(app("a")[0], app("b")[1])])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"{" * 100_000, "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "schema version None"),
        (b'{"schema_version": 99}', "schema version 99"),
        (b'{"schema_version": 1}', "at evaluation_run_id: Field required and"),
    ],
)
def test_an_unreadable_report_says_what_is_wrong(data, message):
    with pytest.raises(InputError, match=message):
        load_report(data)


def test_a_report_of_made_up_words_names_the_place():
    content = json.loads(report_bytes(report()))
    content["apps"][1]["outcomes"]["tests_pass"]["outcome"] = "maybe"
    with pytest.raises(InputError, match=r"at apps\.1\.outcomes\.tests_pass\.outcome"):
        load_report(json.dumps(content).encode())


def test_a_second_run_that_found_the_same_has_the_same_substance():
    first = report([app("a")])
    again = report([app("a", cached=True)], run_id="run-2", timestamp=NOON + dt.timedelta(hours=1))
    assert first != again
    assert substance(first) == substance(again)
    assert substance(first) != substance(report([app("a", {"tests_pass": "tests_failed"})]))


def test_secrets_are_masked_wherever_they_stand():
    secret = "s3cr3t-of-ours"
    built = report([app("a", {"tests_pass": "tests_failed"}, reason=f"got {secret} and dapi{'0' * 32}")])
    clean = report_bytes(masked(built, [secret])).decode()
    assert secret not in clean and "dapi0" not in clean
    assert masked(report(), [secret]) == report()
    with pytest.raises(EvaluatorError, match="change that secret"):
        masked(report(), ["template"])


def test_every_metric_of_a_failed_generation_is_an_issue_of_that_app():
    row = report([failed_generation("none")]).apps[0]
    assert [issue.metric for issue in row.issues] == list(METRICS)
    assert row.generation_failure is not None and row.generation_failure.failure_code == "model_refused"
    assert (row.app_dir, row.metrics.appeval_100, row.cohort) == (None, 0.0, str(COHORT))

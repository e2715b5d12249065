import json

import pytest

from eval_pipeline.evaluation.codes import CODES
from eval_pipeline.improvement.fingerprints import signature
from eval_pipeline.improvement.patterns import MAX_EXAMPLES, failure_patterns
from eval_pipeline.improvement.suggestions import BY_CODE, BY_METRIC, suggestion
from eval_pipeline.model import METRICS, Cohort
from eval_pipeline.storage.rows import app_row, evaluation_rows
from eval_pipeline_tests.reporting.examples import app, failed_generation, not_tried


def tables(pairs):
    return [row for pair in pairs for row in evaluation_rows(*pair)], [app_row(a) for a, _ in pairs]


def patterns(*pairs, **kwargs):
    return failure_patterns(*tables(pairs), **kwargs)


def on(date, name, code="tests_failed", reason="1 of 4 tests failed", metric="tests_pass"):
    return app(name, {metric: code}, cohort=Cohort(date=date, generator="template"), reason=reason)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 of 4 tests failed", "12 of 30 tests failed"),
        ("src/a.ts(3,14): error TS2322: x", "server/src/deep/b.tsx(120,1): error TS2322: x"),
        ("Cannot find name 'tips'.", "Cannot find name 'fares'."),
        ('column "fare" missing', "column `tip_total` missing"),
        ("bundle 9f8e7d6c5b took 3.5 s", "bundle 0a1b2c3d4e took 12 s"),
        ("GET http://127.0.0.1:41231/api", "GET http://127.0.0.1:52001/api"),
        ("at /tmp/x1/app/main.js:3:1", "at /srv/other/app/main.js:30:12"),
        ("\x1b[31mfailed\x1b[0m", "failed"),
        ("missing: 'a', 'b'", "missing: 'a', 'b', 'c'"),
        ("at 2026-11-21T03:00:01Z", "at 2026-11-20 04:10:11"),
    ],
)
def test_what_differs_from_app_to_app_gives_one_signature(one, other):
    assert signature(one) == signature(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("error TS2322", "error TS2345"),
        ("no health route", "no API route"),
        ("the page isn't there", "the page is blank"),
        ("E404", "E401"),
    ],
)
def test_what_tells_faults_apart_stays(one, other):
    assert signature(one) != signature(other)


def test_the_apps_own_name_is_masked_wherever_it_stands():
    assert signature("app taxi-tips crashed", ["taxi-tips"]) == signature("app fares crashed", ["fares"])


def test_a_hostile_reason_costs_no_time():
    for text in ("'" * 100_000, "a/" * 50_000, "1" * 100_000, "x'y" * 30_000, "-" * 100_000, "a@" * 50_000):
        assert len(signature(text)) <= 160


def test_a_failure_shared_over_apps_and_days_is_one_pattern():
    (row,) = patterns(
        on("2026-11-19", "a", reason="1 of 4 tests failed"),
        on("2026-11-20", "b", reason="2 of 9 tests failed"),
        on("2026-11-21", "a", reason="1 of 5 tests failed"),
        app("fine"),
    )
    assert (row["metric"], row["failure_code"], row["signature"]) == (
        "tests_pass",
        "tests_failed",
        "<n> of <n> tests failed",
    )
    assert (row["apps"], row["judged"], row["prompts"], row["days"]) == (3, 4, 2, 3)
    assert (row["first_seen"], row["last_seen"]) == ("2026-11-19", "2026-11-21")
    newest, other, _ = json.loads(row["examples"])
    assert (newest["app_name"], newest["date"], other["app_name"]) == ("a", "2026-11-21", "b")
    assert newest["app_uri"] == "apps/2026-11-21/template/a"
    assert newest["trace_id"].startswith("tr-")


def test_blocked_unknown_and_not_generated_are_no_patterns_of_their_own():
    rows = patterns(
        app("a", {"runtime_success": "no_listener", "ui_renders": "blocked_by:runtime_success"}),
        app("b", {"ui_renders": "unknown"}),
        failed_generation("c"),
        not_tried("d"),
    )
    assert {(row["metric"], row["failure_code"]) for row in rows} == {
        ("runtime_success", "no_listener"),
        ("generation", "model_refused"),
    }
    (generation,) = [row for row in rows if row["metric"] == "generation"]
    assert (generation["apps"], generation["judged"]) == (1, 3)


def test_days_whose_controls_were_wrong_are_left_out():
    rows = patterns(on("2026-11-20", "a"), on("2026-11-21", "b"), untrusted_dates={"2026-11-20"})
    assert [row["apps"] for row in rows] == [1]


def test_the_pattern_in_most_apps_comes_first_and_examples_are_bounded():
    many = [on("2026-11-21", f"app{i}", "tsc_error", "TS2322", "type_safety") for i in range(20)]
    rows = patterns(on("2026-11-21", "z"), *many)
    assert [row["apps"] for row in rows] == [20, 1]
    assert len(json.loads(rows[0]["examples"])) == MAX_EXAMPLES


def test_fingerprints_do_not_depend_on_the_order_of_rows():
    pairs = [on("2026-11-19", "a"), on("2026-11-20", "b"), on("2026-11-21", "c")]
    assert patterns(*pairs) == patterns(*reversed(pairs))


def test_every_failure_code_and_metric_has_a_place_to_look():
    assert set(BY_METRIC) == {*METRICS, "generation"}
    assert set(BY_CODE) <= {code for codes in CODES.values() for code in codes} | {"not_generated"}
    assert all(suggestion(metric, code) for metric, codes in CODES.items() for code in codes)

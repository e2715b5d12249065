import datetime as dt
import gzip
import json
import subprocess
import sys
import time

import pytest

from eval_pipeline.alerting.rules import check_report
from eval_pipeline.demo_archive import SAMPLE_GENERATOR, is_sample, load_archive
from eval_pipeline.demo_archive.archive import ARCHIVE
from eval_pipeline.demo_archive.make import archive_lines
from eval_pipeline.improvement.patterns import failure_patterns
from eval_pipeline.model import Cohort, Outcome
from eval_pipeline.reporting.build import build_report
from eval_pipeline.settings import DEFAULT_WEIGHTS, Settings
from eval_pipeline.storage.rows import app_row, evaluation_rows
from eval_pipeline_tests.reporting.examples import EVALUATOR

LAST = dt.date(2026, 11, 20)


@pytest.fixture(scope="module")
def archive():
    return load_archive(LAST)


@pytest.fixture(scope="module")
def reports(archive):
    return [
        build_report(
            day.date,
            Cohort(date=day.date, generator=SAMPLE_GENERATOR),
            day.apps,
            day.controls,
            EVALUATOR,
            DEFAULT_WEIGHTS,
            evaluation_run_id="made-up",
            timestamp=dt.datetime(2026, 11, 21, tzinfo=dt.UTC),
        )
        for day in archive
    ]


def test_the_archive_is_thirty_days_of_twelve_apps_that_end_where_asked(archive):
    assert [day.date for day in archive] == [(LAST - dt.timedelta(days=age)).isoformat() for age in range(29, -1, -1)]
    assert {len(day.apps) for day in archive} == {12}
    assert load_archive(dt.date(2026, 3, 1))[-1].date == "2026-03-01"


def test_it_is_small_and_loads_quickly():
    assert ARCHIVE.stat().st_size < 300_000
    start = time.monotonic()
    load_archive(LAST)
    assert time.monotonic() - start < 3


def test_the_committed_file_is_what_the_script_draws():
    text = gzip.decompress(ARCHIVE.read_bytes()).decode()
    assert [json.loads(line) for line in text.splitlines()] == archive_lines()
    assert archive_lines(seed=1) != archive_lines(seed=2)


def test_everything_shown_says_that_it_is_made_up(archive):
    assert is_sample(SAMPLE_GENERATOR) and not is_sample("template") and "made-up" in SAMPLE_GENERATOR
    for day in archive:
        assert all("[made up]" in text for text in day.logs.values())
        assert all("[made up]" in verdict.reason and "made-up" in verdict.control for verdict in day.controls)
        for made, evaluation in day.apps:
            assert made.cohort.generator == SAMPLE_GENERATOR
            assert "[made up]" in made.prompt.text and made.prompt.id.startswith("made-up-")
            reasons = [r.reason for r in evaluation.results.values() if r.outcome is not Outcome.PASS]
            assert all("[made up]" in reason for reason in reasons)


def test_every_log_that_a_verdict_names_is_there(archive):
    for day in archive:
        named = {r.evidence["log"] for _, e in day.apps for r in e.results.values() if "log" in r.evidence}
        assert named == set(day.logs)


def test_the_seeded_regressions_raise_their_alerts(reports):
    settings = Settings()
    raised = {
        (LAST - dt.date.fromisoformat(report.date)).days: {a.rule for a in check_report(report, reports, settings)}
        for report in reports
    }
    assert raised[10] == {"controls_wrong"}
    assert {"drop", "low_score", "low_success"} <= raised[3]
    assert "low_success" in raised[0] and "low_success" in raised[6]
    assert not raised[29] and sum(not rules for rules in raised.values()) >= 8


def test_tests_fall_for_a_week_and_costs_rise_at_the_end(reports):
    def mean(figures):
        figures = list(figures)
        return sum(figures) / len(figures)

    tests = [report.summary.tests_pass_rate.rate for report in reports]
    assert mean(tests[9:16]) < 0.86 < 0.92 < mean(tests[:9] + tests[16:26])
    costs = [report.summary.total_cost_usd for report in reports]
    assert mean(costs[-6:]) > 1.5 * mean(costs[:20])


def test_the_type_error_burst_is_one_pattern_in_several_apps(archive):
    window = archive[-14:]
    rows = failure_patterns(
        [row for day in window for pair in day.apps for row in evaluation_rows(*pair)],
        [app_row(made) for day in window for made, _ in day.apps],
    )
    (burst,) = [row for row in rows if row["failure_code"] == "tsc_error"]
    assert burst["apps"] >= 12 and "ts2345" in burst["signature"] and "[made up]" in burst["signature"]


def test_loading_needs_no_dagster_and_no_pandas():
    code = (
        "import datetime, sys; from eval_pipeline.demo_archive import load_archive;"
        "load_archive(datetime.date(2026, 1, 31)); print({'dagster', 'pandas'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"

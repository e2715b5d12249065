"""The time series: one row per cohort, replaced not added, and stable as CSV."""

from __future__ import annotations

import csv
import io

import pytest

from eval_pipeline.model import BINARY_METRICS, Cohort, InputError
from eval_pipeline.reporting.timeseries import (
    COLUMN_TYPES,
    COLUMNS,
    from_csv,
    rows_from_report,
    to_csv,
    upsert,
)
from eval_pipeline_tests.reporting.examples import DATE, WRONG_CONTROL, app, not_tried, report


def two_cohorts():
    return report([app("a"), not_tried("b"), app("c", cohort=Cohort(date=DATE, generator="claude", repeat=2))])


def test_every_cohort_has_a_row_with_every_figure():
    rows = rows_from_report(two_cohorts())
    assert [(row["date"], row["generator"], row["repeat"]) for row in rows] == [
        (DATE, "claude", 2),
        (DATE, "template", 1),
    ]
    for row in rows:
        assert tuple(sorted(row)) == tuple(sorted(COLUMNS))
        for column, value in row.items():
            assert (
                value is None
                or type(value) is COLUMN_TYPES[column]
                or (type(value), COLUMN_TYPES[column]) == (int, float)
            )
    template = rows[1]
    assert (template["success_rate"], template["success_rate_unknown"], template["total_apps"]) == (1.0, 1, 2)
    assert (template["avg_appeval_100"], template["avg_appeval_100_low"], template["avg_appeval_100_n"]) == (100, 50, 1)
    assert (template["total_cost_usd"], template["total_tokens"], template["apps_unknown"]) == (0.5, 1500, 1)
    assert template["is_headline"] and not rows[0]["is_headline"]


def test_the_columns_stay_where_they_are():
    # Published CSV files are read by position too: new columns go to the end.
    assert COLUMNS[:12] == (
        "date", "generator", "repeat", "is_headline", "evaluation_run_id", "timestamp", "evaluator_version",
        "evaluator_digest", "isolation", "controls_right", "controls_total", "quarantined",
    )  # fmt: skip
    assert COLUMNS[-5:] == ("apps_excellent", "apps_good", "apps_fair", "apps_poor", "apps_unknown")
    assert len(COLUMNS) == 136
    for metric in BINARY_METRICS:
        assert {f"{metric}_rate{part}" for part in ("", "_low", "_high", "_passed", "_unknown", "_worst")} <= set(
            COLUMNS
        )


def test_a_quarantined_day_has_a_row_that_says_so_and_no_figure_of_quality():
    (row,) = rows_from_report(report(controls=[WRONG_CONTROL]))
    (sound,) = rows_from_report(report())
    assert row["quarantined"] and (row["controls_right"], row["total_apps"], row["total_cost_usd"]) == (0, 2, 1.0)
    emptied = {column for column in COLUMNS if row[column] is None}
    assert {"success_rate", "avg_appeval_100", "ui_renders_rate_passed", "avg_deployability_score_n"} <= emptied
    assert not any("rate" in column or "avg_" in column for column in set(COLUMNS) - emptied)
    assert from_csv(to_csv([row]))[0] == row and sound["success_rate"] == 0.5


def test_a_row_replaces_the_one_of_its_cohort_and_no_other():
    first = rows_from_report(two_cohorts())
    again = rows_from_report(report([app("a", {"tests_pass": "no_tests"})]))
    earlier = rows_from_report(report(date="2026-11-20"))
    merged = upsert([*first, *earlier], again)
    assert [(row["date"], row["generator"]) for row in merged] == [
        ("2026-11-20", "template"), (DATE, "claude"), (DATE, "template"),
    ]  # fmt: skip
    assert merged[2]["success_rate"] == 0.0
    assert upsert(merged, again) == merged


def test_csv_reads_back_equal_and_a_spreadsheet_sees_its_columns():
    rows = rows_from_report(two_cohorts())
    text = to_csv(rows)
    assert from_csv(text) == rows
    assert to_csv(from_csv(text)) == text
    assert next(csv.reader(io.StringIO(text))) == list(COLUMNS)
    assert from_csv("") == []


def test_an_older_csv_reads_with_nulls_for_what_it_did_not_have():
    rows = from_csv("date,generator,repeat,success_rate,gone\n2026-11-01,template,1,0.5,x\n")
    assert (rows[0]["success_rate"], rows[0]["avg_appeval_100"]) == (0.5, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "line 1"),
        ("date,generator,repeat\n2026-11-01,template,1\nyesterday,template,1\n", "line 3"),
        ("date,generator,repeat\n2026-11-01,template,one\n", "line 2"),
        ("date,generator,repeat\n2026-11-01,template\n", "line 2"),
        ("date,generator,repeat\n<<<<<<< ours\n", "line 2"),
    ],
)
def test_a_broken_csv_names_the_line(text, message):
    with pytest.raises(InputError, match=message):
        from_csv(text)

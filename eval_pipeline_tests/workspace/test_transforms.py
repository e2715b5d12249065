"""Each transform alone: what it makes of the form that it is for, and that it leaves others be."""

import pytest
import sqlglot

from eval_pipeline.workspace.sql.errors import SqlError
from eval_pipeline.workspace.sql.transforms import TRANSFORMS, dates, numbers, rows, texts

CASES = [
    (dates.timestamps_are_utc, "CAST(a AS TIMESTAMP)", "CAST(a AS TIMESTAMP)"),
    (dates.now_is_utc, "current_timestamp()", "CAST(CURRENT_TIMESTAMP AS TIMESTAMP)"),
    (numbers.limits_are_numbers, "(SELECT 1 LIMIT 5)", "(SELECT 1 LIMIT 5)"),
    (dates.last_day_of_text, "last_day('2024-02-01')", "LAST_DAY(CAST('2024-02-01' AS DATE))"),
    (texts.null_tests_are_operators, "isnotnull(a)", "(NOT (a IS NULL))"),
    (texts.type_names_cast, "bigint(a)", "CAST(a AS BIGINT)"),
    (texts.text_functions_take_anything, "upper(a)", "UPPER(CAST(a AS TEXT))"),
    (
        dates.dates_plus_intervals_are_dates,
        "o_orderdate + INTERVAL 1 MONTH",
        "CAST((o_orderdate + INTERVAL '1' MONTH) AS DATE)",
    ),
    (numbers.try_divide_gives_null, "try_divide(a, b)", "(a / NULLIF(b, 0))"),
    (numbers.division_by_zero_fails, "a / b", "a / CASE WHEN b = 0 THEN ERROR('DIVIDE_BY_ZERO') ELSE b END"),
    (dates.trunc_gives_a_date, "trunc(d, 'MM')", "CAST(DATE_TRUNC('month', CAST(d AS TIMESTAMP)) AS DATE)"),
    (dates.date_arithmetic_keeps_dates, "add_months(d, 1)", "CAST(d + INTERVAL 1 MONTH AS DATE)"),
    (
        dates.dates_of_text,
        "timestampdiff(DAY, '2024-01-01', d)",
        "DATE_DIFF('DAY', CAST('2024-01-01' AS TIMESTAMP), d)",
    ),
    (dates.weekdays_are_counted_as_databricks_does, "weekday(d)", "(ISODOW(CAST(d AS DATE)) - 1)"),
    (dates.epoch_of_timestamps, "unix_timestamp(t)", "CAST(EPOCH(CAST(t AS TIMESTAMP)) AS BIGINT)"),
    (numbers.percentile_interpolates, "percentile(a, 0.5)", "QUANTILE_CONT(a, 0.5)"),
    (numbers.approx_percentile_is_exact, "approx_percentile(a, 0.5)", "QUANTILE_DISC(a, 0.5)"),
    (numbers.approx_distinct_is_exact, "approx_count_distinct(a)", "COUNT(DISTINCT a)"),
    (texts.concat_with_null_is_null, "concat(a, b)", "((a) || (b))"),
    (rows.range_has_an_id, "(SELECT id FROM range(3))", "(SELECT id FROM RANGE(3) AS range(id))"),
    (rows.stack_is_a_list_of_rows, "(SELECT stack(2, 1, 2) AS (v))", '(SELECT UNNEST([1, 2]) AS "v")'),
    (rows.exists_with_a_lambda, "exists(a, x -> x > 1)", "LEN(LIST_FILTER(a, LAMBDA x : x > 1)) > 0"),
    (texts.json_paths_give_text, "a:b", "a ->> '$.b'"),
    (dates.calendar_parts_are_ints, "year(d)", "CAST(YEAR(CAST(d AS DATE)) AS INT)"),
]


@pytest.mark.parametrize(("change", "given", "wanted"), CASES, ids=[change.__name__ for change, _, _ in CASES])
def test_a_transform_makes_what_duckdb_needs(change, given, wanted):
    assert _applied(change, given) == f"SELECT {wanted}"


@pytest.mark.parametrize("change", TRANSFORMS, ids=lambda change: change.__name__)
def test_a_transform_leaves_plain_sql_alone(change):
    plain = "SELECT a, b + 1, 'x' FROM t WHERE a = 2 AND b > 'y' ORDER BY a LIMIT 3"
    assert _applied(change, plain) == sqlglot.parse_one(plain, read="databricks").sql("duckdb")


def test_every_transform_has_its_case():
    assert {change for change, _, _ in CASES} == set(TRANSFORMS)


@pytest.mark.parametrize("divisor", ["2", "nullif(b, 0)", "(c / d)", "(SELECT max(x) FROM t)"])
def test_a_divisor_that_cannot_be_zero_or_is_costly_to_repeat_is_left(divisor):
    sql = sqlglot.parse_one(f"SELECT a / {divisor}", read="databricks").expressions[0]
    assert numbers.division_by_zero_fails(sql).sql("duckdb") == sql.copy().sql("duckdb")


def test_a_text_limit_is_refused():
    with pytest.raises(SqlError, match="INVALID_LIMIT"):
        _applied(numbers.limits_are_numbers, "(SELECT 1 LIMIT '5')")


def test_an_unknown_table_function_is_refused():
    with pytest.raises(SqlError, match="UNRESOLVABLE_TABLE_VALUED_FUNCTION"):
        _applied(rows.range_has_an_id, "(SELECT * FROM read_csv('x'))")


def _applied(change, text):
    tree = sqlglot.parse_one(text if text.startswith("SELECT") else f"SELECT {text}", read="databricks")
    for node in reversed(list(tree.walk(bfs=True))):
        replacement = change(node)
        if replacement is not node:
            node.replace(replacement)
    return tree.sql("duckdb")

"""Statements of the kind that dashboards send, in Databricks' dialect, with what Databricks answers."""

import pytest

EXACT = [
    # dates
    ("SELECT trunc(date'2024-05-17', 'MM'), trunc(date'2024-05-17', 'YEAR')", ["2024-05-01", "2024-01-01"]),
    ("SELECT date_trunc('month', date'2024-05-17')", ["2024-05-01T00:00:00.000Z"]),
    ("SELECT date_trunc('WEEK', timestamp'2024-05-17 10:11:12')", ["2024-05-13T00:00:00.000Z"]),
    ("SELECT date_format(timestamp'2024-05-07 15:04:09', 'yyyy-MM-dd HH:mm:ss')", ["2024-05-07 15:04:09"]),
    ("SELECT date_format(date'2024-05-07', 'EEEE'), date_format(date'2024-05-07', 'MMM d')", ["Tuesday", "May 7"]),
    ("SELECT dayofweek(date'2024-01-07'), weekday(date'2024-01-07'), dayofyear(date'2024-02-01')", ["1", "6", "32"]),
    ("SELECT date_add(date'2024-01-30', 3), date_sub('2024-01-30', 3)", ["2024-02-02", "2024-01-27"]),
    ("SELECT dateadd(DAY, 3, date'2024-01-30')", ["2024-02-02T00:00:00.000Z"]),
    ("SELECT add_months(date'2024-01-31', 1), last_day('2024-02-03')", ["2024-02-29", "2024-02-29"]),
    ("SELECT next_day(date'2024-01-08', 'MON')", ["2024-01-15"]),
    ("SELECT datediff(date'2024-03-01', date'2024-02-01'), datediff('2024-03-01', '2024-02-01')", ["29", "29"]),
    ("SELECT datediff(DAY, date'2024-02-01', date'2024-03-01')", ["29"]),
    ("SELECT timestampdiff(MINUTE, timestamp'2024-01-01 00:00:00', timestamp'2024-01-01 01:30:59')", ["90"]),
    ("SELECT months_between(date'2024-03-31', date'2024-02-29')", ["1.0"]),
    ("SELECT make_date(2024, 2, 29), to_date('03/02/2024', 'dd/MM/yyyy')", ["2024-02-29", "2024-02-03"]),
    ("SELECT unix_timestamp(timestamp'2024-01-01 00:00:00'), from_unixtime(0)", ["1704067200", "1970-01-01 00:00:00"]),
    ("SELECT to_unix_timestamp('2024-01-01', 'yyyy-MM-dd')", ["1704067200"]),
    ("SELECT date'2024-01-31' + INTERVAL 1 MONTH, date'2024-01-31' - INTERVAL '1' DAY", ["2024-02-29", "2024-01-30"]),
    ("SELECT timestamp'2024-01-31 00:00:00' - INTERVAL 2 HOURS", ["2024-01-30T22:00:00.000Z"]),
    # numbers
    ("SELECT pmod(-7, 3), -7 % 3, 7 DIV 2, 7 / 2", ["2", "-1", "3", "3.5"]),
    ("SELECT try_divide(1, 0), try_divide(3, 2), 1 / nullif(0, 0)", [None, "1.5", None]),
    ("SELECT bround(2.5), round(2.5), round(1234.567, 1)", ["2", "3", "1234.6"]),
    ("SELECT width_bucket(5, 0, 10, 5), greatest(1, 2), log(2, 8), log10(100)", ["3", "2", "3.0", "2.0"]),
    (
        "SELECT cast('12' AS int), try_cast('x' AS int), int('5'), double('1.5'), '5'::int",
        ["12", None, "5", "1.5", "5"],
    ),
    ("SELECT cast(1.5 AS decimal(10, 2)), cast(true AS string), bigint(3)", ["1.50", "true", "3"]),
    # text
    ("SELECT substring_index('a.b.c', '.', 2), substring_index('a.b.c', '.', -1)", ["a.b", "c"]),
    ("SELECT split('a,b', ','), split('a,b', ',')[1], split_part('a,b', ',', 2)", ['["a","b"]', "b", "b"]),
    ("SELECT concat('a', NULL), concat_ws('-', 'a', NULL, 'b'), 'a' || 'b'", [None, "a-b", "ab"]),
    (
        "SELECT initcap('hello wORLD'), lpad('7', 3, '0'), lpad(month(date'2024-05-01'), 2, '0')",
        ["Hello World", "007", "05"],
    ),
    ("SELECT format_number(1234567.891, 2), regexp_extract('a12', '([0-9]+)', 1)", ["1,234,567.89", "12"]),
    ("SELECT regexp_replace('a1b22', '[0-9]+', 'x'), 'abc' RLIKE '^a', 'ABC' ILIKE 'a%'", ["axbx", "true", "true"]),
    (
        "SELECT contains('abc', 'b'), startswith('abc', 'a'), charindex('b', 'abc'), locate('c', 'abc')",
        ["true", "true", "2", "3"],
    ),
    ("SELECT \"text\", 'it\\'s', r'\\d'", ["text", "it's", "\\d"]),
    # nulls and choices
    (
        "SELECT nvl(NULL, 1), nvl2(NULL, 1, 2), ifnull(NULL, 3), isnull(NULL), isnotnull(1)",
        ["1", "2", "3", "true", "true"],
    ),
    ("SELECT if(1 > 0, 'y', 'n'), decode(2, 1, 'a', 2, 'b', 'c'), NULL <=> NULL", ["y", "b", "true"]),
    # arrays, structs, maps
    ("SELECT transform(array(1, 2), x -> x + 1), filter(array(1, 2), x -> x > 1)", ['["2","3"]', '["2"]']),
    ("SELECT exists(array(1, 2), x -> x > 1), aggregate(array(1, 2, 3), 0, (a, x) -> a + x)", ["true", "6"]),
    ("SELECT named_struct('a', 1).a, map('k', 1)['k'], array(1, 2)[0], size(array(1, 2))", ["1", "1", "1", "2"]),
    ("SELECT get_json_object('{\"a\":{\"b\":5}}', '$.a.b')", ["5"]),
    # the session
    ("SELECT current_catalog(), current_schema()", ["main", "default"]),
]

MANY = [
    ("SELECT stack(2, 'a', 1, 'b', 2) AS (k, v)", [["a", "1"], ["b", "2"]]),
    ("SELECT id, id * 2 AS d FROM range(3)", [["0", "0"], ["1", "2"], ["2", "4"]]),
    ("SELECT * FROM range(1, 10, 4) AS r", [["1"], ["5"], ["9"]]),
    ("SELECT explode(sequence(1, 3)) AS n", [["1"], ["2"], ["3"]]),
    ("SELECT posexplode(array('x', 'y'))", [["0", "x"], ["1", "y"]]),
    (
        "SELECT explode(sequence(date'2024-01-01', date'2024-01-02', interval 1 day)) AS d",
        [["2024-01-01"], ["2024-01-02"]],
    ),
    ("VALUES (1, 'a'), (2, 'b')", [["1", "a"], ["2", "b"]]),
    ("SELECT * FROM VALUES (1, 'a') AS t(n, s)", [["1", "a"]]),
    (
        "SELECT r_name, w FROM samples.tpch.region LATERAL VIEW explode(split(r_name, ' ')) t AS w"
        " ORDER BY 1, 2 LIMIT 1",
        [["AFRICA", "AFRICA"]],
    ),
    (
        "SELECT n_name FROM samples.tpch.nation QUALIFY row_number() OVER"
        " (PARTITION BY n_regionkey ORDER BY n_name) = 1 ORDER BY n_name LIMIT 2",
        [["ALGERIA"], ["ARGENTINA"]],
    ),
    (
        "WITH a AS (SELECT n_regionkey k, count(*) c FROM samples.tpch.nation GROUP BY ALL)"
        " SELECT r_name, c FROM a JOIN samples.tpch.region ON k = r_regionkey ORDER BY c DESC, r_name LIMIT 1",
        [["AFRICA", "5"]],
    ),
    (
        "SELECT collect_set(r_regionkey), array_join(collect_list(r_name), '/') FROM samples.tpch.region",
        [['["0","1","2","3","4"]', "AFRICA/AMERICA/ASIA/EUROPE/MIDDLE EAST"]],
    ),
    ("FROM samples.tpch.region SELECT r_name LIMIT 1", [["AFRICA"]]),
    ("SELECT * EXCEPT (n_comment) FROM samples.tpch.nation LIMIT 1", [["0", "ALGERIA", "0"]]),
    ("SELECT tpch.region.r_name FROM samples.tpch.region LIMIT 1", [["AFRICA"]]),
    ("SELECT `r_name` FROM `samples`.`tpch`.`region` AS `r` WHERE `r`.`r_regionkey` = 4", [["MIDDLE EAST"]]),
    ("SELECT r_name FROM samples.tpch.region LEFT ANTI JOIN samples.tpch.nation ON r_regionkey = n_regionkey", []),
    ("SHOW CATALOGS", [["main"], ["samples"], ["system"]]),
    ("SHOW TABLES IN samples.nyctaxi", [["nyctaxi", "trips", "false"]]),
    ("SHOW TABLES IN samples.bakehouse LIKE 'sales_f*'", [["bakehouse", "sales_franchises", "false"]]),
    ("SHOW COLUMNS IN samples.tpch.region", [["r_regionkey"], ["r_name"], ["r_comment"]]),
    (
        "DESCRIBE TABLE samples.tpch.region",
        [
            ["r_regionkey", "bigint", "Key"],
            ["r_name", "string", "Name, in capitals"],
            ["r_comment", "string", "Remark"],
        ],
    ),
    ("DESCRIBE QUERY SELECT 1 AS a", [["a", "int", None]]),
    ("USE CATALOG samples", []),
    (
        "SELECT table_name FROM samples.information_schema.tables WHERE table_schema = 'nyctaxi'",
        [["trips"]],
    ),
    (
        "SELECT column_name FROM system.information_schema.columns WHERE table_name = 'region'"
        " ORDER BY ordinal_position",
        [["r_regionkey"], ["r_name"], ["r_comment"]],
    ),
]

RUNS = [
    "SELECT date_trunc('month', o_orderdate) AS month, sum(o_totalprice) FROM samples.tpch.orders"
    " GROUP BY 1 ORDER BY 1",
    "SELECT hour(tpep_pickup_datetime) h, count(*), avg(fare_amount) FROM samples.nyctaxi.trips"
    " GROUP BY ALL ORDER BY h",
    "SELECT approx_percentile(fare_amount, array(0.25, 0.5, 0.75)), percentile(fare_amount, 0.9), median(fare_amount)"
    " FROM samples.nyctaxi.trips",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY fare_amount) FROM samples.nyctaxi.trips",
    "SELECT count(DISTINCT o_custkey, o_orderstatus), count_if(o_orderstatus = 'F'), approx_count_distinct(o_custkey)"
    " FROM samples.tpch.orders",
    "SELECT coalesce(c_mktsegment, 'total'), count(*) FROM samples.tpch.customer GROUP BY ROLLUP (c_mktsegment)",
    "SELECT * FROM (SELECT year(o_orderdate) y, o_orderstatus s, o_totalprice p FROM samples.tpch.orders)"
    " PIVOT (sum(p) FOR s IN ('F' AS filled, 'O' AS open)) ORDER BY y",
    "SELECT sum(o_totalprice) OVER (ORDER BY o_orderdate ROWS BETWEEN 6 PRECEDING AND CURRENT ROW),"
    " lag(o_totalprice) OVER (ORDER BY o_orderkey), ntile(4) OVER (ORDER BY o_totalprice) FROM samples.tpch.orders",
    "SELECT max_by(product, totalPrice), mode(product), stddev(totalPrice) FROM samples.bakehouse.sales_transactions",
    "SELECT f.name, sum(t.totalPrice) AS revenue FROM samples.bakehouse.sales_transactions t"
    " JOIN samples.bakehouse.sales_franchises f USING (franchiseID) GROUP BY f.name ORDER BY revenue DESC LIMIT 5",
    "SELECT n_name, (SELECT count(*) FROM samples.tpch.customer c WHERE c.c_nationkey = n.n_nationkey) AS customers"
    " FROM samples.tpch.nation n ORDER BY customers DESC",
    "SELECT sum(fare_amount) / count(*), round(sum(fare_amount) / sum(trip_distance), 2) FROM samples.nyctaxi.trips",
    "SELECT (unix_timestamp(tpep_dropoff_datetime) - unix_timestamp(tpep_pickup_datetime)) / 60"
    " FROM samples.nyctaxi.trips",
    "SELECT concat(year(o_orderdate), '-', lpad(month(o_orderdate), 2, '0')) m, count(*)"
    " FROM samples.tpch.orders GROUP BY 1",
    "SELECT l_shipmode, round(100.0 * sum(CASE WHEN l_receiptdate > l_commitdate THEN 1 ELSE 0 END) / count(*), 1)"
    " FROM samples.tpch.lineitem GROUP BY l_shipmode",
    "SELECT * FROM samples.nyctaxi.trips TABLESAMPLE (5 ROWS)",
    "SELECT * FROM samples.tpch.orders WHERE o_orderdate BETWEEN '1996-01-01' AND '1996-12-31'"
    " AND o_orderpriority LIKE '1%'",
    "EXPLAIN SELECT * FROM samples.tpch.nation",
]


@pytest.mark.parametrize(("sql", "row"), EXACT, ids=[sql[:60] for sql, _ in EXACT])
def test_a_statement_without_a_table_gives_what_databricks_gives(shared_client, sql, row):
    assert shared_client.rows(sql) == [row]


@pytest.mark.parametrize(("sql", "rows"), MANY, ids=[sql[:60] for sql, _ in MANY])
def test_a_statement_gives_the_rows_that_databricks_gives(shared_client, sql, rows):
    assert shared_client.rows(sql) == rows


@pytest.mark.parametrize("sql", RUNS, ids=[sql[:60] for sql in RUNS])
def test_a_dashboard_statement_runs_and_gives_rows(shared_client, sql):
    assert shared_client.rows(sql)


ERRORS = [
    ("SELECT * FROM nope", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("SELECT * FROM samples.tpch.nope", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("SELECT nope FROM samples.tpch.region", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703"),
    ("SELECT x.r_name FROM samples.tpch.region r", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703"),
    ("SELEC 1", "PARSE_SYNTAX_ERROR", "42601"),
    ("SELECT 'open", "PARSE_SYNTAX_ERROR", "42601"),
    ("SELECT 1; SELECT 2", "PARSE_SYNTAX_ERROR", "42601"),
    ("SELECT 1 / 0", "DIVIDE_BY_ZERO", "22012"),
    ("SELECT sum(fare_amount) / sum(0) FROM samples.nyctaxi.trips", "DIVIDE_BY_ZERO", "22012"),
    ("SELECT 5 % 0", "DIVIDE_BY_ZERO", "22012"),
    ("SELECT cast('abc' AS int)", "CAST_INVALID_INPUT", "22018"),
    ("SELECT cast(300 AS tinyint)", "CAST_OVERFLOW", "22003"),
    ("SELECT 9223372036854775807 + 1", "ARITHMETIC_OVERFLOW", "22003"),
    ("SELECT r_name, count(*) FROM samples.tpch.region", "MISSING_AGGREGATION", "42803"),
    ("SELECT r_name FROM samples.tpch.region WHERE count(*) > 1", "GROUP_BY_AGGREGATE", "42903"),
    ("SELECT o_custkey FROM samples.tpch.orders a, samples.tpch.orders b", "AMBIGUOUS_REFERENCE", "42704"),
    ("SELECT nosuchfunction(1)", "UNRESOLVED_ROUTINE", "42883"),
    ("SELECT strftime(now(), '%Y')", "UNRESOLVED_ROUTINE", "42883"),
    ("SELECT :unbound", "UNBOUND_SQL_PARAMETER", "42P02"),
    ("SELECT 1 LIMIT '5'", "INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE", "42K0E"),
    ("SHOW TABLES IN samples.nope", "SCHEMA_NOT_FOUND", "42704"),
    ("USE nope", "SCHEMA_NOT_FOUND", "42704"),
    ("SHOW SCHEMAS IN nope", "NO_SUCH_CATALOG_EXCEPTION", "42704"),
    (
        "SELECT window(tpep_pickup_datetime, '1 hour') FROM samples.nyctaxi.trips",
        "UNSUPPORTED_BY_LOCAL_WORKSPACE",
        "0A000",
    ),
]


@pytest.mark.parametrize(("sql", "code", "sqlstate"), ERRORS, ids=[sql[:60] for sql, _, _ in ERRORS])
def test_an_error_is_named_as_databricks_names_it(shared_client, sql, code, sqlstate):
    error = shared_client.error(sql)
    assert (error.code, error.sqlstate) == (code, sqlstate)
    assert error.message.endswith(f"SQLSTATE: {sqlstate}")
    assert error.answer["status"]["error"]["error_code"] == "BAD_REQUEST"


def test_result_columns_are_named_and_typed_as_databricks_does(shared_client):
    answer = shared_client.submit(
        "SELECT count(*), sum(o_totalprice), o_orderdate, year(o_orderdate) AS y, avg(o_orderkey),"
        " collect_list(o_clerk) FROM samples.tpch.orders GROUP BY o_orderdate LIMIT 1"
    )
    columns = answer["manifest"]["schema"]["columns"]
    assert [column["name"] for column in columns] == [
        "count(1)",
        "sum(o_totalprice)",
        "o_orderdate",
        "y",
        "avg(o_orderkey)",
        "collect_list(o_clerk)",
    ]
    assert [column["type_name"] for column in columns] == ["LONG", "DECIMAL", "DATE", "INT", "DOUBLE", "ARRAY"]
    assert columns[1]["type_scale"] == 2
    assert columns[5]["type_text"] == "ARRAY<STRING>"


def test_a_column_keeps_the_spelling_of_the_statement(shared_client):
    columns = shared_client.submit(
        "SELECT transactionid, customerID FROM samples.bakehouse.sales_transactions LIMIT 1"
    )["manifest"]["schema"]["columns"]
    assert [column["name"] for column in columns] == ["transactionid", "customerID"]


def test_catalog_and_schema_of_the_request_resolve_short_names(shared_client):
    assert shared_client.rows("SELECT count(*) FROM region", catalog="samples", schema="tpch") == [["5"]]
    assert shared_client.rows("SELECT count(*) FROM tpch.region", catalog="samples") == [["5"]]
    assert shared_client.error("SELECT 1", catalog="nope").code == "NO_SUCH_CATALOG_EXCEPTION"

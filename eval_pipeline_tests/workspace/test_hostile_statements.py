"""Statements of an app that means harm: refused or stopped, in bounded time, and the next statement works."""

import time

import pytest

from eval_pipeline.workspace import LocalWorkspace
from eval_pipeline_tests.workspace.conftest import Client

WRITES = [
    "INSERT INTO samples.tpch.nation VALUES (1, 'x', 1, '')",
    "UPDATE samples.tpch.nation SET n_name = 'x'",
    "DELETE FROM samples.tpch.nation",
    "MERGE INTO samples.tpch.nation t USING samples.tpch.nation s ON t.n_nationkey = s.n_nationkey"
    " WHEN MATCHED THEN DELETE",
    "DROP TABLE samples.tpch.nation",
    "DROP SCHEMA samples.tpch CASCADE",
    "CREATE TABLE x AS SELECT 1",
    "CREATE OR REPLACE TEMP VIEW v AS SELECT 1",
    "CREATE FUNCTION f() RETURNS INT RETURN 1",
    "ALTER TABLE samples.tpch.nation ADD COLUMNS (x INT)",
    "TRUNCATE TABLE samples.tpch.nation",
    "GRANT SELECT ON TABLE samples.tpch.nation TO x",
    "OPTIMIZE samples.tpch.nation",
    "VACUUM samples.tpch.nation",
    "SET memory_limit = '100GB'",
    "SET lock_configuration = false",
    "PRAGMA database_list",
    "LOAD httpfs",
    "COPY (SELECT 1) TO '/tmp/stolen'",
    "CALL f()",
    "BEGIN",
    "EXECUTE IMMEDIATE 'SELECT 1'",
    "WITH a AS (INSERT INTO samples.tpch.nation VALUES (1)) SELECT 1",
    "EXPLAIN INSERT INTO samples.tpch.nation VALUES (1)",
]

REACHES = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM csv.`/etc/passwd`",
    "SELECT * FROM parquet.`https://example.com/x.parquet`",
    "SELECT read_text('/etc/passwd')",
    "SELECT getenv('PATH')",
    "SELECT current_setting('memory_limit')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM pg_catalog.pg_tables",
    "SELECT * FROM memory.information.tables",
    "SELECT u('fare', 1)",
    "ATTACH '/tmp/x.db' AS x",
    "INSTALL httpfs",
    "EXPORT DATABASE '/tmp/x'",
    "SELECT 1; DROP TABLE samples.tpch.nation",
]

HEAVY = [
    "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.id + b.id < 0",
    "WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t",
    "SELECT repeat('x', 2000000000)",
    "SELECT lpad('x', 1500000000, 'y')",
    "SELECT collect_list(id) FROM range(300000000)",
    "SELECT sequence(1, 1000000000)",
    "SELECT * FROM samples.tpch.lineitem a, samples.tpch.lineitem b",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    "SELECT " + "NOT " * 20000 + "true",
    "SELECT " + "CASE WHEN true THEN " * 3000 + "1" + " END" * 3000,
    "SELECT * FROM " + "(SELECT * FROM " * 800 + "(SELECT 1)" + ")" * 800,
    "SELECT 1" + " UNION ALL SELECT 1" * 3000,
    "SELECT " + ",".join(["1"] * 50000),
    "SELECT '" + "x" * 300000 + "'",
    "WITH c0 AS (SELECT * FROM range(2)), "
    + ", ".join(f"c{i} AS (SELECT * FROM c{i - 1} a{i}, c{i - 1} b{i})" for i in range(1, 25))
    + " SELECT count(*) FROM c24",
]


@pytest.mark.parametrize("sql", WRITES)
def test_whatever_would_write_is_refused(shared_client, sql):
    error = shared_client.error(sql)
    assert (error.code, error.sqlstate) == ("INSUFFICIENT_PERMISSIONS", "42501")
    assert shared_client.rows("SELECT count(*) FROM samples.tpch.nation") == [["25"]]


@pytest.mark.parametrize("sql", REACHES)
def test_nothing_but_the_sample_tables_is_reached(shared_client, sql):
    assert "root:" not in str(shared_client.error(sql).answer)


@pytest.fixture(scope="module")
def impatient():
    with LocalWorkspace(statement_timeout_seconds=2) as workspace, workspace.open_session("app", seed=1) as session:
        yield Client(workspace.http_url, session)


@pytest.mark.parametrize("sql", HEAVY, ids=[sql[:50] for sql in HEAVY])
def test_a_heavy_statement_ends_in_bounded_time_and_the_next_one_works(impatient, sql):
    started = time.monotonic()
    impatient.error(sql)
    assert time.monotonic() - started < 20
    assert impatient.rows("SELECT count(*) FROM samples.tpch.region") == [["5"]]


def test_one_session_that_is_killed_leaves_the_other_alone():
    with (
        LocalWorkspace(statement_timeout_seconds=1) as workspace,
        workspace.open_session("bad", seed=1) as bad,
        workspace.open_session("good", seed=1) as good,
    ):
        hostile, innocent = Client(workspace.http_url, bad), Client(workspace.http_url, good)
        hostile.submit("SELECT lpad('x', 1500000000, 'y')", wait_timeout="0s")
        deadline = time.monotonic() + 15
        while bad.statements[0].state == "RUNNING" and time.monotonic() < deadline:
            assert innocent.rows("SELECT count(*) FROM samples.tpch.region") == [["5"]]
        assert bad.statements[0].state == "FAILED"
        assert hostile.rows("SELECT 1") == [["1"]]


def test_too_many_statements_under_way_are_refused_with_429(workspace):
    with workspace.open_session("flood", seed=1) as session:
        client = Client(workspace.http_url, session)
        slow = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.id + b.id < 0"
        body = {"statement": slow, "warehouse_id": session.warehouse_id, "wait_timeout": "0s"}
        statuses = [client.send("POST", "/api/2.0/sql/statements", body)[0] for _ in range(105)]
        assert statuses[:100] == [200] * 100
        assert statuses[-1] == 429

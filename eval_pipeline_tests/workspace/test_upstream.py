"""A real warehouse behind the endpoint; here the real SDK speaks HTTP to a second workspace that stands for it."""

import pytest

from eval_pipeline.model import InputError
from eval_pipeline.settings import Settings
from eval_pipeline.workspace import DatabricksWarehouse, LocalWorkspace
from eval_pipeline.workspace.perturb import Perturbation
from eval_pipeline.workspace.sql.errors import SqlError
from eval_pipeline.workspace.sql.guard import check_read_only
from eval_pipeline.workspace.warehouse import Query, Result, ResultColumn
from eval_pipeline_tests.workspace.conftest import STATEMENTS, Client


@pytest.fixture(scope="module")
def real(workspace):
    with workspace.open_session("the real warehouse", seed=3) as session:
        yield session


@pytest.fixture(scope="module")
def front(workspace, real):
    warehouse = DatabricksWarehouse(workspace.http_url, real.warehouse_id, token=real.token)
    with LocalWorkspace(warehouse) as front:
        yield front


@pytest.fixture
def app(front):
    with front.open_session("app") as session:
        yield Client(front.http_url, session)


def test_statements_are_forwarded_with_the_real_credentials(app, real):
    before = len(real.statements)
    parameters = [{"name": "r", "value": "2", "type": "INT"}]
    answer = app.submit(
        "SELECT n_name, n_regionkey FROM nation WHERE n_regionkey = :r ORDER BY 1",
        parameters=parameters,
        catalog="samples",
        schema="tpch",
        row_limit=2,
    )
    assert answer["result"]["data_array"] == [["CHINA", "2"], ["INDIA", "2"]]
    assert [column["type_name"] for column in answer["manifest"]["schema"]["columns"]] == ["STRING", "LONG"]
    assert answer["manifest"]["truncated"] is True
    seen = real.statements[before:]
    assert [record.auth for record in seen] == ["pat"]
    assert [(record.auth, record.row_count) for record in app.session.statements] == [("pat", 2)]
    assert app.token != real.token


def test_all_chunks_of_a_large_result_arrive(app):
    answer = app.submit("SELECT id FROM range(25000)")
    assert answer["manifest"]["total_row_count"] == 25000


def test_the_real_token_opens_nothing_in_front_and_the_apps_nothing_behind(app, real, workspace):
    assert (
        Client(app.session and f"http://{app.host}:{app.port}", app.session, real.token).send("POST", STATEMENTS, {})[0]
        == 403
    )
    assert Client(workspace.http_url, real, app.token).send("POST", STATEMENTS, {})[0] == 403


def test_errors_of_the_real_warehouse_pass_through(app):
    error = app.error("SELECT nope FROM samples.tpch.nation")
    assert error.code == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    assert error.sqlstate == "42703"


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE samples.tpch.nation",
        "INSERT INTO t VALUES (1)",
        "SELECT 1; DELETE FROM t",
        "/* SELECT */ DELETE FROM t",
        "-- SELECT\nDROP TABLE t",
        "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
        "FROM t INSERT INTO u SELECT *",
        "EXPLAIN DROP TABLE t",
        "EXPLAIN EXTENDED INSERT INTO t VALUES (1)",
        "BEGIN SELECT 1; END",
        "SET x = 1",
        "USE CATALOG main",
        "CALL f()",
        "EXECUTE IMMEDIATE 'DROP TABLE t'",
        "SHOW GRANTS ON TABLE t",
        "SELECT secret('scope', 'key')",
        "SELECT try_secret('scope', 'key')",
        "SELECT * FROM list_secrets()",
        "SELECT http_request(conn => 'c', method => 'GET', path => '/')",
        "SELECT ai_query('model', 'text')",
        "SELECT main.default.f(1)",
        "SELECT java_method('java.lang.System', 'exit', 0)",
        "SELECT * FROM read_files('/Volumes/x')",
        "SELECT * FROM csv.`/Volumes/x/y.csv`",
        "SELECT * FROM remote_query('c', query => 'SELECT 1')",
        "this is not SQL",
        "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    ],
)
def test_only_single_statements_that_read_are_forwarded(app, real, sql):
    before = len(real.statements)
    assert app.error(sql[:10000]).code in ("INSUFFICIENT_PERMISSIONS", "PARSE_SYNTAX_ERROR")
    assert len(real.statements) == before


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "  with a as (select 1) select * from a",
        "(SELECT 1) UNION (SELECT 2)",
        "VALUES (1)",
        "SHOW TABLES IN samples.tpch",
        "DESCRIBE TABLE EXTENDED samples.tpch.nation",
        "EXPLAIN FORMATTED SELECT 1",
        "/* a */ SELECT /* b */ 1 -- c",
        "SELECT 'DROP TABLE t; secret(1)' AS text",
    ],
)
def test_what_reads_is_let_through(sql):
    check_read_only(sql)


def test_the_guard_says_why():
    with pytest.raises(SqlError, match="the function secret"):
        check_read_only("SELECT secret('a', 'b')")


def test_reseeding_alters_the_rows_in_transit_and_filters_still_work(app, front):
    sql = (
        "SELECT c_mktsegment, count(*) AS customers, sum(c_acctbal) AS balance, min(c_custkey) AS c_custkey"
        " FROM samples.tpch.customer GROUP BY 1 ORDER BY 1"
    )
    plain = app.rows(sql)
    app.session.reseed(1)
    first = app.rows(sql)
    app.session.reseed(2)
    second = app.rows(sql)
    for one, two in ((plain, first), (first, second), (plain, second)):
        for column in (0, 1, 2):
            assert all(a[column] != b[column] for a, b in zip(one, two, strict=True))
        assert [row[3] for row in one] == [row[3] for row in two]
    app.session.reseed(1)
    assert app.rows(sql) == first
    marked = first[0][0]
    parameters = [{"name": "s", "value": marked}]
    assert app.rows(
        "SELECT count(*) AS customers FROM samples.tpch.customer WHERE c_mktsegment = :s", parameters=parameters
    ) == [[first[0][1]]]
    assert app.session.statements[-1].rows == ((first[0][1],),)


def test_perturbation_keeps_form_and_leaves_nulls_dates_and_keys():
    columns = [
        ResultColumn("amount", "DECIMAL", "DECIMAL(18,2)", 18, 2),
        ResultColumn("trips", "LONG", "BIGINT"),
        ResultColumn("day", "DATE", "DATE"),
        ResultColumn("customerID", "LONG", "BIGINT"),
        ResultColumn("hour", "INT", "INT"),
        ResultColumn("share", "DOUBLE", "DOUBLE"),
        ResultColumn("name", "STRING", "STRING"),
    ]
    given = Result(
        tuple(columns),
        (
            ("10.00", "3", "2024-01-01", "7", "5", "0.25", "Ada"),
            (None,) * 6 + ("",),
            ("x", "y", "z", "1", "2", "NaN", "é"),
        ),
    )
    changed = Perturbation(9).apply(given)
    first = changed.rows[0]
    assert first[0] != "10.00" and len((first[0] or "").split(".")[1]) == 2
    assert int(first[1] or 0) > 3
    assert first[2:5] == ("2024-01-01", "7", "5")
    assert 0.25 < float(first[5] or 0) < 0.4
    assert (first[6] or "").startswith("Ada ~")
    assert changed.rows[1] == (None,) * 6 + ("",)
    assert changed.rows[2][:3] == ("x", "y", "z")
    assert Perturbation(None).apply(given) == given
    query = Query("SELECT 'Ada'")
    assert Perturbation(9).restore(Query(f"SELECT '{first[6]}'")) == query


def test_an_unreachable_warehouse_is_a_failed_statement_without_secrets(front):
    warehouse = DatabricksWarehouse(
        "http://127.0.0.1:9", "abc", token="dapi00112233445566778899aabbccddeeff", retry_seconds=2
    )
    with LocalWorkspace(warehouse, statement_timeout_seconds=30) as front, front.open_session("app") as session:
        error = Client(front.http_url, session).error("SELECT 1", wait_timeout="50s")
    assert error.code == "UPSTREAM_ERROR"
    assert "00112233" not in str(error.answer)


def test_secrets_are_masked_in_what_the_real_warehouse_says():
    secret = "dapi00112233445566778899aabbccddeeff"
    warehouse = DatabricksWarehouse("http://127.0.0.1:9", "abc", token=secret, secrets=["hunter2-hunter2"])
    text = warehouse._masked(f"token {secret} and hunter2-hunter2 and Bearer abcdef123 " + "x" * 9000)
    assert secret not in text and "hunter2" not in text and "abcdef123" not in text
    assert len(text) <= 2000


def test_settings_must_name_the_warehouse_and_a_credential():
    with pytest.raises(InputError, match="DATABRICKS_WAREHOUSE_ID"):
        DatabricksWarehouse.from_settings(Settings())
    partly = Settings.model_validate({"databricks_host": "https://x", "databricks_warehouse_id": "w"})
    with pytest.raises(InputError, match="DATABRICKS_TOKEN"):
        DatabricksWarehouse.from_settings(partly)

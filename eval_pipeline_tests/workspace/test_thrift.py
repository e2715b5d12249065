"""The Thrift endpoint, asked by the real connectors: databricks-sql-connector and @databricks/sql, over TLS."""

import contextlib
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from eval_pipeline.sandbox.tools import find_tool
from eval_pipeline.settings import PROJECT_ROOT, get_settings
from eval_pipeline_tests.workspace import connector_script_path
from eval_pipeline_tests.workspace.conftest import Client

NODE_CONNECTOR = "2.1.0"


@pytest.fixture
def environment(workspace, session, tmp_path):
    (tmp_path / "ca.pem").write_bytes(workspace.ca_pem)
    return {
        "PATH": os.environ["PATH"],
        "DATABRICKS_CONFIG_FILE": os.devnull,
        "HOST": workspace.host_name,
        "PORT": str(urlsplit(workspace.https_url).port),
        "HTTP_PATH": f"/sql/1.0/warehouses/{session.warehouse_id}",
        "TOKEN": session.token,
        "CLIENT_ID": session.client_id,
        "CLIENT_SECRET": session.client_secret,
        "CA": str(tmp_path / "ca.pem"),
        # For the token's request, which databricks-sdk makes with requests.
        "REQUESTS_CA_BUNDLE": str(tmp_path / "ca.pem"),
        "NODE_EXTRA_CA_CERTS": str(tmp_path / "ca.pem"),
    }


def run_python(environment, *words):
    run = subprocess.run(
        [sys.executable, connector_script_path("py"), *words],
        env={**environment, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return run.returncode, run.stdout, run.stderr


@pytest.mark.parametrize("form", ["arrow", "columns", "sea"])
@pytest.mark.parametrize("kind", ["token", "oauth"])
def test_the_python_connector_works_unchanged(environment, session, kind, form):
    if (kind, form) == ("oauth", "columns"):
        pytest.skip("how rows come does not depend on the credential")
    code, out, err = run_python(environment, kind, form)
    assert code == 0, err
    found = json.loads(out)
    assert found["types"][:2] == ["int", "string"]
    assert found["types"][3:] == ["decimal", "date", "timestamp", "boolean", "bigint", "double"]
    row = found["row"]
    assert row[:5] == ["1", "'a'", "None", "Decimal('1.50')", "datetime.date(2024, 1, 2)"]
    assert row[5].startswith("datetime.datetime(2024, 1, 2, 3, 4, 5, 500000")
    assert row[6:] == ["True", "2", "1.5"]
    assert found["named"] == 5
    assert found["many"] == [[0, 1, 2], 24997, 24999]
    assert found["used"] == 5
    assert found["nothing"] == []
    assert found["later"] == 25
    assert found["error"][0] == "ServerOperationError"
    assert "[TABLE_OR_VIEW_NOT_FOUND]" in found["error"][1]
    if form != "columns":
        assert found["arrow"] == ["[Decimal128Type(decimal128(18, 2)), DataType(date32[day])]", 10]
    if form != "sea":
        assert found["positional"] == [7, "?", "x"]
        assert "lineitem" in found["tables"]
        assert found["columns"] == ["r_regionkey", "r_name", "r_comment"]
    records = session.statements
    assert {record.auth for record in records} == {"pat" if kind == "token" else "oauth"}
    assert all("PyDatabricksSqlConnector" in record.user_agent for record in records)
    assert next(r for r in records if "nope" in r.sql).error_code == "TABLE_OR_VIEW_NOT_FOUND"
    assert next(r for r in records if "range(25000)" in r.sql).row_count == 25000


def test_a_wrong_token_is_refused_and_noted(workspace, session, environment):
    code, _, err = run_python({**environment, "TOKEN": "nope"}, "token", "arrow")
    assert code != 0
    assert "Invalid access token" in err
    assert session.statements == []


@pytest.fixture(scope="session")
def node_connector() -> Path:
    """A folder with @databricks/sql installed, kept between runs."""
    target = PROJECT_ROOT / ".tools" / f"databricks-sql-node-{NODE_CONNECTOR}"
    if not target.is_dir():
        node = find_tool("node", get_settings())
        assert node is not None, "Node is missing: run make setup"
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        fresh.mkdir(parents=True)
        (fresh / "package.json").write_text('{"private": true}')
        npm = shutil.which("npm", path=f"{node.path.parent}{os.pathsep}{os.environ['PATH']}") or "npm"
        wanted = ["--ignore-scripts", "--no-audit", "--no-fund", f"@databricks/sql@{NODE_CONNECTOR}"]
        subprocess.run([npm, "install", "--prefix", str(fresh), *wanted], check=True, timeout=300)
        try:
            fresh.rename(target)
        except OSError:
            # Another test process was first.
            shutil.rmtree(fresh)
    return target


@pytest.mark.parametrize(("kind", "arrow"), [("token", "yes"), ("token", "no"), ("oauth", "yes")])
def test_the_node_connector_works_unchanged(environment, session, node_connector, kind, arrow):
    node = find_tool("node", get_settings())
    assert node is not None
    run = subprocess.run(
        [node.path, connector_script_path("cjs")],
        env={**environment, "KIND": kind, "ARROW": arrow, "NODE_PATH": str(node_connector / "node_modules")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    row = found["row"][0]
    assert {name: row[name] for name in "nszbl"} == {"n": 1, "s": "a", "z": None, "b": True, "l": 2}
    assert float(row["d"]) == 1.5
    assert row["day"].startswith("2024-01-02")
    assert found["named"] == [{"c": 5}]
    assert found["positional"] == [{"a": 7, "q": "?"}]
    assert found["many"] == 25000
    assert found["nothing"] == []
    assert found["error"][0] == "OperationStateError"
    assert found["error"][1].startswith("[TABLE_OR_VIEW_NOT_FOUND]")
    assert found["error"][2] == "42P01"
    assert found["tables"] == 8
    assert {record.auth for record in session.statements} == {"pat" if kind == "token" else "oauth"}
    assert "NodejsDatabricksSqlConnector" in session.statements[0].user_agent


def post(workspace, path, body, token):
    parts = urlsplit(workspace.https_url)
    context = ssl.create_default_context(cadata=workspace.ca_pem.decode())
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context, timeout=30)
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-thrift"}
    with contextlib.closing(connection):
        connection.request("POST", path, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"GET / HTTP/1.1",
        b"\x80\x01\x00\x01",
        b"\x80\x01\x00\x01\x7f\xff\xff\xffOpenSession",
        b"\x80\x01\x00\x01\x00\x00\x00\x0bOpenSession\x00\x00\x00\x01" + b"\x0c\x00\x01" * 5000,
        b"\x80\x01\x00\x01\x00\x00\x00\x0bOpenSession\x00\x00\x00\x01\x0f\x00\x01\x0b\x7f\xff\xff\xff",
        bytes(range(256)) * 8,
    ],
    ids=["nothing", "http", "cut", "long-name", "deep", "long-list", "noise"],
)
def test_bytes_that_are_no_call_are_a_bad_request(workspace, session, body):
    path = f"/sql/1.0/warehouses/{session.warehouse_id}"
    status, _, _ = post(workspace, path, body, session.token)
    assert status == 400


def test_a_call_that_is_not_served_gets_thrifts_own_exception(workspace, session):
    body = b"\x80\x01\x00\x01\x00\x00\x00\x0bGetTypeInfo\x00\x00\x00\x05" + b"\x0c\x00\x01\x00\x00"
    path = f"/sql/protocolv1/o/0/{session.warehouse_id}"
    status, _, answer = post(workspace, path, body, session.token)
    assert status == 200
    assert answer.startswith(b"\x80\x01\x00\x03")
    assert b"does not serve GetTypeInfo" in answer


def test_without_a_credential_or_at_another_warehouse_nothing_is_served(workspace, session):
    path = f"/sql/1.0/warehouses/{session.warehouse_id}"
    status, headers, _ = post(workspace, path, b"", "nope")
    assert status == 403
    assert headers["X-Databricks-Reason-Phrase"] == "Invalid access token."
    assert post(workspace, "/sql/1.0/warehouses/0123", b"", session.token)[0] == 404


def test_one_apps_operations_are_not_anothers(workspace, session, environment):
    from databricks.sql.thrift_api.TCLIService import ttypes as t

    from eval_pipeline.workspace.thrift.sessions import ClientSession, Operation

    guid = workspace.thrift.open(session, ClientSession())
    operation = workspace.thrift.add(session, Operation(t.TOperationType.EXECUTE_STATEMENT))
    with workspace.open_session("other", seed=3) as other:
        assert workspace.thrift.session(other, guid) is None
        assert workspace.thrift.operation(other, operation) is None
    assert workspace.thrift.session(session, guid) is not None


def test_the_log_is_the_statement_apis(workspace, session, environment):
    """The same statement by Thrift and by HTTP leaves the same record."""
    code, _, err = run_python(environment, "token", "arrow")
    assert code == 0, err
    sql = "SELECT count(*) FROM region"
    by_thrift = next(record for record in session.statements if record.sql == sql)
    Client(workspace.http_url, session).rows(sql, catalog="samples", schema="tpch")
    by_http = session.statements[-1]
    for name in ("auth", "state", "columns", "column_types", "rows", "row_count", "seed", "aggregates", "parameters"):
        assert getattr(by_thrift, name) == getattr(by_http, name), name

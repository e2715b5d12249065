"""Sessions: the statement log and its bounds, rows that change underneath, sockets of their own."""

import datetime as dt
import json
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import pytest

from eval_pipeline.workspace import DATASETS, LocalWorkspace
from eval_pipeline.workspace import sessions as sessions_module
from eval_pipeline_tests.workspace.conftest import STATEMENTS, Client


def test_the_log_holds_what_was_asked_and_what_was_served(client, session):
    client.rows("SELECT n_nationkey AS k, n_name FROM samples.tpch.nation ORDER BY k LIMIT 2")
    client.error("SELECT nope FROM samples.tpch.nation")
    served, failed = session.statements
    assert served.state == "SUCCEEDED"
    assert served.auth == "pat"
    assert (served.columns, served.column_types) == (("k", "n_name"), ("LONG", "STRING"))
    assert (served.rows, served.row_count) == ((("0", "ALGERIA"), ("1", "ARGENTINA")), 2)
    assert served.seed == 11
    assert dt.datetime.now(dt.UTC) - served.at < dt.timedelta(minutes=1)
    assert (failed.state, failed.error_code) == ("FAILED", "UNRESOLVED_COLUMN")
    assert failed.rows == ()
    with pytest.raises(FrozenInstanceError):
        served.state = "X"  # pyright: ignore[reportAttributeAccessIssue]


def test_the_log_is_bounded_and_counts_go_on(client, session, monkeypatch):
    monkeypatch.setattr(sessions_module, "MAX_RECORDS", 3)
    client.rows("SELECT id, repeat('x', 2000) AS long FROM range(1000)")
    assert len(session.statements[0].rows) == sessions_module.MAX_ROWS
    assert session.statements[0].row_count == 1000
    assert len(session.statements[0].rows[0][1] or "") == sessions_module.MAX_CELL
    for number in range(5):
        client.rows(f"SELECT {number}")
    assert [record.sql for record in session.statements] == ["SELECT 2", "SELECT 3", "SELECT 4"]
    assert session.counts["SUCCEEDED"] == 6


def test_many_threads_lose_no_record(client, session):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: client.rows(f"SELECT {number}"), range(60)))
    assert [int(rows[0][0]) for rows in answers] == list(range(60))
    assert sorted(int(record.rows[0][0] or "") for record in session.statements) == list(range(60))


def test_reseeding_changes_the_values_but_neither_schema_nor_categories(client, session):
    questions = {
        "trips": "SELECT count(*), sum(fare_amount), round(avg(trip_distance), 2) FROM samples.nyctaxi.trips",
        "revenue": "SELECT product, sum(totalPrice) FROM samples.bakehouse.sales_transactions GROUP BY 1 ORDER BY 1",
        "orders": "SELECT o_orderstatus, sum(o_totalprice) FROM samples.tpch.orders GROUP BY 1 ORDER BY 1",
    }
    before = {name: client.rows(sql) for name, sql in questions.items()}
    schema = client.rows("DESCRIBE samples.tpch.orders")
    session.reseed(12)
    after = {name: client.rows(sql) for name, sql in questions.items()}
    assert not set(before["trips"][0]) & set(after["trips"][0])
    for name in ("revenue", "orders"):
        assert [row[0] for row in before[name]] == [row[0] for row in after[name]]
        assert all(old[1] != new[1] for old, new in zip(before[name], after[name], strict=True))
    assert client.rows("DESCRIBE samples.tpch.orders") == schema
    assert session.seed == 12
    session.reseed(11)
    assert {name: client.rows(sql) for name, sql in questions.items()} == before


def test_sessions_with_one_seed_have_the_same_rows_and_with_two_seeds_not(workspace):
    sql = "SELECT * FROM samples.nyctaxi.trips"
    found = []
    for seed in (5, 5, 6):
        with workspace.open_session("app", seed=seed) as session:
            found.append(Client(workspace.http_url, session).rows(sql))
    assert found[0] == found[1] != found[2]


def test_a_session_without_a_seed_draws_one(workspace):
    with workspace.open_session("a") as first, workspace.open_session("b") as second:
        assert first.seed != second.seed


@pytest.fixture
def own_socket(session):
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    session.serve(sock)
    return port


def _over_tls(workspace, port, token, body, server_name=None):
    context = ssl.create_default_context(cadata=workspace.ca_pem.decode())
    data = json.dumps(body).encode()
    head = (
        f"POST {STATEMENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    )
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=server_name or workspace.host_name) as tls,
    ):
        tls.sendall(head.encode() + data)
        answer = b""
        while part := tls.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize("name", [None, "localhost", "127.0.0.1"])
def test_a_socket_of_its_own_is_served_with_tls_for_every_name(workspace, session, own_socket, name):
    body = {"statement": "SELECT 1", "warehouse_id": session.warehouse_id}
    status, answer = _over_tls(workspace, own_socket, session.token, body, name)
    assert (status, answer["result"]["data_array"]) == (200, [["1"]])


def test_what_a_socket_refuses_is_noted_for_its_session(workspace, session, own_socket):
    with workspace.open_session("other", seed=1) as other:
        for token in ("dapinonsense", other.token):
            assert _over_tls(workspace, own_socket, token, {})[0] == 403
        assert other.rejected == []
    assert [(noted.status, noted.path) for noted in session.rejected] == [(403, STATEMENTS)] * 2
    assert session.counts["rejected"] == 2
    assert session.statements == []


def test_a_closed_session_no_longer_listens(workspace):
    session = workspace.open_session("app", seed=1)
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    session.serve(sock)
    session.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=2).close()


def test_garbage_on_a_socket_harms_nobody(workspace, client, own_socket):
    for port in (own_socket, int(workspace.http_url.rsplit(":", 1)[1])):
        for garbage in (b"\x00" * 4096, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000, b"POST / HTTP/9\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
                plain.settimeout(2)
                try:
                    plain.sendall(garbage)
                    plain.recv(1000)
                except OSError:
                    pass
    assert client.rows("SELECT 1") == [["1"]]


def test_closing_the_workspace_leaves_no_thread_and_no_process():
    before = set(threading.enumerate())
    workspace = LocalWorkspace()
    session = workspace.open_session("app", seed=1)
    pool = workspace._pool._process
    Client(workspace.http_url, session).rows("SELECT 1")
    workspace.close()
    workspace.close()
    assert pool.poll() is not None
    assert {thread for thread in threading.enumerate() if thread.name == "local-workspace"} <= before


def test_the_catalog_description_is_what_the_tables_have(client):
    for name, dataset in DATASETS.items():
        described = [(column, kind) for column, kind, _ in client.rows(f"DESCRIBE QUERY SELECT * FROM {name}")]
        assert described == [(column.name, column.type) for column in dataset.columns]

"""The Statement Execution API over real HTTP: submit, wait, poll, chunks, cancel, parameters, refusals."""

import time

import pytest

from eval_pipeline_tests.workspace.conftest import STATEMENTS, Client

SLOW = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.id + b.id < 0"


def test_a_statement_gives_a_manifest_and_rows_of_text(client):
    answer = client.submit("SELECT 1 AS n, 'a' AS s, NULL AS z, true AS b, 1.50 AS d")
    assert answer["status"] == {"state": "SUCCEEDED"}
    assert answer["manifest"]["format"] == "JSON_ARRAY"
    assert answer["manifest"]["total_row_count"] == 1
    assert answer["manifest"]["schema"]["column_count"] == 5
    assert answer["result"] == {
        "chunk_index": 0,
        "row_offset": 0,
        "row_count": 1,
        "data_array": [["1", "a", None, "true", "1.50"]],
    }


def test_an_empty_result_has_no_data_array(client):
    answer = client.submit("SELECT 1 AS n WHERE false")
    assert answer["result"] == {"chunk_index": 0, "row_offset": 0, "row_count": 0}
    assert answer["manifest"]["total_row_count"] == 0


def test_the_path_with_a_slash_at_the_end_is_the_same(client):
    body = {"statement": "SELECT 1", "warehouse_id": client.session.warehouse_id}
    assert client.send("POST", f"{STATEMENTS}/", body)[1]["status"]["state"] == "SUCCEEDED"


def test_typed_parameters_are_bound_as_values(client):
    parameters = [
        {"name": "low", "value": "10", "type": "INT"},
        {"name": "day", "value": "2016-01-15", "type": "DATE"},
        {"name": "text", "value": "x' OR '1'='1"},
        {"name": "none", "value": None, "type": "STRING"},
        {"name": "money", "value": "1.005", "type": "DECIMAL(10,2)"},
    ]
    sql = "SELECT :low + 1, date_add(:day, 1), :text, :none, :money"
    assert client.rows(sql, parameters=parameters) == [["11", "2016-01-16", "x' OR '1'='1", None, "1.01"]]


def test_a_parameter_without_a_type_is_text_and_still_compares_with_numbers_and_dates(client):
    parameters = [{"name": "zip", "value": "10001"}, {"name": "day", "value": "2016-02-01"}]
    rows = client.rows(
        "SELECT count(*) > 0 FROM samples.nyctaxi.trips WHERE pickup_zip = :zip AND tpep_pickup_datetime >= :day",
        parameters=parameters,
    )
    assert rows == [["true"]]


def test_a_limit_takes_a_number_and_refuses_text(client):
    number = [{"name": "n", "value": "2", "type": "INT"}]
    assert len(client.rows("SELECT * FROM samples.tpch.nation LIMIT :n", parameters=number)) == 2
    text = [{"name": "n", "value": "2"}]
    error = client.error("SELECT * FROM samples.tpch.nation LIMIT :n", parameters=text)
    assert error.code == "INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE"


def test_a_bad_parameter_value_or_type_is_a_failed_statement(client):
    bad_value = [{"name": "n", "value": "x", "type": "INT"}]
    assert client.error("SELECT :n", parameters=bad_value).code == "CAST_INVALID_INPUT"
    bad_type = [{"name": "n", "value": "x", "type": "ARRAY<INT>"}]
    assert (
        client.error("SELECT :n", parameters=bad_type).code == "INVALID_PARAMETER_MARKER_VALUE.INVALID_VALUE_DATA_TYPE"
    )


def test_row_limit_cuts_and_says_so(client):
    answer = client.submit("SELECT * FROM samples.tpch.nation", row_limit=7)
    assert answer["manifest"]["truncated"] is True
    assert len(answer["result"]["data_array"]) == 7
    assert client.submit("SELECT * FROM samples.tpch.nation", row_limit=25)["manifest"]["truncated"] is False


def test_large_results_come_in_chunks(client):
    answer = client.submit("SELECT id FROM range(25000)")
    assert answer["manifest"]["total_chunk_count"] == 3
    assert answer["result"]["next_chunk_index"] == 1
    status, last = client.send("GET", f"{STATEMENTS}/{answer['statement_id']}/result/chunks/2")
    assert (status, last["row_offset"], last["row_count"]) == (200, 20000, 5000)
    assert last["data_array"][-1] == ["24999"]
    assert "next_chunk_index" not in last
    status, following = client.send("GET", answer["result"]["next_chunk_internal_link"])
    assert following["data_array"][0] == ["10000"]
    assert client.send("GET", f"{STATEMENTS}/{answer['statement_id']}/result/chunks/3")[0] == 404


def test_a_statement_can_be_submitted_now_and_fetched_later(client):
    answer = client.submit("SELECT 1 AS n", wait_timeout="0s")
    assert answer["status"]["state"] in ("PENDING", "RUNNING")
    assert "result" not in answer
    deadline = time.monotonic() + 20
    while answer["status"]["state"] in ("PENDING", "RUNNING") and time.monotonic() < deadline:
        _, answer = client.send("GET", f"{STATEMENTS}/{answer['statement_id']}")
    assert answer["result"]["data_array"] == [["1"]]


def test_a_slow_statement_goes_on_after_the_wait_until_it_is_cancelled(client):
    started = time.monotonic()
    answer = client.submit(SLOW, wait_timeout="5s")
    assert 4.5 < time.monotonic() - started < 9
    assert answer["status"]["state"] == "RUNNING"
    path = f"{STATEMENTS}/{answer['statement_id']}"
    assert client.send("POST", f"{path}/cancel") == (200, {})
    assert client.send("GET", path)[1]["status"]["state"] == "CANCELED"
    assert client.rows("SELECT 1") == [["1"]]
    assert client.session.statements[0].state == "CANCELED"


def test_a_slow_statement_is_cancelled_after_the_wait_if_so_asked(client):
    assert client.submit(SLOW, wait_timeout="5s", on_wait_timeout="CANCEL")["status"] == {"state": "CANCELED"}


def test_statements_of_one_session_run_beside_each_other(client):
    slow = client.submit(SLOW, wait_timeout="0s")
    assert client.rows("SELECT 1") == [["1"]]
    client.send("POST", f"{STATEMENTS}/{slow['statement_id']}/cancel")


def test_a_failed_statement_is_still_failed_when_fetched(client):
    failed = client.submit("SELECT * FROM nope")
    status, again = client.send("GET", f"{STATEMENTS}/{failed['statement_id']}")
    assert status == 200
    assert again["status"] == failed["status"]
    assert client.send("GET", f"{STATEMENTS}/{failed['statement_id']}/result/chunks/0")[0] == 404


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"statement": ""}, 400, "INVALID_PARAMETER_VALUE"),
        ({"statement": 5}, 400, "INVALID_PARAMETER_VALUE"),
        ({"warehouse_id": None}, 400, "INVALID_PARAMETER_VALUE"),
        ({"warehouse_id": "0123456789abcdef"}, 404, "RESOURCE_DOES_NOT_EXIST"),
        ({"wait_timeout": "3s"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"wait_timeout": "soon"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"on_wait_timeout": "EXPLODE"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"disposition": "BY_POST"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"format": "XML"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"format": "CSV"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"row_limit": -1}, 400, "INVALID_PARAMETER_VALUE"),
        ({"parameters": "x"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"parameters": [{"value": "1"}]}, 400, "INVALID_PARAMETER_VALUE"),
        ({"catalog": ["x"]}, 400, "INVALID_PARAMETER_VALUE"),
    ],
)
def test_a_wrong_request_is_refused_with_a_reason(client, change, status, code):
    body = {"statement": "SELECT 1", "warehouse_id": client.session.warehouse_id, **change}
    found, answer = client.send("POST", STATEMENTS, body)
    assert (found, answer["error_code"]) == (status, code)
    assert answer["message"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"[" * 100000, b'{"statement": "\\ud800"}', b"\xff\xfe"]
)
def test_a_body_that_is_no_json_object_is_a_400(client, body):
    status, answer = client.send("POST", STATEMENTS, body)
    assert status == 400
    assert answer["error_code"] in ("MALFORMED_REQUEST", "INVALID_PARAMETER_VALUE")


def test_a_body_that_is_too_large_is_a_413(client):
    assert client.send("POST", STATEMENTS, b" " * 2_000_000)[0] == 413


def test_unknown_paths_and_methods_are_unknown_endpoints(client):
    for method, path in (("GET", "/api/2.0/nope"), ("DELETE", STATEMENTS), ("GET", "/")):
        status, answer = client.send(method, path)
        assert (status, answer["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_a_statement_of_another_session_is_not_found(workspace, client):
    theirs = client.submit("SELECT 1")["statement_id"]
    with workspace.open_session("other", seed=1) as other:
        mine = Client(workspace.http_url, other)
        assert mine.send("GET", f"{STATEMENTS}/{theirs}")[0] == 404
        assert mine.send("POST", f"{STATEMENTS}/{theirs}/cancel")[0] == 404
        body = {"statement": "SELECT 1", "warehouse_id": client.session.warehouse_id}
        assert mine.send("POST", STATEMENTS, body)[0] == 404


def test_the_warehouse_is_listed_and_runs(client):
    _, listed = client.send("GET", "/api/2.0/sql/warehouses")
    assert [warehouse["id"] for warehouse in listed["warehouses"]] == [client.session.warehouse_id]
    status, one = client.send("GET", f"/api/2.0/sql/warehouses/{client.session.warehouse_id}")
    assert (status, one["state"]) == (200, "RUNNING")
    assert client.send("GET", "/api/2.0/sql/warehouses/nope")[0] == 404

"""Results of the Statement Execution API as Arrow, and as files behind links."""

import base64
import csv
import io
import json
import urllib.error
import urllib.request
from decimal import Decimal

import pyarrow as pa
import pytest

from eval_pipeline_tests.workspace.conftest import STATEMENTS, Client

MIXED = (
    "SELECT 7 AS n, 'a' AS s, cast(1.5 AS DECIMAL(10, 2)) AS d, TIMESTAMP '2024-01-02 03:04:05' AS at,"
    " DATE '2024-01-02' AS day, true AS b, NULL AS z"
)


def read(link):
    with urllib.request.urlopen(link["external_link"]) as answer:
        return answer.read(), answer.headers["content-type"]


def test_arrow_in_the_answer_is_one_attachment(client):
    answer = client.submit(MIXED, format="ARROW_STREAM", disposition="INLINE")
    table = pa.ipc.open_stream(base64.b64decode(answer["result"]["attachment"])).read_all()
    row = table.to_pylist()[0]
    assert (row["n"], row["s"], row["d"], row["b"], row["z"]) == (7, "a", Decimal("1.50"), True, None)
    assert str(table.schema.field("at").type) == "timestamp[us, tz=UTC]"
    assert str(table.schema.field("day").type) == "date32[day]"
    assert answer["manifest"]["format"] == "ARROW_STREAM"
    assert client.session.statements[-1].rows[0][0] == "7"


def test_links_lead_to_arrow_files_chunk_by_chunk(client):
    answer = client.submit("SELECT id FROM range(25000)", format="ARROW_STREAM", disposition="EXTERNAL_LINKS")
    assert answer["manifest"]["total_chunk_count"] == 3
    found = []
    link = answer["result"]["external_links"][0]
    while link:
        data, kind = read(link)
        assert kind == "application/vnd.apache.arrow.stream"
        found += pa.ipc.open_stream(data).read_all()["id"].to_pylist()
        following = link.get("next_chunk_internal_link")
        link = client.send("GET", following)[1]["external_links"][0] if following else None
    assert found == list(range(25000))
    assert client.session.statements[-1].row_count == 25000


def test_links_lead_to_json_and_csv_files(client):
    sql = "SELECT 'a,b' AS x, NULL AS y"
    by_json = client.submit(sql, format="JSON_ARRAY", disposition="EXTERNAL_LINKS")
    assert json.loads(read(by_json["result"]["external_links"][0])[0]) == [["a,b", None]]
    by_csv = client.submit(sql, format="CSV", disposition="EXTERNAL_LINKS")
    text = read(by_csv["result"]["external_links"][0])[0].decode()
    assert list(csv.reader(io.StringIO(text))) == [["x", "y"], ["a,b", "null"]]


def test_a_link_without_its_key_or_of_another_session_is_refused(workspace, client):
    answer = client.submit("SELECT 1", format="ARROW_STREAM", disposition="EXTERNAL_LINKS")
    link = answer["result"]["external_links"][0]["external_link"]
    for wrong in (link.split("?")[0], link[:-4] + "AAAA", link.replace("/files/0", "/files/9")):
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(wrong)
        assert raised.value.code in (403, 404)
        raised.value.close()
    with workspace.open_session("other", seed=2) as other:
        found, _ = Client(workspace.http_url, other).send("GET", f"{STATEMENTS}/{answer['statement_id']}")
        assert found == 404


def test_an_empty_result_has_its_schema_in_arrow(client):
    answer = client.submit("SELECT 1 AS n WHERE false", format="ARROW_STREAM")
    table = pa.ipc.open_stream(base64.b64decode(answer["result"]["attachment"])).read_all()
    assert (table.num_rows, table.schema.names) == (0, ["n"])


def test_a_session_of_statements_remembers_where_names_are_looked_up(client):
    warehouse = client.session.warehouse_id
    opened = client.send("POST", "/api/2.0/sql/sessions", {"warehouse_id": warehouse, "catalog": "samples"})[1]
    client.rows("USE SCHEMA tpch", session_id=opened["session_id"])
    assert client.rows("SELECT count(*) FROM region", session_id=opened["session_id"]) == [["5"]]
    assert client.error("SELECT count(*) FROM region").code == "TABLE_OR_VIEW_NOT_FOUND"
    assert client.send("DELETE", f"/api/2.0/sql/sessions/{opened['session_id']}")[0] == 200
    body = {"statement": "SELECT 1", "warehouse_id": warehouse, "session_id": opened["session_id"]}
    assert client.send("POST", STATEMENTS, body)[0] == 404

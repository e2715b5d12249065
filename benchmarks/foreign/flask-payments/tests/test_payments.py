import httpx
import pytest

from payments import create_app, table
from payments.databricks import Databricks, DatabricksError


class Source:
    def __init__(self, rows=(), error=None):
        self.answer, self.error, self.parameters = list(rows), error, None

    def rows(self, statement, parameters):
        self.parameters = parameters
        if self.error:
            raise DatabricksError(self.error)
        return self.answer


def test_percentages():
    out = table([["visa", "A", "1", "25"], ["visa", "B", "2", "75"], ["amex", "A", "1", "10"]])
    assert [r["percent"] for r in out] == [25.0, 75.0, 100.0]


def test_page_and_fragment():
    source = Source([["visa", "Muffin", "1200", "34567"]])
    client = create_app(source).test_client()
    for path in ("/", "/table"):
        text = client.get(path + "?quantity=3").get_data(as_text=True)
        assert "1,200" in text and "$34,567" in text
    assert source.parameters == [{"name": "quantity", "value": "3", "type": "INT"}]


def test_error_is_shown():
    text = create_app(Source(error="asleep")).test_client().get("/").get_data(as_text=True)
    assert "asleep" in text


def test_token_is_asked_for_once(monkeypatch):
    for name in ("CLIENT_ID", "CLIENT_SECRET", "WAREHOUSE_ID"):
        monkeypatch.setenv("DATABRICKS_" + name, "x")
    monkeypatch.setenv("DATABRICKS_HOST", "https://w")
    paths = []

    def answer(request):
        paths.append(request.url.path)
        if request.url.path == "/oidc/v1/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        return httpx.Response(200, json={"status": {"state": "SUCCEEDED"}, "result": {"data_array": [["1"]]}})

    databricks = Databricks(httpx.MockTransport(answer))
    assert databricks.rows("SELECT 1", []) == [["1"]]
    databricks.rows("SELECT 1", [])
    assert paths.count("/oidc/v1/token") == 1


def test_failed_statement(monkeypatch):
    monkeypatch.setenv("DATABRICKS_HOST", "https://w")
    monkeypatch.setenv("DATABRICKS_WAREHOUSE_ID", "x")
    databricks = Databricks(
        httpx.MockTransport(
            lambda _: httpx.Response(200, json={"status": {"state": "FAILED", "error": {"message": "bad"}}})
        )
    )
    databricks._token, databricks._good_until = "t", 1e12
    with pytest.raises(DatabricksError, match="bad"):
        databricks.rows("SELECT", [])

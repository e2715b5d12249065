from collections.abc import Iterator

import pytest
from databricks.sdk.errors import DatabricksError
from fastapi.testclient import TestClient

from franchises import connect
from main import app


class FixedRows:
    def rows(self, statement: str, limit: int) -> list[list[str]]:
        return [["Sweet Corner", "Oslo", "3", "41.5"]][:limit]


class NoRows:
    def rows(self, statement: str, limit: int) -> list[list[str]]:
        raise DatabricksError("no route")


@pytest.fixture
def client() -> Iterator[TestClient]:
    app.dependency_overrides[connect] = FixedRows
    yield TestClient(app)
    app.dependency_overrides.clear()


def test_rows_become_franchises(client: TestClient) -> None:
    found = client.get("/api/franchises").json()
    assert found == [{"name": "Sweet Corner", "city": "Oslo", "sales": 3, "revenue": 41.5}]


def test_a_limit_out_of_bounds_is_refused(client: TestClient) -> None:
    assert client.get("/api/franchises?limit=0").status_code == 422


def test_a_warehouse_that_fails_is_said_without_its_words(client: TestClient) -> None:
    app.dependency_overrides[connect] = NoRows
    answer = client.get("/api/franchises")
    assert answer.status_code == 502 and "no route" not in answer.text


def test_health_and_page_do_not_need_the_warehouse(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert "Revenue by franchise" in client.get("/").text

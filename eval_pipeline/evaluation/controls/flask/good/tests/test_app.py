import pytest
from app import create_app
from flask.testing import FlaskClient
from trips import Fare, fares_by_destination
from warehouse import Warehouse, WarehouseError


class FixedRows(Warehouse):
    def rows(self, statement: str) -> list[list[str]]:
        return [["99501", "3", "41.5"]]


class NoRows(Warehouse):
    def rows(self, statement: str) -> list[list[str]]:
        raise WarehouseError("no route")


def client_of(kind: type[Warehouse]) -> FlaskClient:
    return create_app(kind("https://warehouse", "", "")).test_client()


def test_rows_become_fares_with_a_mean() -> None:
    fare = fares_by_destination(FixedRows("", "", ""))[0]
    assert fare == Fare("99501", 3, 41.5)
    assert fare.mean == pytest.approx(13.8333, abs=1e-4)


def test_the_page_shows_every_fare() -> None:
    page = client_of(FixedRows).get("/").get_data(as_text=True)
    assert "99501" in page and "$41.50" in page


def test_health_does_not_need_the_warehouse() -> None:
    assert client_of(NoRows).get("/health").get_json() == {"status": "ok"}


def test_a_warehouse_that_fails_is_said_without_its_words() -> None:
    answer = client_of(NoRows).get("/")
    assert answer.status_code == 502
    assert "no route" not in answer.get_data(as_text=True)

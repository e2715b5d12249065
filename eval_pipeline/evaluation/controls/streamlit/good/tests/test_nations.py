from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from nations import totals
from warehouse import Warehouse, WarehouseError

APP = Path(__file__).parent.parent / "app.py"


def test_cells_become_numbers() -> None:
    frame = totals([["PERU", "3", "41.5"], ["INDIA", "2", "8.25"]])
    assert list(frame["customers"]) == [3, 2]
    assert frame["balance"].sum() == pytest.approx(49.75)


def test_the_page_shows_the_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Warehouse, "rows", lambda self, statement: [["PERU", "3", "41.5"], ["INDIA", "2", "8.25"]])
    page = AppTest.from_file(str(APP)).run(timeout=20)
    assert [metric.value for metric in page.metric] == ["5", "$49.75"]
    shown: pd.DataFrame = page.dataframe[0].value
    assert list(shown["nation"]) == ["PERU", "INDIA"]


def test_a_warehouse_that_fails_is_said_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Warehouse, statement: str) -> list[list[str]]:
        raise WarehouseError("no route")

    monkeypatch.setattr(Warehouse, "rows", refuse)
    page = AppTest.from_file(str(APP)).run(timeout=20)
    assert [error.value for error in page.error] == ["The customers could not be read."]
    assert not page.exception

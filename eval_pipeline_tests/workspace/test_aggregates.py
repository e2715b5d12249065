"""The figures that a statement's record keeps of all its rows."""

import time
from decimal import Decimal

from eval_pipeline.workspace.aggregates import MAX_FIGURES, aggregates
from eval_pipeline.workspace.sessions import MAX_ROWS
from eval_pipeline.workspace.warehouse import ResultColumn

WHOLE = ResultColumn("n", "INT", "INT")
FRACTION = ResultColumn("f", "DOUBLE", "DOUBLE")
DECIMAL = ResultColumn("d", "DECIMAL", "DECIMAL(18,2)", 18, 2)
TEXT = ResultColumn("t", "STRING", "STRING")


def test_a_records_figures_are_of_all_rows_not_of_those_it_keeps(client):
    client.rows("SELECT o_orderpriority, o_totalprice FROM samples.tpch.orders")
    record = client.session.statements[-1]
    assert record.row_count > MAX_ROWS
    asked = "SELECT count(*), sum(o_totalprice), avg(o_totalprice) FROM samples.tpch.orders"
    count, total, mean = client.rows(asked)[0]
    assert {count, str(Decimal(total).normalize())} <= set(record.aggregates)
    assert any(abs(Decimal(figure) - Decimal(mean)) < Decimal("0.0001") for figure in record.aggregates)
    for row in client.rows("SELECT count(*), sum(o_totalprice) FROM samples.tpch.orders GROUP BY o_orderpriority"):
        assert row[0] in record.aggregates
        assert format(Decimal(row[1]).normalize(), "f") in record.aggregates


def test_nulls_and_values_that_are_not_finite_are_left_out():
    rows = [("1", "NaN", "0.10", "a"), (None, "2.5", "0.20", "a"), ("4", "Infinity", None, "b")]
    found = aggregates((WHOLE, FRACTION, DECIMAL, TEXT), rows)
    # rows; n: 2 of sum 5; f: 1 of 2.5; d: 2 of 0.3, mean 0.15; groups of t: 2 and 1
    assert found[:7] == ("3", "2", "5", "2.5", "1", "0.3", "0.15")
    assert "4" in found


def test_decimals_add_up_exactly():
    rows = [("0.10",)] * 3
    assert aggregates((DECIMAL,), rows) == ("3", "0.3", "0.1")


def test_a_text_of_many_values_makes_no_groups():
    rows = [(str(i), f"name {i}") for i in range(60)]
    assert aggregates((WHOLE, TEXT), rows) == ("60", "1770", "29.5")


def test_figures_are_bounded_and_quick():
    columns = (*[WHOLE] * 12, *[TEXT] * 3)
    rows = [(*[str(i * 37 % 1009 + j) for j in range(12)], *[str(i % k) for k in (50, 49, 48)]) for i in range(2000)]
    began = time.perf_counter()
    found = aggregates(columns, rows)
    assert len(found) <= MAX_FIGURES
    # 30,000 cells; about 20 ms on a quiet machine.
    assert time.perf_counter() - began < 1


def test_cells_that_cannot_be_read_are_no_figures():
    assert aggregates((WHOLE, DECIMAL), [("x", "y"), ("1", "2")]) == ("2",)

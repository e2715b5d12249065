"""The question that the page asks of the warehouse."""

from typing import Protocol

STATUSES = [{"label": "Open", "value": "O"}, {"label": "Finished", "value": "F"}, {"label": "Partly", "value": "P"}]

QUERY = """
SELECT o_orderpriority AS priority, COUNT(*) AS orders, ROUND(SUM(o_totalprice), 2) AS value
FROM samples.tpch.orders
WHERE o_orderstatus = :status
GROUP BY o_orderpriority
ORDER BY priority
"""


class Rows(Protocol):
    def rows(self, statement: str, **parameters: str) -> list[list[str]]: ...


def orders_by_priority(warehouse: Rows, status: str) -> list[dict]:
    return [
        {"priority": priority, "orders": int(orders), "value": float(value)}
        for priority, orders, value in warehouse.rows(QUERY, status=status)
    ]

"""The question that the page asks of the warehouse."""

from typing import Protocol

QUERY = """
SELECT product, COUNT(*) AS sales, SUM(quantity) AS pieces, ROUND(SUM(totalPrice), 2) AS revenue
FROM samples.bakehouse.sales_transactions
GROUP BY product
ORDER BY revenue DESC
"""


class Rows(Protocol):
    def rows(self, statement: str, **parameters: str) -> list[list[str]]: ...


def sales_by_product(warehouse: Rows) -> list[list]:
    return [
        [product, int(sales), int(pieces), float(revenue)] for product, sales, pieces, revenue in warehouse.rows(QUERY)
    ]

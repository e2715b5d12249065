"""The question to the warehouse, asked as the app's service principal."""

import os
from functools import cache
from typing import Protocol

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import DatabricksError
from databricks.sdk.service.sql import StatementParameterListItem, StatementState
from pydantic import BaseModel

QUERY = """
SELECT f.name, f.city, COUNT(*) AS sales, ROUND(SUM(t.totalPrice), 2) AS revenue
FROM samples.bakehouse.sales_transactions t
JOIN samples.bakehouse.sales_franchises f ON f.franchiseID = t.franchiseID
GROUP BY f.name, f.city
ORDER BY revenue DESC
LIMIT :limit
"""


class Franchise(BaseModel):
    name: str
    city: str
    sales: int
    revenue: float


class Warehouse(Protocol):
    def rows(self, statement: str, limit: int) -> list[list[str]]: ...


class DatabricksWarehouse:
    """Statements through the SDK, which signs in with whatever the environment gives it."""

    def __init__(self) -> None:
        self._client = WorkspaceClient()
        self._id = os.environ["DATABRICKS_WAREHOUSE_ID"]

    def rows(self, statement: str, limit: int) -> list[list[str]]:
        answer = self._client.statement_execution.execute_statement(
            statement=statement,
            warehouse_id=self._id,
            wait_timeout="30s",
            parameters=[StatementParameterListItem(name="limit", value=str(limit), type="INT")],
        )
        if answer.status is None or answer.status.state is not StatementState.SUCCEEDED:
            reason = answer.status.error.message if answer.status and answer.status.error else "no answer"
            raise DatabricksError(reason)
        return answer.result.data_array or [] if answer.result else []


@cache
def connect() -> Warehouse:
    return DatabricksWarehouse()


def best_franchises(warehouse: Warehouse, limit: int) -> list[Franchise]:
    return [
        Franchise(name=name, city=city, sales=int(sales), revenue=float(revenue))
        for name, city, sales, revenue in warehouse.rows(QUERY, limit)
    ]

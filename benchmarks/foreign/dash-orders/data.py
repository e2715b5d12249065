import os
from functools import lru_cache

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.sql import StatementParameterListItem, StatementState

STATUSES = {"O": "Open", "F": "Finished", "P": "In progress"}

PRIORITIES_SQL = """
SELECT o_orderpriority, count(*) AS orders, sum(o_totalprice) AS value
FROM samples.tpch.orders
WHERE o_orderstatus = :status
GROUP BY o_orderpriority
ORDER BY o_orderpriority
"""


@lru_cache
def client() -> WorkspaceClient:
    kind = "pat" if os.environ.get("DATABRICKS_TOKEN") else "oauth-m2m"
    return WorkspaceClient(auth_type=kind)


def run(statement: str, params: dict[str, str]) -> list[list[str]]:
    answer = client().statement_execution.execute_statement(
        statement=statement,
        warehouse_id=os.environ["DATABRICKS_WAREHOUSE_ID"],
        parameters=[StatementParameterListItem(name=k, value=v, type="STRING") for k, v in params.items()],
        wait_timeout="50s",
    )
    if answer.status.state != StatementState.SUCCEEDED:
        raise RuntimeError(answer.status.error.message if answer.status.error else str(answer.status.state))
    return answer.result.data_array or []


def shape(rows: list[list[str]]) -> list[dict]:
    return [
        {"priority": p, "orders_n": int(n), "orders": f"{int(n):,}", "value": f"{float(v):,.2f}"} for p, n, v in rows
    ]

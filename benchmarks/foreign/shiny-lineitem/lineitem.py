import os
from functools import cache

import pandas as pd
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.sql import StatementParameterListItem, StatementState

FLAGS = {"R": "Returned", "A": "Accepted", "N": "None"}

SQL = """
SELECT l_shipmode AS `Ship mode`, count(*) AS `Lines`, sum(l_extendedprice * (1 - l_discount)) AS `Revenue`
FROM samples.tpch.lineitem WHERE l_returnflag = :flag
GROUP BY l_shipmode ORDER BY l_shipmode
"""


@cache
def workspace() -> WorkspaceClient:
    return WorkspaceClient(auth_type="oauth-m2m")


def to_frame(rows: list[list[str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["Ship mode", "Lines", "Revenue"])
    return frame.astype({"Lines": int, "Revenue": float}).round(2)


def read(flag: str) -> pd.DataFrame:
    reply = workspace().statement_execution.execute_statement(
        statement=SQL,
        warehouse_id=os.environ["DATABRICKS_WAREHOUSE_ID"],
        parameters=[StatementParameterListItem(name="flag", value=flag, type="STRING")],
        wait_timeout="50s",
    )
    if reply.status.state is not StatementState.SUCCEEDED:
        raise RuntimeError(reply.status.error.message)
    return to_frame(reply.result.data_array or [])


def total_text(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "No line items"
    return f"{frame['Lines'].sum():,} line items worth ${frame['Revenue'].sum():,.2f}"

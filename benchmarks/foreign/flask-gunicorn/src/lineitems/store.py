"""Line items by ship mode, from the warehouse; kept on disk because the query is slow."""

import json
import os
from pathlib import Path

from databricks.sdk import WorkspaceClient

CACHE = Path(__file__).resolve().parents[2] / "data" / "modes.json"

SQL = """
SELECT l_shipmode, count(*), sum(l_quantity), sum(l_extendedprice)
FROM samples.tpch.lineitem GROUP BY l_shipmode ORDER BY l_shipmode
"""


def parse(rows):
    return [{"mode": m, "lines": int(n), "quantity": float(q), "price": float(p)} for m, n, q, p in rows]


def query():
    client = WorkspaceClient(auth_type="oauth-m2m")
    reply = client.statement_execution.execute_statement(
        statement=SQL, warehouse_id=os.environ["DATABRICKS_WAREHOUSE_ID"], wait_timeout="50s"
    )
    return parse(reply.result.data_array or [])


def load(cache=CACHE):
    if cache.exists():
        return json.loads(cache.read_text())
    rows = query()
    cache.parent.mkdir(exist_ok=True)
    cache.write_text(json.dumps(rows, indent=1))
    return rows

import os

import pandas as pd
import requests

ROWS = """
SELECT l_shipmode AS mode, l_quantity AS quantity, l_extendedprice AS price
FROM samples.tpch.lineitem
ORDER BY l_orderkey, l_linenumber
LIMIT 5000
"""


def load() -> pd.DataFrame:
    session = requests.Session()
    session.headers["Authorization"] = "Bearer " + os.environ["DATABRICKS_TOKEN"]
    reply = session.post(
        os.environ["DATABRICKS_HOST"].rstrip("/") + "/api/2.0/sql/statements",
        json={
            "statement": ROWS,
            "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"],
            "wait_timeout": "50s",
            "on_wait_timeout": "CANCEL",
        },
        timeout=70,
    )
    reply.raise_for_status()
    body = reply.json()
    status = body["status"]
    if status["state"] != "SUCCEEDED":
        raise RuntimeError(status.get("error", {}).get("message", status["state"]))
    return to_frame(body["result"].get("data_array", []))


def to_frame(rows: list) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["mode", "quantity", "price"])
    return frame.astype({"quantity": "float64", "price": "float64"})


def per_mode(frame: pd.DataFrame) -> pd.DataFrame:
    grouped = frame.groupby("mode")
    out = pd.DataFrame(
        {
            "lines": grouped.size(),
            "pieces": grouped["quantity"].sum(),
            "price": grouped["price"].sum().round(2),
        }
    )
    out["share"] = (100 * out["price"] / out["price"].sum()).round(1)
    return out.sort_values("price", ascending=False).reset_index()


def compact(value: float) -> str:
    """1234567 -> 1.2M, 12345 -> 12.3k, 999 -> 999"""
    for limit, sign in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.1f}{sign}"
    return f"{value:.0f}"

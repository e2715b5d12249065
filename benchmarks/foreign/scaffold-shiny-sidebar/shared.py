import os

import httpx
import pandas as pd

HOST = os.environ.get("DATABRICKS_HOST", "").rstrip("/")
COLUMNS = {"trip_distance", "fare_amount"}


def load(var: str, by_zip: bool) -> pd.DataFrame:
    if var not in COLUMNS:
        raise ValueError(var)
    group = "pickup_zip" if by_zip else "'all'"
    reply = httpx.post(
        f"{HOST}/api/2.0/sql/statements",
        headers={"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"},
        json={
            "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"],
            "statement": f"SELECT {group} AS zip, count(*) AS n, round(avg({var}), 2) AS mean, max({var}) AS max"
            " FROM samples.nyctaxi.trips GROUP BY 1 ORDER BY n DESC LIMIT 20",
            "wait_timeout": "30s",
        },
        timeout=60,
    )
    reply.raise_for_status()
    body = reply.json()
    if body["status"]["state"] != "SUCCEEDED":
        raise RuntimeError(body["status"]["error"]["message"])
    return pd.DataFrame(body["result"].get("data_array", []), columns=["zip", "n", "mean", "max"])

import os

import pandas as pd
import requests

SQL = "SELECT tpep_pickup_datetime, fare_amount FROM samples.nyctaxi.trips ORDER BY tpep_pickup_datetime LIMIT 8000"
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def bearer(host: str) -> str:
    answer = requests.post(
        f"{host}/oidc/v1/token",
        data={
            "grant_type": "client_credentials",
            "scope": "all-apis",
            "client_id": os.environ["DATABRICKS_CLIENT_ID"],
            "client_secret": os.environ["DATABRICKS_CLIENT_SECRET"],
        },
        timeout=20,
    )
    answer.raise_for_status()
    return answer.json()["access_token"]


def fetch() -> pd.DataFrame:
    host = os.environ["DATABRICKS_HOST"].rstrip("/")
    answer = requests.post(
        f"{host}/api/2.0/sql/statements",
        headers={"Authorization": f"Bearer {bearer(host)}"},
        json={
            "statement": SQL,
            "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"],
            "wait_timeout": "30s",
        },
        timeout=60,
    )
    answer.raise_for_status()
    body = answer.json()
    if body["status"]["state"] != "SUCCEEDED":
        raise RuntimeError(body["status"].get("error", {}).get("message", "statement failed"))
    return pd.DataFrame(body["result"].get("data_array", []), columns=["at", "fare"])


def summarise(trips: pd.DataFrame) -> pd.DataFrame:
    days = pd.to_datetime(trips["at"]).dt.day_name()
    fares = trips["fare"].astype("float64")
    sums = fares.groupby(days).agg(["count", "sum"]).reindex(DAYS, fill_value=0)
    sums.columns = ["trips", "takings"]
    sums.index.name = "weekday"
    return sums.round(2).reset_index()

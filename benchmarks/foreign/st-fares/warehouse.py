"""Runs SQL on a Databricks warehouse over the Statement Execution API."""

from __future__ import annotations

import os
import time

import pandas as pd
import requests

NUMERIC = {"BYTE", "SHORT", "INT", "LONG", "BIGINT", "SMALLINT", "TINYINT", "FLOAT", "DOUBLE", "DECIMAL"}


class QueryError(RuntimeError):
    pass


def _base_url() -> str:
    host = os.environ["DATABRICKS_HOST"].rstrip("/")
    return host if host.startswith("http") else f"https://{host}"


def to_frame(payload: dict) -> pd.DataFrame:
    columns = payload["manifest"]["schema"]["columns"]
    rows = (payload.get("result") or {}).get("data_array") or []
    frame = pd.DataFrame(rows, columns=[c["name"] for c in columns])
    for col in columns:
        if col["type_name"] in NUMERIC:
            frame[col["name"]] = pd.to_numeric(frame[col["name"]])
    return frame


def query(statement: str, parameters: list[dict] | None = None) -> pd.DataFrame:
    headers = {"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
    url = f"{_base_url()}/api/2.0/sql/statements"
    body = {
        "statement": statement,
        "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"],
        "parameters": parameters or [],
        "wait_timeout": "30s",
    }
    response = requests.post(url, json=body, headers=headers, timeout=60)
    response.raise_for_status()
    payload = response.json()
    while payload["status"]["state"] in ("PENDING", "RUNNING"):
        time.sleep(1)
        poll = requests.get(f"{url}/{payload['statement_id']}", headers=headers, timeout=60)
        poll.raise_for_status()
        payload = poll.json()
    if payload["status"]["state"] != "SUCCEEDED":
        raise QueryError(payload["status"].get("error", {}).get("message", "statement failed"))
    return to_frame(payload)

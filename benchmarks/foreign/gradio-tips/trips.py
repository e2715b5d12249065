"""Trips from one pickup zip. Signs in as the app's service principal."""

import os
import time

import requests

SQL = """
SELECT tpep_pickup_datetime, trip_distance, fare_amount, dropoff_zip
FROM samples.nyctaxi.trips
WHERE :zip = 0 OR pickup_zip = :zip
ORDER BY fare_amount DESC, tpep_pickup_datetime
LIMIT 20
"""

_token = {"value": "", "until": 0.0}


def host() -> str:
    value = os.environ["DATABRICKS_HOST"].rstrip("/")
    return value if "://" in value else "https://" + value


def token() -> str:
    if time.time() > _token["until"]:
        reply = requests.post(
            host() + "/oidc/v1/token",
            auth=(os.environ["DATABRICKS_CLIENT_ID"], os.environ["DATABRICKS_CLIENT_SECRET"]),
            data={"grant_type": "client_credentials", "scope": "all-apis"},
            timeout=30,
        )
        reply.raise_for_status()
        body = reply.json()
        _token.update(value=body["access_token"], until=time.time() + body.get("expires_in", 3600) - 60)
    return _token["value"]


def fetch(zip_code: int) -> list[list]:
    reply = requests.post(
        host() + "/api/2.0/sql/statements",
        headers={"Authorization": "Bearer " + token()},
        json={
            "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"],
            "statement": SQL,
            "parameters": [{"name": "zip", "value": str(zip_code), "type": "INT"}],
            "wait_timeout": "30s",
            "on_wait_timeout": "CANCEL",
        },
        timeout=60,
    )
    reply.raise_for_status()
    body = reply.json()
    if body["status"]["state"] != "SUCCEEDED":
        raise RuntimeError(body["status"].get("error", {}).get("message", body["status"]["state"]))
    return shape(body.get("result", {}).get("data_array") or [])


def shape(rows: list[list]) -> list[list]:
    """Date without seconds, fare with its currency."""
    return [
        [start[:16].replace("T", " "), float(miles), f"${float(fare):.2f}", str(to_zip)]
        for start, miles, fare, to_zip in rows
    ]

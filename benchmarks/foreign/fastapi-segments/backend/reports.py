from __future__ import annotations

import os
from collections import OrderedDict

import httpx

SQL = """
SELECT c_mktsegment AS segment, count(*) AS customers, sum(c_acctbal) AS balance, avg(c_acctbal) AS mean
FROM samples.tpch.customer
WHERE c_acctbal >= :minimum
GROUP BY c_mktsegment
ORDER BY balance DESC
"""


class Failed(Exception):
    """The warehouse did not do what it was asked."""


class Warehouse:
    def _call(self, method: str, path: str = "", body: dict | None = None) -> dict:
        host = os.environ["DATABRICKS_HOST"].rstrip("/")
        try:
            reply = httpx.request(
                method,
                f"{host}/api/2.0/sql/statements{path}",
                json=body,
                headers={"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"},
                timeout=30,
            )
            reply.raise_for_status()
        except httpx.HTTPError as exc:
            raise Failed(str(exc)) from exc
        return reply.json()

    def submit(self, statement: str, parameters: list[dict]) -> str:
        return self._call(
            "POST",
            body={
                "statement": statement,
                "parameters": parameters,
                "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"],
                "wait_timeout": "0s",
            },
        )["statement_id"]

    def look(self, statement_id: str) -> dict:
        return self._call("GET", f"/{statement_id}")


class Reports:
    """Reports that were ordered; the latest hundred are known."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.known: OrderedDict[str, None] = OrderedDict()

    def order(self, minimum: float) -> str:
        report_id = self.warehouse.submit(SQL, [{"name": "minimum", "value": f"{minimum:.2f}", "type": "DOUBLE"}])
        self.known[report_id] = None
        while len(self.known) > 100:
            self.known.popitem(last=False)
        return report_id

    def get(self, report_id: str) -> dict:
        if report_id not in self.known:
            raise KeyError(report_id)
        body = self.warehouse.look(report_id)
        state = body["status"]["state"]
        if state in ("PENDING", "RUNNING"):
            return {"ready": False}
        if state != "SUCCEEDED":
            raise Failed(body["status"].get("error", {}).get("message", state))
        return {"ready": True, "segments": shape(body.get("result", {}).get("data_array") or [])}


def shape(rows: list[list[str]]) -> list[dict]:
    everybody = sum(int(row[1]) for row in rows)
    return [
        {
            "segment": segment,
            "customers": int(customers),
            "percent": round(100 * int(customers) / everybody, 2),
            "balance": round(float(balance), 2),
            "mean": round(float(mean), 2),
        }
        for segment, customers, balance, mean in rows
    ]

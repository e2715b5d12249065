import os
from datetime import datetime, timedelta

import pandas as pd
import requests

SQL = """
SELECT s.s_name AS supplier, n.n_name AS nation, s.s_acctbal AS balance
FROM samples.tpch.supplier s JOIN samples.tpch.nation n ON n.n_nationkey = s.s_nationkey
WHERE s.s_acctbal > 0
ORDER BY s.s_suppkey
LIMIT 5000
"""


class Suppliers:
    def __init__(self):
        self.http = requests.Session()
        self.token, self.ends = "", datetime.min

    def post(self, path, **kw):
        answer = self.http.post(os.environ["DATABRICKS_HOST"].rstrip("/") + path, timeout=60, **kw)
        answer.raise_for_status()
        return answer.json()

    def bearer(self):
        if datetime.now() >= self.ends:
            body = self.post(
                "/oidc/v1/token",
                data={"grant_type": "client_credentials", "scope": "all-apis"},
                auth=(os.environ["DATABRICKS_CLIENT_ID"], os.environ["DATABRICKS_CLIENT_SECRET"]),
            )
            self.token = body["access_token"]
            self.ends = datetime.now() + timedelta(seconds=body["expires_in"] - 90)
        return self.token

    def frame(self):
        body = self.post(
            "/api/2.0/sql/statements",
            json={
                "statement": SQL,
                "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"],
                "wait_timeout": "50s",
                "on_wait_timeout": "CANCEL",
            },
            headers={"Authorization": f"Bearer {self.bearer()}"},
        )
        if body["status"]["state"] != "SUCCEEDED":
            raise RuntimeError(body["status"].get("error", {}).get("message", body["status"]["state"]))
        names = [c["name"] for c in body["manifest"]["schema"]["columns"]]
        return typed(pd.DataFrame(body.get("result", {}).get("data_array") or [], columns=names))


def typed(frame):
    frame = frame.assign(balance=pd.to_numeric(frame["balance"]))
    return frame.assign(share=frame["balance"] / frame.groupby("nation")["balance"].transform("sum"))


def by_nation(frame):
    grouped = frame.groupby("nation", as_index=False).agg(suppliers=("supplier", "count"), balance=("balance", "sum"))
    return grouped.sort_values("balance", ascending=False)


def top(frame, ascending=False, n=15):
    return frame.sort_values("balance", ascending=ascending).head(n)

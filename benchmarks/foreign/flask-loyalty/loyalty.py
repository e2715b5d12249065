import os

import httpx
from flask import Flask, jsonify

app = Flask(__name__, static_folder="web", static_url_path="/web")

SQL = """
SELECT c.first_name, c.last_name, c.city, count(*) AS visits, sum(t.totalPrice) AS spent
FROM samples.bakehouse.sales_transactions t
JOIN samples.bakehouse.sales_customers c ON c.customerID = t.customerID
GROUP BY c.first_name, c.last_name, c.city
ORDER BY spent DESC, c.last_name
LIMIT 25
"""


def ask(sql):
    reply = httpx.post(
        os.environ["DATABRICKS_HOST"].rstrip("/") + "/api/2.0/sql/statements",
        headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]},
        json={"statement": sql, "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"], "wait_timeout": "30s"},
        timeout=50,
    )
    reply.raise_for_status()
    body = reply.json()
    if body["status"]["state"] != "SUCCEEDED":
        raise RuntimeError(body["status"].get("error", {}).get("message", "not run"))
    return body["result"].get("data_array") or []


def customer(row):
    first, last, city, visits, spent = row
    return {"name": f"{first} {last}", "city": city, "visits": int(visits), "spent": float(spent)}


@app.get("/")
def index():
    return app.send_static_file("index.html")


@app.get("/api/customers")
def customers():
    try:
        return jsonify(customers=[customer(r) for r in ask(SQL)])
    except Exception as e:
        return jsonify(error=str(e)), 503


@app.get("/api/health")
def health():
    return jsonify(status="ok")

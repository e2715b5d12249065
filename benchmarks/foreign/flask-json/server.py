import os

import httpx
from flask import Flask, jsonify, request

from stats import summarize

app = Flask(__name__, static_folder="static", static_url_path="")


class WarehouseError(Exception):
    pass


def statement(sql, parameters=()):
    res = httpx.post(
        f"{os.environ['DATABRICKS_HOST']}/api/2.0/sql/statements",
        headers={"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"},
        json={
            "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"],
            "statement": sql,
            "parameters": list(parameters),
            "wait_timeout": "40s",
        },
        timeout=60,
    )
    res.raise_for_status()
    doc = res.json()
    if doc["status"]["state"] != "SUCCEEDED":
        raise WarehouseError(doc["status"].get("error", {}).get("message", "failed"))
    names = [c["name"] for c in doc["manifest"]["schema"]["columns"]]
    return [dict(zip(names, row)) for row in doc["result"].get("data_array") or []]


@app.get("/health")
def health():
    return jsonify(status="up")


@app.get("/")
def index():
    return app.send_static_file("index.html")


@app.get("/api/customers")
def customers():
    continent = request.args.get("continent", "")
    rows = statement(
        "SELECT first_name, last_name, city, country, continent FROM samples.bakehouse.sales_customers"
        " WHERE :continent = '' OR continent = :continent ORDER BY last_name, first_name LIMIT 200",
        [{"name": "continent", "value": continent, "type": "STRING"}],
    )
    return jsonify(customers=rows, summary=summarize(rows))


@app.errorhandler(httpx.HTTPError)
@app.errorhandler(WarehouseError)
def failed(exc):
    return jsonify(error=str(exc)), 502


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", "5000")))

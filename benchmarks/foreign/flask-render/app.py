import os

from databricks import sql
from flask import Flask, render_template

app = Flask(__name__)


def count_orders():
    with sql.connect(
        server_hostname=os.environ["DATABRICKS_HOST"],
        http_path="/sql/1.0/warehouses/" + os.environ["DATABRICKS_WAREHOUSE_ID"],
        access_token=os.environ["DATABRICKS_TOKEN"],
    ) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM samples.tpch.orders")
            return cursor.fetchone()[0]


@app.get("/")
def index():
    try:
        return render_template("index.html", orders=count_orders(), error=None)
    except Exception as e:
        app.logger.exception("query failed")
        return render_template("index.html", orders=None, error=str(e)), 502


@app.get("/healthcheck")
def healthcheck():
    return {"status": "ok"}


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", 8000)))

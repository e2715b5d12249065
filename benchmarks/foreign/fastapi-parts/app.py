import html
import os

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from warehouse_helpers import StatementClient

SQL = """
SELECT p_brand, count(*) AS parts, avg(p_retailprice) AS price
FROM samples.tpch.part GROUP BY p_brand ORDER BY price DESC
"""

app = FastAPI()


def brands():
    client = StatementClient(
        host=os.environ["DATABRICKS_HOST"],
        token=os.environ["DATABRICKS_TOKEN"],
        warehouse_id=os.environ["DATABRICKS_WAREHOUSE_ID"],
    )
    return [{"brand": b, "parts": int(n), "price": round(float(p), 2)} for b, n, p in client.rows(SQL)]


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/api/brands")
def api():
    return brands()


@app.get("/", response_class=HTMLResponse)
def page():
    rows = "".join(
        f"<tr><td>{html.escape(b['brand'])}</td><td>{b['parts']:,}</td><td>${b['price']:,.2f}</td></tr>"
        for b in brands()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Parts by brand</title>'
        '<link rel="icon" href="data:,"></head><body><h1>Parts by brand</h1>'
        f"<table><tr><th>Brand</th><th>Parts</th><th>Mean price</th></tr>{rows}</table></body></html>"
    )

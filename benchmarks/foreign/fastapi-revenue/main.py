from functools import lru_cache

from databricks.sdk import WorkspaceClient
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse

import config

app = FastAPI()

REVENUE_SQL = """
    SELECT f.name AS franchise, f.city, SUM(t.totalPrice) AS revenue
    FROM samples.bakehouse.sales_transaction t
    JOIN samples.bakehouse.sales_franchises f ON f.franchiseID = t.franchiseID
    GROUP BY f.name, f.city
    ORDER BY revenue DESC
    LIMIT 20
"""


@lru_cache
def workspace():
    return WorkspaceClient(host=config.HOST, token=config.TOKEN, auth_type="pat")


def fetch_revenue():
    r = workspace().statement_execution.execute_statement(
        statement=REVENUE_SQL, warehouse_id=config.WAREHOUSE_ID, wait_timeout="30s"
    )
    if r.status.error:
        raise RuntimeError(r.status.error.message)
    return [{"franchise": a, "city": b, "revenue": float(c)} for a, b, c in (r.result.data_array or [])]


@app.get("/health")
def health():
    return {"status": "healthy"}


@app.get("/api/revenue")
def revenue():
    try:
        return fetch_revenue()
    except Exception as e:
        return JSONResponse({"error": str(e)}, status_code=500)


@app.get("/", response_class=HTMLResponse)
def page():
    return """<!doctype html><html><head><meta charset="utf-8"><title>Revenue</title><link rel="icon" href="data:,"></head>
<body><h1>Revenue by franchise</h1><table id="t"></table><p id="e"></p><script>
fetch('/api/revenue').then(async r => {
  const data = await r.json()
  if (!r.ok) { document.getElementById('e').textContent = 'Error: ' + data.error; return }
  for (const x of data) {
    const row = document.getElementById('t').insertRow()
    row.insertCell().textContent = x.franchise
    row.insertCell().textContent = x.city
    row.insertCell().textContent = '$' + x.revenue.toLocaleString('en-US')
  }
})
</script></body></html>"""

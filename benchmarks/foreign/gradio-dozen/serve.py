import os

import gradio as gr
import requests
from fastapi import FastAPI

SQL = """
SELECT f.name, f.city, f.country, count(*) AS sales, sum(t.totalPrice) AS takings
FROM samples.bakehouse.sales_franchises f
JOIN samples.bakehouse.sales_transactions t ON t.franchiseID = f.franchiseID
WHERE t.quantity >= :quantity
GROUP BY f.name, f.city, f.country
ORDER BY takings DESC
LIMIT 12
"""


def ask(quantity: int) -> list[list]:
    reply = requests.post(
        f"{os.environ['DATABRICKS_HOST'].rstrip('/')}/api/2.0/sql/statements",
        headers={"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"},
        json={
            "statement": SQL,
            "parameters": [{"name": "quantity", "value": str(quantity), "type": "INT"}],
            "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"],
            "wait_timeout": "30s",
        },
        timeout=60,
    )
    reply.raise_for_status()
    body = reply.json()
    if body["status"]["state"] != "SUCCEEDED":
        raise gr.Error(body["status"].get("error", {}).get("message", "The statement failed"))
    return body["result"].get("data_array") or []


def lines(rows: list[list]) -> str:
    """The franchises as a Markdown table."""
    if not rows:
        return "No sales."
    head = "| Franchise | City | Country | Sales | Takings |\n|---|---|---|--:|--:|\n"
    return head + "\n".join(
        f"| {name} | {city} | {country} | {int(sales):,} | USD {float(takings):,.0f} |"
        for name, city, country, sales, takings in rows
    )


def show(quantity: float) -> str:
    return lines(ask(int(quantity)))


with gr.Blocks(title="Franchises") as demo:
    gr.Markdown("# The dozen best franchises")
    quantity = gr.Slider(1, 20, value=1, step=1, label="At least so many pieces")
    table = gr.Markdown("Loading ...")
    quantity.release(show, quantity, table)
    demo.load(show, quantity, table)

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


app = gr.mount_gradio_app(app, demo, path="/")

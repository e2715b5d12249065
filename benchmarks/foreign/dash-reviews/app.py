import os

import pandas as pd
import plotly.express as px
import requests
from dash import Dash, dcc, html, dash_table

HOST = os.getenv("DATABRICKS_HOST", "")
TOKEN = os.getenv("DATABRICKS_TOKEN", "")
WAREHOUSE_ID = os.getenv("DATABRICKS_WAREHOUSE_ID", "")

# Customer reviews by franchise
REVIEWS = pd.DataFrame(
    [
        {"franchise": "Sugar Rush", "city": "Lisbon", "reviews": 48, "avg_length": 312.4},
        {"franchise": "Crumbly Corner", "city": "Osaka", "reviews": 37, "avg_length": 287.9},
        {"franchise": "The Rolling Pin", "city": "Denver", "reviews": 33, "avg_length": 341.2},
        {"franchise": "Golden Crust", "city": "Lyon", "reviews": 29, "avg_length": 265.0},
        {"franchise": "Butter & Bloom", "city": "Perth", "reviews": 21, "avg_length": 298.7},
    ]
)


def check_connection() -> str:
    """Check the connection with the warehouse."""
    try:
        r = requests.post(
            f"{HOST}/api/2.0/sql/statements",
            headers={"Authorization": f"Bearer {TOKEN}"},
            json={
                "warehouse_id": WAREHOUSE_ID,
                "statement": "SELECT review FROM samples.bakehouse.media_customer_reviews LIMIT 1",
                "wait_timeout": "30s",
            },
            timeout=45,
        )
        r.raise_for_status()
        state = r.json()["status"]["state"]
        return "Connected to Databricks" if state == "SUCCEEDED" else "Warehouse not available"
    except Exception:
        return "Warehouse not available"


def layout():
    fig = px.bar(REVIEWS, x="franchise", y="reviews", title="Reviews per franchise")
    return html.Div(
        [
            html.H1("Customer reviews"),
            html.Small(check_connection()),
            dcc.Graph(figure=fig),
            dash_table.DataTable(
                data=REVIEWS.to_dict("records"),
                columns=[{"name": c, "id": c} for c in REVIEWS.columns],
            ),
        ]
    )


app = Dash(__name__)
app.title = "Customer reviews"
app.layout = layout
server = app.server


@server.route("/api/health")
def health():
    return {"ok": True}


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.getenv("PORT", "8000")), debug=False)

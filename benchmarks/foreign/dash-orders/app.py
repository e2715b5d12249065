"""Orders by priority: a Dash app with a chart and the table beside it."""

import os

import plotly.graph_objects as go
from dash import Dash, Input, Output, dash_table, dcc, html

from data import PRIORITIES_SQL, STATUSES, run, shape

app = Dash(__name__, title="Orders by priority")
server = app.server


@server.get("/health")
def health():
    return {"status": "ok"}


app.layout = html.Main(
    style={"fontFamily": "sans-serif", "maxWidth": "960px", "margin": "auto", "padding": "1rem"},
    children=[
        html.H1("Orders by priority"),
        dcc.Dropdown(
            id="status",
            options=[{"label": label, "value": code} for code, label in STATUSES.items()],
            value="O",
            clearable=False,
        ),
        html.P(id="message"),
        html.Div(
            style={"display": "flex", "flexWrap": "wrap", "gap": "1rem"},
            children=[
                dcc.Graph(id="chart", style={"flex": "1 1 400px"}),
                dash_table.DataTable(
                    id="table",
                    columns=[
                        {"name": "Priority", "id": "priority"},
                        {"name": "Orders", "id": "orders"},
                        {"name": "Value (USD)", "id": "value"},
                    ],
                ),
            ],
        ),
    ],
)


@app.callback(
    Output("chart", "figure"), Output("table", "data"), Output("message", "children"), Input("status", "value")
)
def update(status):
    try:
        rows = shape(run(PRIORITIES_SQL, {"status": status}))
    except Exception as exc:
        return go.Figure(), [], f"The warehouse could not be read: {exc}"
    if not rows:
        return go.Figure(), [], "No orders found."
    figure = go.Figure(go.Bar(x=[r["priority"] for r in rows], y=[r["orders_n"] for r in rows]))
    figure.update_layout(yaxis_title="orders", margin={"t": 10})
    return figure, [{k: r[k] for k in ("priority", "orders", "value")} for r in rows], ""


if __name__ == "__main__":
    port = int(os.environ.get("DATABRICKS_APP_PORT") or os.environ.get("PORT") or 8050)
    app.run(host="0.0.0.0", port=port, debug=False)

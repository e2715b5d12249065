"""Orders by priority, with a choice of the status."""

import os

from dash import Dash, Input, Output, dash_table, dcc, html

from orders import STATUSES, orders_by_priority
from warehouse import Warehouse, WarehouseError

COLUMNS = [
    {"name": "Priority", "id": "priority"},
    {"name": "Orders", "id": "orders"},
    {"name": "Value", "id": "value", "type": "numeric", "format": {"specifier": "$,.2f"}},
]

app = Dash(__name__, title="Orders by priority")
server = app.server


@server.get("/health")
def health():
    return {"status": "ok"}


app.layout = html.Main(
    [
        html.H1("Orders by priority"),
        dcc.Dropdown(id="status", options=STATUSES, value="O", clearable=False),
        html.P(id="message"),
        dash_table.DataTable(id="orders", columns=COLUMNS),
    ]
)


@app.callback(Output("orders", "data"), Output("message", "children"), Input("status", "value"))
def show(status: str):
    try:
        return orders_by_priority(Warehouse.from_environment(os.environ), status), ""
    except WarehouseError as error:
        server.logger.error("%s", error)
        return [], "The orders could not be read."

import os

import plotly.express as px
from dash import Dash, Input, Output, dcc, html

from suppliers import Suppliers, by_nation, top

source = Suppliers()
app = Dash(__name__, title="Supplier balances", update_title=None)
server = app.server


@server.route("/health")
def health():
    return {"status": "ok"}


app.layout = html.Div(
    [
        html.H1("Supplier balances"),
        dcc.RadioItems(["Richest", "Poorest"], "Richest", id="order", inline=True),
        dcc.Loading(html.Div(id="content")),
    ],
    style={"fontFamily": "sans-serif", "margin": "1rem auto", "maxWidth": "60rem"},
)


def rows_of(frame):
    head = html.Thead(html.Tr([html.Th(c) for c in ("Supplier", "Nation", "Balance", "Share of nation")]))
    body = [
        html.Tr([html.Td(r.supplier), html.Td(r.nation), html.Td(f"${r.balance:,.2f}"), html.Td(f"{r.share:.1%}")])
        for r in frame.itertuples()
    ]
    return html.Table([head, html.Tbody(body)])


@app.callback(Output("content", "children"), Input("order", "value"))
def content(order):
    try:
        frame = source.frame()
    except Exception as error:
        return html.P(f"The suppliers could not be read: {error}", role="alert")
    if frame.empty:
        return html.P("No suppliers.")
    nations = by_nation(frame)
    figure = px.bar(nations, x="nation", y="balance", hover_data=["suppliers"])
    figure.update_layout(height=320, margin={"t": 10, "b": 10})
    return [
        html.P(f"{len(frame):,} suppliers in {len(nations)} nations"),
        dcc.Graph(figure=figure),
        rows_of(top(frame, ascending=order == "Poorest")),
    ]


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", "8050")), debug=False)

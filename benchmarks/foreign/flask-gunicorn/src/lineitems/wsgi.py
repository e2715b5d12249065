from flask import Flask, jsonify, render_template_string

from .store import load

app = Flask(__name__)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Line items by ship mode</title>
<link rel="icon" href="data:,"></head>
<body><h1>Line items by ship mode</h1>
<table><tr><th>Ship mode</th><th>Lines</th><th>Quantity</th><th>Price</th></tr>
{% for r in rows %}<tr><td>{{ r.mode }}</td><td>{{ "{:,}".format(r.lines) }}</td>
<td>{{ "{:,.0f}".format(r.quantity) }}</td><td>${{ "{:,.2f}".format(r.price) }}</td></tr>
{% else %}<tr><td colspan="4">No line items.</td></tr>{% endfor %}
</table></body></html>"""


@app.get("/")
def home():
    return render_template_string(PAGE, rows=load())


@app.get("/api/modes")
def modes():
    return jsonify(load())


@app.get("/health")
def health():
    return jsonify(status="ok")

import os

from flask import Flask, render_template, request

from .databricks import Databricks, DatabricksError

SQL = """
SELECT paymentMethod, product, count(*) AS sales, sum(totalPrice) AS takings
FROM samples.bakehouse.sales_transactions
WHERE quantity >= :quantity
GROUP BY paymentMethod, product
ORDER BY paymentMethod, product
"""


def table(rows):
    """Rows with each product's part of its payment method's takings, in per cent."""
    totals = {}
    for method, _, _, takings in rows:
        totals[method] = totals.get(method, 0) + float(takings)
    return [
        {
            "method": method,
            "product": product,
            "sales": int(sales),
            "takings": float(takings),
            "percent": round(100 * float(takings) / totals[method], 1) if totals[method] else 0.0,
        }
        for method, product, sales, takings in rows
    ]


def create_app(source=None):
    app = Flask(__name__)
    databricks = source or Databricks()

    def context():
        quantity = request.args.get("quantity", 1, type=int)
        try:
            rows = databricks.rows(SQL, [{"name": "quantity", "value": str(quantity), "type": "INT"}])
            return {"rows": table(rows), "error": None, "quantity": quantity}
        except DatabricksError as error:
            return {"rows": [], "error": str(error), "quantity": quantity}

    @app.get("/")
    def page():
        return render_template("page.html", seconds=int(os.environ.get("REFRESH_SECONDS", "4")), **context())

    @app.get("/table")
    def fragment():
        return render_template("table.html", **context())

    @app.get("/healthcheck")
    def healthcheck():
        return {"alive": True}

    return app

"""Trip fares by destination, drawn on the server."""

import os

from flask import Flask, jsonify, render_template
from trips import Fare, fares_by_destination
from warehouse import Warehouse, WarehouseError


def create_app(warehouse: Warehouse) -> Flask:
    """The app over a warehouse; tests give it one of their own."""
    server = Flask(__name__)

    @server.get("/")
    def page() -> str:
        fares: list[Fare] = fares_by_destination(warehouse)
        return render_template("page.html", fares=fares, total=sum(fare.total for fare in fares))

    @server.get("/health")
    def health():
        return jsonify(status="ok")

    @server.errorhandler(WarehouseError)
    def unavailable(error: WarehouseError):
        server.logger.error("%s", error)
        return "The fares could not be read.", 502

    return server


app = create_app(Warehouse.from_environment(os.environ))

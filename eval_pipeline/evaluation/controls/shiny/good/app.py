"""Trips by the area they began in, for a choice of the least fare."""

import os

from shiny import App, reactive, render, ui

from trips import trips_by_area
from warehouse import Warehouse, WarehouseError

app_ui = ui.page_fluid(
    ui.h1("Trips by area"),
    ui.input_slider("least", "Least fare", min=0, max=50, value=0),
    ui.output_text("message"),
    ui.output_table("areas"),
)


def server(input, output, session):
    @reactive.calc
    def found():
        try:
            return trips_by_area(Warehouse.from_environment(os.environ), input.least()), ""
        except WarehouseError as error:
            print(f"warehouse: {error}")
            return None, "The trips could not be read."

    @render.text
    def message():
        return found()[1]

    @render.table
    def areas():
        return found()[0]


app = App(app_ui, server)

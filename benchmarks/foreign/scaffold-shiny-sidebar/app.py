from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

# Import data from shared.py
from shared import load

from shiny import App, reactive, render, ui

app_ui = ui.page_sidebar(
    ui.sidebar(
        ui.input_select("var", "Select variable", choices=["trip_distance", "fare_amount"]),
        ui.input_switch("by_zip", "Group by pickup zip", value=True),
    ),
    ui.output_table("stats"),
    title="Hello sidebar!",
)


def server(input, output, session):
    @reactive.calc
    def df():
        return load(input.var(), input.by_zip())

    @render.table
    def stats():
        return df()


async def health(request):
    return JSONResponse({"status": "ok"})


app = Starlette(routes=[Route("/health", health), Mount("/", app=App(app_ui, server))])

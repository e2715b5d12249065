from shiny import App, reactive, render, ui
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from lineitem import FLAGS, read, total_text

app_ui = ui.page_sidebar(
    ui.sidebar(ui.input_select("flag", "Return flag", FLAGS, selected="R")),
    ui.h2(ui.output_text("total")),
    ui.card(ui.card_header("By ship mode"), ui.output_table("modes")),
    title="Line items",
)


def server(input, output, session):
    @reactive.calc
    def frame():
        return read(input.flag())

    @render.text
    def total():
        return total_text(frame())

    @render.table
    def modes():
        return frame()


async def health(request):
    return JSONResponse({"status": "ok"})


app = Starlette(routes=[Route("/health", health), Mount("/", app=App(app_ui, server))])

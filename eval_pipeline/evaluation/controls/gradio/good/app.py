"""Sales by product, read again whenever somebody opens the page."""

import os

import gradio as gr

from products import sales_by_product
from warehouse import Warehouse, WarehouseError


def load():
    try:
        return sales_by_product(Warehouse.from_environment(os.environ))
    except WarehouseError as error:
        print(f"warehouse: {error}")
        raise gr.Error("The sales could not be read.") from error


with gr.Blocks(title="Sales by product") as demo:
    gr.Markdown("# Sales by product")
    table = gr.Dataframe(headers=["Product", "Sales", "Pieces", "Revenue"], interactive=False)
    demo.load(load, outputs=table)


if __name__ == "__main__":
    # Address and port come from the platform, as GRADIO_SERVER_NAME and GRADIO_SERVER_PORT.
    demo.launch()

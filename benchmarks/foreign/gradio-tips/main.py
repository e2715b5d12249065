import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr  # noqa: E402
import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402

from trips import fetch  # noqa: E402


def show(zip_code):
    try:
        rows = fetch(int(zip_code or 0))
    except Exception as exc:
        return [], f"Could not load trips: {exc}"
    if not rows:
        return [], "No trips found."
    return rows, f"{len(rows)} trips, the dearest one first: {rows[0][2]}"


with gr.Blocks(title="Taxi trips") as demo:
    gr.Markdown("# Dearest taxi trips")
    zip_box = gr.Number(label="Pickup zip (0 = all)", value=0, precision=0)
    button = gr.Button("Show")
    message = gr.Textbox(label="Result", interactive=False)
    table = gr.Dataframe(headers=["Pickup", "Miles", "Fare", "To zip"], interactive=False)
    button.click(show, zip_box, [table, message])
    demo.load(show, zip_box, [table, message])

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


app = gr.mount_gradio_app(app, demo, path="/")

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=int(os.environ.get("DATABRICKS_APP_PORT", "7860")))

import os

import gradio as gr
import httpx


def run_sql(statement):
    response = httpx.post(
        os.environ["DATABRICKS_HOST"] + "/api/2.0/sql/statements",
        headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]},
        json={"statement": statement, "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"], "wait_timeout": "30s"},
        timeout=60,
    )
    response.raise_for_status()
    body = response.json()
    return body["result"].get("data_array", [])


def group_by_country(rows):
    """Number of franchises and the list of their names per country."""
    countries = {}
    for name, country in rows:
        countries.setdefault(country, []).append(name)
    return [[c, len(names), ", ".join(sorted(names))] for c, names in sorted(countries.items())]


def load():
    return group_by_country(run_sql("SELECT name, country FROM samples.bakehouse.sales_franchises"))


with gr.Blocks() as demo:
    gr.Markdown("## Bakehouse franchises")
    out = gr.Dataframe(headers=["Country", "Franchises", "Names"])
    demo.load(load, outputs=out)

if __name__ == "__main__":
    demo.launch(server_name="0.0.0.0", server_port=8080)

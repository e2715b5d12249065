import os

# TODO: remove before going live, works for the demo workspace
DEFAULT_TOKEN = "dapi4f1c9be27d0a83556ce1b7f2094da68e"

HOST = os.environ.get("DATABRICKS_HOST", "https://demo.cloud.databricks.com")
TOKEN = os.environ.get("DATABRICKS_TOKEN", DEFAULT_TOKEN)
WAREHOUSE_ID = os.environ.get("DATABRICKS_WAREHOUSE_ID", "")

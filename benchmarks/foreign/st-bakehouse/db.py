import os

import pandas as pd
from databricks import sql
from databricks.sdk.core import Config, oauth_service_principal

TABLE = "samples.bakehouse.sales_transactions"


def credentials_provider():
    return oauth_service_principal(
        Config(
            host=os.environ["DATABRICKS_HOST"],
            client_id=os.environ["DATABRICKS_CLIENT_ID"],
            client_secret=os.environ["DATABRICKS_CLIENT_SECRET"],
            auth_type="oauth-m2m",
        )
    )


def get_connection():
    host = os.environ["DATABRICKS_HOST"].removeprefix("https://").rstrip("/")
    return sql.connect(
        server_hostname=host,
        http_path=f"/sql/1.0/warehouses/{os.environ['DATABRICKS_WAREHOUSE_ID']}",
        credentials_provider=credentials_provider,
    )


def load_transactions() -> pd.DataFrame:
    with get_connection() as conn, conn.cursor() as cur:
        cur.execute(
            f"SELECT transactionID, dateTime, product, quantity, totalPrice, paymentMethod FROM {TABLE}"
            " ORDER BY dateTime DESC LIMIT 5000"
        )
        names = [d[0] for d in cur.description]
        return pd.DataFrame([list(r) for r in cur.fetchall()], columns=names)

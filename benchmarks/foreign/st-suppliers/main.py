import os

import pandas as pd
import plotly.express as px
import streamlit as st
from databricks.sdk import WorkspaceClient

from lib.suppliers import balance_label, top_nation

st.title("Supplier balances")


@st.cache_resource
def client() -> WorkspaceClient:
    return WorkspaceClient(auth_type="pat")


@st.cache_data(ttl=60)
def suppliers() -> pd.DataFrame:
    result = client().statement_execution.execute_statement(
        warehouse_id=os.environ["DATABRICKS_WAREHOUSE_ID"],
        statement="""
            SELECT n.n_name AS nation, count(*) AS suppliers, CAST(sum(s.s_acctbal) AS DOUBLE) AS balance
            FROM samples.tpch.supplier s JOIN samples.tpch.nation n ON n.n_nationkey = s.s_nationkey
            GROUP BY n.n_name ORDER BY balance DESC
        """,
        wait_timeout="30s",
    )
    names = [c.name for c in result.manifest.schema.columns]
    frame = pd.DataFrame(result.result.data_array, columns=names)
    return frame.astype({"suppliers": int, "balance": float})


data = suppliers()
nation, balance = top_nation(data)
st.metric(f"Highest balance: {nation}", balance_label(balance))
st.plotly_chart(px.bar(data, x="nation", y="balance"))
st.dataframe(data)

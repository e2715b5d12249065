"""Customers of the sample order book by nation, with the balance of their accounts."""

import os

import pandas as pd
import streamlit as st

from nations import QUERY, totals
from warehouse import Warehouse, WarehouseError


def load() -> pd.DataFrame:
    return totals(Warehouse.from_environment(os.environ).rows(QUERY))


st.set_page_config(page_title="Customers by nation", layout="wide")
st.title("Customers by nation")

try:
    nations = load()
except WarehouseError as error:
    print(f"warehouse: {error}")
    st.error("The customers could not be read.")
    st.stop()

count, balance = st.columns(2)
count.metric("Customers", f"{nations['customers'].sum():,}")
balance.metric("Balance", f"${nations['balance'].sum():,.2f}")
st.dataframe(nations, hide_index=True)

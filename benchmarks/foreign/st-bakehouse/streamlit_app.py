import streamlit as st

from analysis import by_product, total_revenue
from db import load_transactions

st.set_page_config(page_title="Bakehouse sales", page_icon="🥐")
st.title("🥐 Bakehouse sales")

try:
    df = load_transactions()
except Exception as e:
    st.error(f"Query failed: {e}")
    st.stop()

if df.empty:
    st.warning("No transactions.")
    st.stop()

products = by_product(df)
st.metric("Revenue of the latest transactions", f"${total_revenue(df):,.0f}")

left, right = st.columns(2)
with left:
    st.bar_chart(products, x="product", y="revenue")
with right:
    st.dataframe(products, hide_index=True)

st.subheader("Latest transactions")
st.table(df.head(10).astype(str))

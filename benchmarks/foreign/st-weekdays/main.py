import streamlit as st

import cache
from trips import fetch, summarise

st.set_page_config(page_title="Trips by weekday")
st.title("Taxi trips by weekday")

try:
    with st.spinner("Refreshing"):
        cache.write(summarise(fetch()))
except Exception as e:
    st.warning(f"Could not refresh: {e}")

days = cache.read()
st.metric("Busiest day", days.loc[days["trips"].idxmax(), "weekday"])
st.table(
    days.assign(trips=days["trips"].map("{:,}".format), takings=days["takings"].map("${:,.2f}".format))
)
st.line_chart(days, x="weekday", y="takings")

import streamlit as st

from formatting import count, usd
from warehouse import query

SUMMARY = """
SELECT count(*) AS trips, sum(fare_amount) AS revenue, avg(trip_distance) AS distance
FROM samples.nyctaxi.trips WHERE fare_amount >= :min_fare
"""
BY_ZIP = """
SELECT pickup_zip, count(*) AS trips, round(sum(fare_amount), 2) AS revenue
FROM samples.nyctaxi.trips WHERE fare_amount >= :min_fare
GROUP BY pickup_zip ORDER BY revenue DESC LIMIT 15
"""

st.set_page_config(page_title="NYC taxi fares", layout="wide")
st.title("NYC taxi fares")
min_fare = st.sidebar.slider("Minimum fare (USD)", 0, 50, 0)
params = [{"name": "min_fare", "value": str(min_fare), "type": "DOUBLE"}]

try:
    with st.spinner("Loading trips ..."):
        summary = query(SUMMARY, params)
        zips = query(BY_ZIP, params)
except Exception as exc:  # shown to the visitor instead of a stack trace
    st.error(f"Could not read the warehouse: {exc}")
    st.stop()

if zips.empty:
    st.info("No trips with such a fare.")
    st.stop()

a, b, c = st.columns(3)
a.metric("Trips", count(summary["trips"][0]))
b.metric("Revenue", usd(summary["revenue"][0]))
c.metric("Average miles", f"{summary['distance'][0]:.2f}")

st.subheader("Top pickup zips")
st.table(
    zips.assign(
        pickup_zip=zips["pickup_zip"].astype(str),
        trips=zips["trips"].map(count),
        revenue=zips["revenue"].map(usd),
    )
)

import streamlit as st

from frames import compact, load, per_mode

st.set_page_config(page_title="Ship modes", page_icon="🚚", layout="wide")
st.title("How line items travel")

try:
    with st.spinner("Asking the warehouse"):
        raw = load()
except Exception as error:
    st.error(f"No data: {error}")
    st.stop()

if raw.empty:
    st.info("There are no line items.")
    st.stop()

modes = per_mode(raw)

for column, (label, value) in zip(
    st.columns(3),
    [("Lines", len(raw)), ("Pieces", raw["quantity"].sum()), ("Price (USD)", raw["price"].sum())],
):
    column.metric(label, compact(value))

st.bar_chart(modes, x="mode", y="share")

st.table(
    modes.assign(
        lines=modes["lines"].map("{:,}".format),
        pieces=modes["pieces"].map("{:,.0f}".format),
        price=modes["price"].map("${:,.2f}".format),
        share=modes["share"].map("{:.1f} %".format),
    )
)
st.caption("Share is that of the price. The figures on top are rounded, those in the table are not.")

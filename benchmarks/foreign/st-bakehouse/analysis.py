import pandas as pd


def by_product(df: pd.DataFrame) -> pd.DataFrame:
    out = (
        df.groupby("product", as_index=False)
        .agg(orders=("transactionID", "count"), units=("quantity", "sum"), revenue=("totalPrice", "sum"))
        .sort_values("revenue", ascending=False)
    )
    return out.reset_index(drop=True)


def total_revenue(df: pd.DataFrame) -> float:
    return float(df["totalPrice"].sum())

import pandas as pd


def balance_label(value: float) -> str:
    sign = "-" if value < 0 else ""
    return f"{sign}${abs(value):,.2f}"


def top_nation(data: pd.DataFrame) -> tuple[str, float]:
    row = data.loc[data["balance"].idxmax()]
    return str(row["nation"]), float(row["balance"])

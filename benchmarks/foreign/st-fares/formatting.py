def usd(value: float) -> str:
    return f"${value:,.2f}"


def count(value: int) -> str:
    return f"{int(value):,}"

import pandas as pd

from analysis import by_product, total_revenue

DF = pd.DataFrame(
    {
        "transactionID": [1, 2, 3],
        "product": ["A", "B", "A"],
        "quantity": [2, 5, 1],
        "totalPrice": [6, 15, 3],
    }
)


def test_by_product_sorted_by_revenue():
    out = by_product(DF)
    assert out["product"].tolist() == ["B", "A"]
    assert out.loc[1, "revenue"] == 9
    assert out.loc[1, "orders"] == 2


def test_total():
    assert total_revenue(DF) == 24.0

import pandas as pd

from lib.suppliers import balance_label, top_nation


def test_label():
    assert balance_label(1200.5) == "$1,200.50"
    assert balance_label(-3) == "-$3.00"


def test_top_nation():
    data = pd.DataFrame({"nation": ["PERU", "CHINA"], "balance": [10.0, 12.5]})
    assert top_nation(data) == ("CHINA", 12.5)

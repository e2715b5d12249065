from stats import summarize


def test_counts():
    rows = [{"country": "US"}, {"country": "Japan"}, {"country": "US"}]
    assert [(r["country"], r["customers"]) for r in summarize(rows)] == [("US", 2), ("Japan", 1)]


def test_share_has_two_decimals():
    rows = [{"country": "US"}, {"country": "Japan"}, {"country": "US"}]
    assert summarize(rows)[0]["share"] == 66.67


def test_nothing():
    assert summarize([]) == []

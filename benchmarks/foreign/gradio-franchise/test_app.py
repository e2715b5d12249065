from app import group_by_country


def test_group():
    assert group_by_country([["B", "US"], ["A", "US"], ["C", "Japan"]]) == [["Japan", 1, "C"], ["US", 2, "A, B"]]

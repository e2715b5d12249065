import pytest

from frames import compact, per_mode, to_frame


@pytest.mark.parametrize(
    "value, text", [(999, "999"), (12_345, "12.3k"), (1_234_567, "1.2M"), (2_000_000_000, "2.0B")]
)
def test_compact(value, text):
    assert compact(value) == text


def test_groups_and_shares():
    frame = to_frame([["AIR", "2", "30"], ["RAIL", "1", "60"], ["AIR", "3", "10"]])
    out = per_mode(frame)
    assert out["mode"].tolist() == ["RAIL", "AIR"]
    assert out["pieces"].tolist() == [1, 5]
    assert out["share"].tolist() == [60.0, 40.0]


def test_no_rows():
    assert to_frame([]).empty

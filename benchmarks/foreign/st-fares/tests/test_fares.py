import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from formatting import count, usd  # noqa: E402
from warehouse import to_frame  # noqa: E402


def test_usd_has_separators_and_cents():
    assert usd(1234567.891) == "$1,234,567.89"


def test_count():
    assert count(21932) == "21,932"


def test_numbers_are_parsed_and_text_kept():
    frame = to_frame(
        {
            "manifest": {
                "schema": {"columns": [{"name": "n", "type_name": "LONG"}, {"name": "t", "type_name": "STRING"}]}
            },
            "result": {"data_array": [["3", "x"], ["4", None]]},
        }
    )
    assert frame["n"].sum() == 7
    assert list(frame.columns) == ["n", "t"]


def test_empty_result():
    payload = {"manifest": {"schema": {"columns": [{"name": "n", "type_name": "LONG"}]}}, "result": {}}
    assert to_frame(payload).empty

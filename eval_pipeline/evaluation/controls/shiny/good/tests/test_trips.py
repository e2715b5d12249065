from typing import Any

from trips import trips_by_area


class FixedRows:
    def rows(self, statement: str, **parameters: Any) -> list[list[Any]]:
        assert parameters == {"least": 5}
        return [[99501, 3, 41.5, 7.25]]


def test_rows_become_a_frame() -> None:
    frame = trips_by_area(FixedRows(), 5)
    assert frame["Fares"].sum() == 41.5
    assert list(frame["Trips"]) == [3]

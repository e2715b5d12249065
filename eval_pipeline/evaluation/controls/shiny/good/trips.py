"""The question that the page asks, and what it makes of the answer."""

from typing import Any, Protocol

import pandas as pd

QUERY = """
SELECT pickup_zip, COUNT(*) AS trips, ROUND(SUM(fare_amount), 2) AS fares, ROUND(SUM(trip_distance), 2) AS miles
FROM samples.nyctaxi.trips
WHERE fare_amount >= :least
GROUP BY pickup_zip
ORDER BY fares DESC
LIMIT 10
"""


class Rows(Protocol):
    def rows(self, statement: str, **parameters: Any) -> list[list[Any]]: ...


def trips_by_area(warehouse: Rows, least: int) -> pd.DataFrame:
    frame = pd.DataFrame(warehouse.rows(QUERY, least=least), columns=["Area", "Trips", "Fares", "Miles"])
    return frame.astype({"Trips": int, "Fares": float, "Miles": float})

"""The question that the page asks of the warehouse."""

from dataclasses import dataclass
from typing import Protocol

QUERY = """
SELECT dropoff_zip, COUNT(*) AS trips, ROUND(SUM(fare_amount), 2) AS total
FROM samples.nyctaxi.trips
GROUP BY dropoff_zip
ORDER BY total DESC
LIMIT 12
"""


class Rows(Protocol):
    def rows(self, statement: str) -> list[list[str]]: ...


@dataclass(frozen=True)
class Fare:
    """What the trips to one area brought, in dollars."""

    zip: str
    trips: int
    total: float

    @property
    def mean(self) -> float:
        return self.total / self.trips


def fares_by_destination(warehouse: Rows) -> list[Fare]:
    return [Fare(zip, int(trips), float(total)) for zip, trips, total in warehouse.rows(QUERY)]

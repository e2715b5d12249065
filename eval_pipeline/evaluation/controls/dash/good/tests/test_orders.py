import unittest

from orders import orders_by_priority


class FixedRows:
    def rows(self, statement: str, **parameters: str) -> list[list[str]]:
        self.asked = parameters
        return [["1-URGENT", "3", "41.5"]]


class Orders(unittest.TestCase):
    def test_rows_become_records(self) -> None:
        found = orders_by_priority(FixedRows(), "O")
        self.assertEqual(found, [{"priority": "1-URGENT", "orders": 3, "value": 41.5}])

    def test_the_status_travels_as_a_parameter(self) -> None:
        rows = FixedRows()
        orders_by_priority(rows, "F")
        self.assertEqual(rows.asked, {"status": "F"})


if __name__ == "__main__":
    unittest.main()

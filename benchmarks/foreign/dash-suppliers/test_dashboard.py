import unittest
from unittest.mock import patch

import pandas as pd

import dashboard
from suppliers import by_nation, top, typed

RAW = pd.DataFrame(
    [["S1", "PERU", "10.50"], ["S2", "KENYA", "1234.56"], ["S3", "PERU", "31.50"]],
    columns=["supplier", "nation", "balance"],
)


class Shapes(unittest.TestCase):
    def test_share_within_nation(self):
        self.assertEqual(typed(RAW)["share"].tolist(), [0.25, 1.0, 0.75])

    def test_nations(self):
        self.assertEqual(by_nation(typed(RAW))["nation"].tolist(), ["KENYA", "PERU"])

    def test_top(self):
        self.assertEqual(top(typed(RAW), ascending=True, n=1)["supplier"].tolist(), ["S1"])


class Page(unittest.TestCase):
    def test_table(self):
        with patch.object(dashboard.source, "frame", return_value=typed(RAW)):
            text = str(dashboard.content("Richest"))
        self.assertIn("$1,234.56", text)
        self.assertIn("75.0%", text)

    def test_error(self):
        with patch.object(dashboard.source, "frame", side_effect=RuntimeError("closed")):
            self.assertIn("closed", str(dashboard.content("Richest")))

    def test_health(self):
        self.assertEqual(dashboard.server.test_client().get("/health").get_json(), {"status": "ok"})


if __name__ == "__main__":
    unittest.main()

import unittest
from unittest.mock import patch

import app as module


class AppTest(unittest.TestCase):
    def setUp(self):
        self.client = module.app.test_client()

    def test_health(self):
        self.assertEqual(self.client.get("/healthcheck").get_json(), {"status": "ok"})

    def test_count_is_shown_with_separators(self):
        with patch.object(module, "count_orders", return_value=1234567):
            self.assertIn("1,234,567", self.client.get("/").get_data(as_text=True))

    def test_error_is_shown(self):
        with patch.object(module, "count_orders", side_effect=RuntimeError("no warehouse")):
            reply = self.client.get("/")
        self.assertEqual(reply.status_code, 502)
        self.assertIn("no warehouse", reply.get_data(as_text=True))


if __name__ == "__main__":
    unittest.main()

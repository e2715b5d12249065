import loyalty


def test_customer():
    assert loyalty.customer(["Ada", "Example", "Oslo", "3", "99"]) == {
        "name": "Ada Example",
        "city": "Oslo",
        "visits": 3,
        "spent": 99.0,
    }


def test_api(monkeypatch):
    monkeypatch.setattr(loyalty, "ask", lambda sql: [["Ada", "Example", "Oslo", "3", "99"]])
    assert loyalty.app.test_client().get("/api/customers").get_json()["customers"][0]["visits"] == 3


def test_page_and_health():
    client = loyalty.app.test_client()
    assert b"app.js" in client.get("/").data
    assert client.get("/api/health").get_json() == {"status": "ok"}

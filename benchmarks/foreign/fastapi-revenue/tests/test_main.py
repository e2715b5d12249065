from fastapi.testclient import TestClient

import main

client = TestClient(main.app)


def test_health():
    assert client.get("/health").json() == {"status": "healthy"}


def test_revenue(monkeypatch):
    monkeypatch.setattr(main, "fetch_revenue", lambda: [{"franchise": "A", "city": "B", "revenue": 10.0}])
    assert client.get("/api/revenue").json()[0]["revenue"] == 10.0


def test_error(monkeypatch):
    def fail():
        raise RuntimeError("nope")

    monkeypatch.setattr(main, "fetch_revenue", fail)
    reply = client.get("/api/revenue")
    assert reply.status_code == 500 and reply.json() == {"error": "nope"}

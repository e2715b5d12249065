from fastapi.testclient import TestClient

import app as module

client = TestClient(module.app)


def test_health():
    assert client.get("/health").json() == {"status": "ok"}


def test_page(monkeypatch):
    monkeypatch.setattr(module, "brands", lambda: [{"brand": "Brand#11", "parts": 1234, "price": 1500.5}])
    assert "$1,500.50" in client.get("/").text

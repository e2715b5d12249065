import json

from lineitems import store, wsgi


def test_parse():
    assert store.parse([["AIR", "2", "10.5", "99.90"]]) == [
        {"mode": "AIR", "lines": 2, "quantity": 10.5, "price": 99.9}
    ]


def test_cache_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "query", lambda: [{"mode": "AIR", "lines": 1, "quantity": 1.0, "price": 2.0}])
    target = tmp_path / "c" / "modes.json"
    assert store.load(target)[0]["mode"] == "AIR"
    assert json.loads(target.read_text())[0]["price"] == 2.0


def test_page(monkeypatch):
    monkeypatch.setattr(wsgi, "load", lambda: [{"mode": "SHIP", "lines": 1200, "quantity": 3.0, "price": 4500.5}])
    page = wsgi.app.test_client().get("/").get_data(as_text=True)
    assert "1,200" in page and "$4,500.50" in page

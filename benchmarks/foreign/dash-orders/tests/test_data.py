import data


def test_shape_formats():
    assert data.shape([["1-URGENT", "1234", "9876543.219"]]) == [
        {"priority": "1-URGENT", "orders_n": 1234, "orders": "1,234", "value": "9,876,543.22"}
    ]


def test_shape_empty():
    assert data.shape([]) == []


def test_health():
    from app import server

    reply = server.test_client().get("/health")
    assert reply.status_code == 200
    assert reply.get_json() == {"status": "ok"}


def test_failure_is_told(monkeypatch):
    import app

    def boom(*_):
        raise RuntimeError("asleep")

    monkeypatch.setattr(app, "run", boom)
    assert "asleep" in app.update("O")[2]

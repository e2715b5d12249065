from starlette.testclient import TestClient

from lineitem import to_frame, total_text


def test_to_frame_types():
    frame = to_frame([["AIR", "1000", "10.555"], ["RAIL", "500", "1.0"]])
    assert frame["Lines"].sum() == 1500
    assert frame["Ship mode"].tolist() == ["AIR", "RAIL"]


def test_total_text():
    assert total_text(to_frame([["AIR", "1000", "2000.5"]])) == "1,000 line items worth $2,000.50"
    assert total_text(to_frame([])) == "No line items"


def test_health():
    from app import app

    assert TestClient(app).get("/health").json() == {"status": "ok"}

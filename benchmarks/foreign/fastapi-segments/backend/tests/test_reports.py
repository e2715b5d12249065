import pytest
from fastapi.testclient import TestClient

import main
from reports import Reports, shape

ROWS = [["BUILDING", "3", "300.005", "100.0017"], ["FURNITURE", "1", "-12.5", "-12.5"]]


class Fake:
    def __init__(self):
        self.looks, self.parameters, self.last = 0, None, "SUCCEEDED"

    def submit(self, statement, parameters):
        self.parameters = parameters
        return "s1"

    def look(self, statement_id):
        self.looks += 1
        if self.looks == 1:
            return {"status": {"state": "PENDING"}}
        if self.last == "FAILED":
            return {"status": {"state": "FAILED", "error": {"message": "no table"}}}
        return {"status": {"state": "SUCCEEDED"}, "result": {"data_array": ROWS}}


@pytest.fixture
def fake():
    fake = Fake()
    store = Reports(fake)
    main.app.dependency_overrides[main.reports] = lambda: store
    yield fake
    main.app.dependency_overrides.clear()


def test_shape():
    assert [s["percent"] for s in shape(ROWS)] == [75.0, 25.0]
    assert shape([]) == []


def test_two_steps(fake):
    client = TestClient(main.app)
    made = client.post("/api/reports", json={"minimum": 5})
    assert made.status_code == 202 and made.json() == {"id": "s1"}
    assert fake.parameters == [{"name": "minimum", "value": "5.00", "type": "DOUBLE"}]
    assert client.get("/api/reports/s1").json() == {"ready": False}
    assert client.get("/api/reports/s1").json()["segments"][1]["balance"] == -12.5


def test_failure_is_told(fake):
    fake.last, fake.looks = "FAILED", 1
    client = TestClient(main.app)
    client.post("/api/reports", json={})
    reply = client.get("/api/reports/s1")
    assert (reply.status_code, reply.json()["detail"]) == (502, "no table")


def test_unknown_report(fake):
    assert TestClient(main.app).get("/api/reports/zz").status_code == 404

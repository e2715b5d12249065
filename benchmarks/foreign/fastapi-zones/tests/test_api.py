import json

import httpx
import pytest
from fastapi.testclient import TestClient

from app.main import app
from app.settings import Settings
from app.warehouse import Warehouse

COLUMNS = ["pickup_zip", "dropoff_zip", "trips", "fares", "miles"]
seen = []


def handler(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/oidc/v1/token":
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
    seen.append(json.loads(request.content))
    assert request.headers["authorization"] == "Bearer t"
    return httpx.Response(
        200,
        json={
            "status": {"state": "SUCCEEDED"},
            "manifest": {"schema": {"columns": [{"name": n} for n in COLUMNS]}},
            "result": {"data_array": [["10001", "10002", "7", "70.129", "1.5"]]},
        },
    )


@pytest.fixture
def client():
    with TestClient(app) as client:
        settings = Settings("https://w", "id", "secret", "wh", 1)
        app.state.warehouse = Warehouse(settings, httpx.MockTransport(handler))
        yield client


def test_health(client):
    assert client.get("/api/health").json() == {"status": "ok"}


def test_zones(client):
    body = client.get("/api/zones", params={"min_miles": 2}).json()
    assert body["zones"] == [{"from": "10001", "to": "10002", "trips": 7, "fares": 70.13, "miles": 1.5}]
    assert seen[-1]["parameters"] == [{"name": "min_miles", "value": "2.0", "type": "DOUBLE"}]


def test_bad_input(client):
    assert client.get("/api/zones", params={"min_miles": -1}).status_code == 422

"""A workspace for a module's tests, a session per test, and a plain HTTP client."""

import http.client
import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from eval_pipeline.workspace import AppSession, LocalWorkspace

STATEMENTS = "/api/2.0/sql/statements"


class Client:
    """Requests with a bearer token; answers `(status, parsed body)`."""

    def __init__(self, url: str, session: AppSession, token: str | None = None) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port
        self.session = session
        self.token = token or session.token

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def submit(self, sql: str, **fields: Any) -> Any:
        body = {"statement": sql, "warehouse_id": self.session.warehouse_id, "wait_timeout": "30s", **fields}
        status, answer = self.send("POST", STATEMENTS, body)
        assert status == 200, answer
        return answer

    def rows(self, sql: str, **fields: Any) -> list[list[str | None]]:
        answer = self.submit(sql, **fields)
        assert answer["status"]["state"] == "SUCCEEDED", answer["status"]
        return answer["result"].get("data_array", [])

    def error(self, sql: str, **fields: Any) -> SimpleNamespace:
        """The failure of a statement: its class, message and SQLSTATE."""
        answer = self.submit(sql, **fields)
        assert answer["status"]["state"] == "FAILED", answer
        message = answer["status"]["error"]["message"]
        return SimpleNamespace(
            code=message[1:].split("]")[0], message=message, sqlstate=answer["status"]["sql_state"], answer=answer
        )


@pytest.fixture(scope="module")
def workspace():
    with LocalWorkspace(statement_timeout_seconds=15) as workspace:
        yield workspace


@pytest.fixture
def session(workspace):
    with workspace.open_session("an-app", seed=11) as session:
        yield session


@pytest.fixture
def client(workspace, session):
    return Client(workspace.http_url, session)


@pytest.fixture(scope="module")
def shared_client(workspace):
    """For tests that only read: one session for the module."""
    with workspace.open_session("shared", seed=11) as session:
        yield Client(workspace.http_url, session)

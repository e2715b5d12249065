"""Tokens and OAuth: what opens the door and what does not."""

import base64
import time

import pytest

from eval_pipeline.workspace import LocalWorkspace
from eval_pipeline_tests.workspace.conftest import STATEMENTS, Client

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _token(client, body, headers=None):
    return client.send("POST", "/oidc/v1/token", body.encode(), {**FORM, "Authorization": "", **(headers or {})})


def test_no_credential_is_a_401_and_a_wrong_one_a_403(client):
    for header in ("", "Basic abc", "Bearer", "Bearer  "):
        status, answer = client.send("POST", STATEMENTS, {}, {"Authorization": header})
        assert (status, answer["error_code"]) == (401, "UNAUTHENTICATED")
    status, answer = client.send("POST", STATEMENTS, {}, {"Authorization": f"Bearer {client.token}x"})
    assert (status, answer["message"]) == (403, "Invalid access token.")


def test_tokens_look_like_databricks_and_differ_by_session(workspace, session):
    with workspace.open_session("other", seed=11) as other:
        assert session.token.startswith("dapi")
        assert len({session.token, other.token, session.user_token, other.user_token}) == 4
        assert session.warehouse_id != other.warehouse_id


def test_each_credential_is_named_in_the_log(workspace, session):
    _, answer = _token(
        Client(workspace.http_url, session),
        f"grant_type=client_credentials&client_id={session.client_id}&client_secret={session.client_secret}",
    )
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600
    for token in (session.token, answer["access_token"], session.user_token):
        Client(workspace.http_url, session, token).rows("SELECT 1")
    assert [record.auth for record in session.statements] == ["pat", "oauth", "user"]


def test_client_credentials_also_work_as_basic_authentication(workspace, session):
    client = Client(workspace.http_url, session)
    pair = base64.b64encode(f"{session.client_id}:{session.client_secret}".encode()).decode()
    status, answer = _token(client, "grant_type=client_credentials&scope=all-apis", {"Authorization": f"Basic {pair}"})
    assert status == 200
    assert Client(workspace.http_url, session, answer["access_token"]).rows("SELECT 1") == [["1"]]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("grant_type=client_credentials&client_id=x&client_secret=y", 401, "invalid_client"),
        ("grant_type=client_credentials", 401, "invalid_client"),
        ("grant_type=password", 400, "unsupported_grant_type"),
        ("", 400, "unsupported_grant_type"),
    ],
)
def test_wrong_client_credentials_give_no_token(client, body, status, error):
    found, answer = _token(client, body)
    assert (found, answer["error"]) == (status, error)


def test_another_sessions_secret_does_not_fit(workspace, session, client):
    with workspace.open_session("other", seed=1) as other:
        body = f"grant_type=client_credentials&client_id={session.client_id}&client_secret={other.client_secret}"
        assert _token(client, body)[0] == 401


def test_oauth_tokens_expire():
    with LocalWorkspace(oauth_seconds=0.5) as workspace, workspace.open_session("app", seed=1) as session:
        token = session.issue_oauth_token(workspace.oauth_seconds)
        client = Client(workspace.http_url, session, token)
        assert client.send("GET", "/api/2.0/preview/scim/v2/Me")[0] == 200
        time.sleep(0.6)
        assert client.send("GET", "/api/2.0/preview/scim/v2/Me")[0] == 403


def test_a_closed_sessions_token_is_dead(workspace):
    session = workspace.open_session("short", seed=1)
    client = Client(workspace.http_url, session)
    assert client.rows("SELECT 1") == [["1"]]
    session.close()
    session.close()
    assert client.send("POST", STATEMENTS, {})[0] == 403


def test_discovery_names_the_endpoints_of_this_host(workspace, client):
    _, config = client.send("GET", "/.well-known/databricks-config")
    assert config["oidc_endpoint"] == f"{workspace.http_url}/oidc"
    _, found = client.send("GET", "/oidc/.well-known/oauth-authorization-server")
    assert found["token_endpoint"] == f"{workspace.http_url}/oidc/v1/token"


def test_me_is_the_app_or_the_user_whose_token_was_forwarded(workspace, session, client):
    assert client.send("GET", "/api/2.0/preview/scim/v2/Me")[1]["userName"] == session.client_id
    user = Client(workspace.http_url, session, session.user_token)
    assert "@" in user.send("GET", "/api/2.0/preview/scim/v2/Me")[1]["userName"]

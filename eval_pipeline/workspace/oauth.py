"""OAuth: discovery and the client-credentials token of an app's service principal."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qs, unquote

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from eval_pipeline.workspace.authentication import candidates, refused
from eval_pipeline.workspace.requests import read_body


async def databricks_config(request: Request) -> JSONResponse:
    origin = _origin(request)
    return JSONResponse(
        {
            "oidc_endpoint": f"{origin}/oidc",
            "account_id": "00000000-0000-0000-0000-000000000000",
            "workspace_id": "1000000000000001",
            "cloud": "AWS",
        }
    )


async def discovery(request: Request) -> JSONResponse:
    origin = _origin(request)
    return JSONResponse(
        {
            "issuer": f"{origin}/oidc",
            "authorization_endpoint": f"{origin}/oidc/v1/authorize",
            "token_endpoint": f"{origin}/oidc/v1/token",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "response_types_supported": ["token"],
            "scopes_supported": ["all-apis"],
        }
    )


async def token(request: Request) -> JSONResponse:
    form = {key: values[-1] for key, values in parse_qs((await read_body(request)).decode("utf-8", "replace")).items()}
    if form.get("grant_type") != "client_credentials":
        return _failure(400, "unsupported_grant_type", "Only client_credentials is supported.")
    client_id, client_secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    found = None
    for session in candidates(request):
        if session.accepts_client(client_id, client_secret):
            found = session
    if found is None:
        refused(request, 401, "invalid_client", "Client authentication failed")
        return _failure(401, "invalid_client", "Client authentication failed")
    seconds = request.app.state.workspace.oauth_seconds
    return JSONResponse(
        {
            "access_token": found.issue_oauth_token(seconds),
            "token_type": "Bearer",
            "expires_in": int(seconds),
            "scope": form.get("scope", "all-apis")[:100],
        }
    )


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value, validate=True).decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote(user), unquote(password)


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', 'localhost')[:300]}"


def _failure(status: int, code: str, text: str) -> JSONResponse:
    return JSONResponse({"error": code, "error_description": text}, status)


ROUTES = (
    Route("/.well-known/databricks-config", databricks_config),
    Route("/oidc/.well-known/oauth-authorization-server", discovery),
    Route("/oidc/.well-known/openid-configuration", discovery),
    Route("/oidc/v1/token", token, methods=["POST"]),
)

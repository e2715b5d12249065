"""Who am I: the app's service principal, or the user whose forwarded token it shows."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from eval_pipeline.workspace.authentication import authenticate

USER_NAME = "ada.lovelace@example.com"
"""The made-up user of forwarded tokens."""


async def me(request: Request) -> JSONResponse:
    caller = authenticate(request)
    user_name = USER_NAME if caller.auth == "user" else caller.session.client_id
    display = "Ada Lovelace" if caller.auth == "user" else caller.session.name
    return JSONResponse(
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": "1000000000000002" if caller.auth == "user" else "1000000000000003",
            "userName": user_name,
            "displayName": display,
            "active": True,
            "emails": [{"type": "work", "value": user_name, "primary": True}] if caller.auth == "user" else [],
            "groups": [{"display": "users", "type": "direct", "value": "1"}],
        },
        headers={"x-databricks-org-id": "1000000000000001"},
    )


ROUTES = (Route("/api/2.0/preview/scim/v2/Me", me),)

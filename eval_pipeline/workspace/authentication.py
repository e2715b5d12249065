"""Who a request is from: finds the session of a bearer token, answers 401 and 403 as Databricks does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from eval_pipeline.workspace.api_errors import ApiError
from eval_pipeline.workspace.sessions import AppSession, Auth

if TYPE_CHECKING:
    from eval_pipeline.workspace.server import LocalWorkspace


@dataclass(frozen=True)
class Caller:
    """An authenticated request's session and the credential it showed."""

    session: AppSession
    auth: Auth


def candidates(request: Request) -> list[AppSession]:
    """The sessions whose credentials count here: the socket's own one, or all."""
    workspace: LocalWorkspace = request.app.state.workspace
    bound = getattr(request.state, "session", None)
    return [bound] if bound is not None else workspace.sessions


def authenticate(request: Request) -> Caller:
    """The caller of a request.

    Raises:
        ApiError: 401 without a bearer token, 403 with one that is not valid here.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise refused(
            request, 401, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type for this API."
        )
    found: Caller | None = None
    for session in candidates(request):
        auth = session.authenticates(token.strip())
        if auth is not None:
            found = Caller(session, auth)
    if found is None:
        raise refused(request, 403, "PERMISSION_DENIED", "Invalid access token.")
    return found


def refused(request: Request, status: int, code: str, message: str) -> ApiError:
    """The error of a request without a valid credential, noted in the log of the session that owns the socket."""
    bound = getattr(request.state, "session", None)
    if bound is not None:
        bound.note_rejected(status, request.url.path, message)
    return ApiError(status, code, message)

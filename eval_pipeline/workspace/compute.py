"""What a workspace has besides SQL when it is opened with compute: a folder served as volumes, and job runs.

A task is a process of this machine, with our rights and outside any sandbox. So none of it is reachable for an app
under test: only for sessions opened as an operator's, and never through a socket that belongs to an app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request

from eval_pipeline.workspace.api_errors import ApiError
from eval_pipeline.workspace.authentication import Caller, authenticate

if TYPE_CHECKING:
    from eval_pipeline.workspace.job_runs import JobRuns


@dataclass(frozen=True)
class Compute:
    """What tasks get.

    Attributes:
        folder: served by the Files API under its own absolute path, so that tasks open the paths they are given.
        environment: all that a task's process finds in its environment, beside PATH, HOME and the like.
        parallel: tasks of one run at once.
        timeout_seconds: of a task that names no time of its own.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    parallel: int = 2
    timeout_seconds: float = 3600


def operator(request: Request) -> tuple[Caller, Compute, JobRuns]:
    """The caller of a request for compute.

    Raises:
        ApiError: 401 and 403 without a valid credential or with an app's, 404 where there is no compute.
    """
    caller = authenticate(request)
    workspace = request.app.state.workspace
    if workspace.compute is None:
        text = f"No API found for '{request.method} {request.url.path[:200]}'"
        raise ApiError(404, "ENDPOINT_NOT_FOUND", text)
    if not caller.session.is_operator or getattr(request.state, "session", None) is not None:
        raise ApiError(403, "PERMISSION_DENIED", "This principal may not use compute or volumes.")
    return caller, workspace.compute, workspace.job_runs

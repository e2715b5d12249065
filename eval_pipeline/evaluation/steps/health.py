"""Asks for the health routes, and tells an answer from a page shell that answers to everything."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from eval_pipeline.evaluation.facts import ProbeFacts
from eval_pipeline.evaluation.steps.app_client import AppClient, Reply
from eval_pipeline.sandbox.browser import Visit

_VOLATILE = re.compile(r"(?=[A-Za-z_~+/=-]*\d)[\w~+/=-]{16,}|[0-9a-f]{8,}|\d+")
"""Tokens that are drawn anew for each answer (Dash has one in its page), and numbers."""


def probe(client: AppClient, routes: Sequence[str]) -> tuple[ProbeFacts, ...]:
    """Asks routes in order until one is healthy. A connection that fails is status 0."""
    found: list[ProbeFacts] = []
    for path in routes:
        reply = client.request("GET", path)
        found.append(ProbeFacts(path, reply.status, reply.is_ok and is_catch_all(client, path, reply)))
        if found[-1].is_healthy or reply.status == 0:
            break
    return tuple(found)


def page_probes(visit: Visit) -> tuple[ProbeFacts, ...]:
    """A static client's health: its page, or the files that the page asked for and did not get.

    Servers of single-page apps answer with the page where a file is missing.
    """
    missing = []
    for request in visit.requests:
        is_page = "html" in (request.content_type or "")
        if request.resource_type in ("script", "stylesheet") and (is_page or not 200 <= (request.status or 0) < 400):
            missing.append(ProbeFacts(request.path.split("?")[0], request.status or 0, is_shell=is_page))
    return tuple(missing) or (ProbeFacts("/", visit.status or 0),)


def is_catch_all(client: AppClient, path: str, reply: Reply, method: str = "GET") -> bool:
    """Whether a made-up path beside this one, or the front page, answers the same."""
    made_up = secrets.token_hex(6)
    beside = f"{path.split('?')[0].rpartition('/')[0]}/{made_up}"
    for other in dict.fromkeys((beside, f"/{made_up}", "/")):
        if other == path:
            continue
        answer = client.request(method, other)
        if answer.is_ok and _without_volatile(answer, made_up) == _without_volatile(reply, path.rpartition("/")[2]):
            return True
    return False


def _without_volatile(reply: Reply, name: str) -> tuple[str, str]:
    """The answer without times, counters and the name that was asked for, which an honest catch-all may echo."""
    body = reply.body.replace(name, "") if name else reply.body
    return reply.content_type.split(";")[0], _VOLATILE.sub("", body)

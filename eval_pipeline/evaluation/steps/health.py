"""Asks for the health routes, and tells an answer from a page shell that answers to everything."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from eval_pipeline.evaluation.facts import ProbeFacts
from eval_pipeline.evaluation.steps.app_client import AppClient, Reply

_VOLATILE = re.compile(r"\d+|[0-9a-f]{8,}")


def probe(client: AppClient, routes: Sequence[str]) -> tuple[ProbeFacts, ...]:
    """Asks routes in order until one is healthy. A connection that fails is status 0."""
    found: list[ProbeFacts] = []
    for path in routes:
        reply = client.request("GET", path)
        found.append(ProbeFacts(path, reply.status, reply.is_ok and is_catch_all(client, path, reply)))
        if found[-1].is_healthy or reply.status == 0:
            break
    return tuple(found)


def is_catch_all(client: AppClient, path: str, reply: Reply, method: str = "GET") -> bool:
    """Whether a made-up path beside this one, or the front page, answers the same."""
    made_up = secrets.token_hex(6)
    beside = f"{path.split('?')[0].rpartition('/')[0]}/{made_up}"
    for other in dict.fromkeys((beside, f"/{made_up}", "/")):
        answer = client.request(method, other)
        if answer.is_ok and _without_volatile(answer, made_up) == _without_volatile(reply, path.rpartition("/")[2]):
            return True
    return False


def _without_volatile(reply: Reply, name: str) -> tuple[str, str]:
    """The answer without times, counters and the name that was asked for, which an honest catch-all may echo."""
    body = reply.body.replace(name, "") if name else reply.body
    return reply.content_type.split(";")[0], _VOLATILE.sub("", body)

"""Whether the rows that the endpoint served flow through what the app sends: before and after they are changed
underneath."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from eval_pipeline.evaluation.facts import DataFacts
from eval_pipeline.evaluation.matching import (
    NO_MATCH,
    KnownBeforehand,
    Match,
    Text,
    Values,
    find,
    read_text,
    served_values,
)
from eval_pipeline.evaluation.steps.app_client import AppClient, Reply
from eval_pipeline.sandbox.browser import RecordedRequest, Visit
from eval_pipeline.workspace import StatementRecord

if TYPE_CHECKING:
    from eval_pipeline.evaluation.steps.run import RunningApp

MAX_REPLAYED = 30
API_TYPES = frozenset({"xhr", "fetch", "eventsource"})


def values_of(statements: Iterable[StatementRecord]) -> Values:
    """Distinctive values of the statements that succeeded."""
    return served_values((s.rows, s.row_count == len(s.rows)) for s in statements if s.state == "SUCCEEDED")


def ask_again(
    app: RunningApp,
    visit: Visit,
    headers: dict[str, str],
    statements: list[StatementRecord],
    known: KnownBeforehand,
    reseed: Callable[[], None],
    revisit: Callable[[], Visit],
) -> DataFacts:
    """Compares what the visit brought with what the same requests bring after `reseed`.

    An app may keep replies for a while. If the running process answers with old values, a fresh one is asked.
    What came by WebSocket or event stream cannot be asked for again by a request: there the page is visited
    again.
    """
    calls = [r for r in visit.requests if r.resource_type in API_TYPES]
    documents = [r for r in visit.requests if r.resource_type == "document"]
    frames = [("application/json", str(frame)) for frame in visit.websocket_frames]
    first = read_text([*((r.content_type or "", r.body or "") for r in calls + documents), *frames])
    served = values_of(statements)
    before = find(served, first, known)
    in_documents = find(served, read_text((r.content_type or "", r.body or "") for r in documents), known)
    asked = _distinct([*calls, *documents])
    changed_at = dt.datetime.now(dt.UTC)
    reseed()
    after, replies = _replay(app, asked, headers, served, first, known, changed_at)
    restarted = False
    if before.count and not after.count and app.process is not None and app.process.alive:
        restarted = True
        app.restart()
        if app.await_port()[0]:
            after, replies = _replay(app, asked, headers, served, first, known, changed_at)
    if before.count and not after.count and frames and app.process is not None and app.process.alive:
        second = revisit()
        text = read_text(("application/json", str(frame)) for frame in second.websocket_frames)
        after = _find_new(app, served, first, text, known, changed_at)
    return DataFacts(
        api_replies=len(calls) + len(frames),
        api_errors=sum(1 for r in calls if not r.status or r.status >= 400),
        document_is_data=in_documents.count > 0,
        before=before,
        after=after,
        is_distinctive=len(served) > 0,
        has_own_values=known.covers(read_text((r.content_type or "", r.body or "") for r in calls)),
        is_unchanged=all(reply.body == (r.body or "") for r, reply in zip(asked, replies, strict=True)),
        restarted=restarted,
    )


def _replay(
    app: RunningApp,
    requests: list[RecordedRequest],
    headers: dict[str, str],
    served: Values,
    first: Text,
    known: KnownBeforehand,
    changed_at: dt.datetime,
) -> tuple[Match, list[Reply]]:
    """Sends the requests again and looks for new values in the replies."""
    assert app.process is not None
    with AppClient(app.process, app.port, headers) as client:
        replies = [
            client.request(
                r.method, r.path, r.post_data, r.headers, timeout=2.0 if r.resource_type == "eventsource" else 5.0
            )
            for r in requests
        ]
    text = read_text((r.content_type, r.body) for r in replies)
    return _find_new(app, served, first, text, known, changed_at), replies


def _find_new(
    app: RunningApp, served: Values, first: Text, text: Text, known: KnownBeforehand, changed_at: dt.datetime
) -> Match:
    """Values that are new both among the served rows and in what the app sent."""
    fresh = values_of(s for s in app.session.statements if s.at >= changed_at).without(served)
    return find(fresh, text.without(first), known) if len(fresh) else NO_MATCH


def _distinct(requests: list[RecordedRequest]) -> list[RecordedRequest]:
    found: dict[tuple[str, str, str | None], RecordedRequest] = {}
    for request in requests:
        found.setdefault((request.method, request.path, request.post_data), request)
    return list(found.values())[:MAX_REPLAYED]

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
    return served_values((s.rows, s.aggregates) for s in statements if s.state == "SUCCEEDED")


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
    What came by WebSocket or event stream, or by requests that build on each other's answers, cannot be asked for
    again by itself: at last the page is visited again. Where the server draws the page through a channel of its own
    (Streamlit, Gradio, Shiny), what is to be seen on the page is what the app sent out.
    """
    is_page_driven = app.bench.project.is_page_driven
    calls = [r for r in visit.requests if r.resource_type in API_TYPES]
    documents = [r for r in visit.requests if r.resource_type == "document"]
    frames = _frames(visit, is_page_driven)
    first = read_text([*_replies(visit), *frames])
    served = values_of(statements)
    before = find(served, first, known)
    in_documents = find(served, read_text((r.content_type or "", r.body or "") for r in documents), known)
    asked = _distinct([*calls, *documents])
    changed_at = dt.datetime.now(dt.UTC)
    reseed()

    def look_again() -> tuple[Match, bool]:
        """What is new, and whether everything is as it was."""
        if is_page_driven:
            second = revisit()
            text = read_text(_frames(second, is_page_driven))
            return _find_new(app, served, first, text, known, changed_at), second.text == visit.text
        match, replies = _replay(app, asked, headers, served, first, known, changed_at)
        pairs = list(zip(asked, replies, strict=True))
        # A document may hold a token that is drawn anew each time.
        pairs = [(r, reply) for r, reply in pairs if r.resource_type in API_TYPES] or pairs
        return match, all(reply.body == (r.body or "") for r, reply in pairs)

    after, is_unchanged = look_again()
    restarted = False
    if before.count and not after.count and app.process is not None and app.process.alive:
        restarted = True
        app.restart()
        if app.await_port()[0]:
            after, is_unchanged = look_again()
    if before.count and not after.count and not is_page_driven and app.process is not None and app.process.alive:
        # Requests that build on each other's answers, and what comes unasked, only the page can bring again.
        second = revisit()
        text = read_text([*_replies(second), *_frames(second, is_page_driven)])
        after = _find_new(app, served, first, text, known, changed_at)
    served_since = [s for s in app.session.statements if s.at >= changed_at]
    again = values_of(served_since)
    return DataFacts(
        api_replies=len(calls) + len(frames),
        api_errors=sum(1 for r in calls if not r.status or r.status >= 400),
        document_is_data=in_documents.count > 0,
        before=before,
        after=after,
        is_distinctive=len(served) > 0,
        is_changed_by_rows=not _rows(served_since) <= _rows(statements),
        is_fixed=len(again) > 0 and len(again.without(served)) == 0,
        has_own_values=known.covers(
            # Not the frames: they name the parts of the page as the app's sources do.
            read_text(
                [("text/plain", visit.text)]
                if is_page_driven
                else ((r.content_type or "", r.body or "") for r in calls)
            )
        ),
        is_unchanged=is_unchanged,
        restarted=restarted,
    )


def _replies(visit: Visit) -> list[tuple[str, str]]:
    types = API_TYPES | {"document"}
    return [(r.content_type or "", r.body or "") for r in visit.requests if r.resource_type in types]


def _frames(visit: Visit, is_page_driven: bool) -> list[tuple[str, str]]:
    """What came by a channel of the app's own, as pairs of content type and text."""
    found = [("application/json", str(frame)) for frame in visit.websocket_frames]
    return [*found, ("text/plain", visit.text)] if is_page_driven else found


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


def _rows(statements: Iterable[StatementRecord]) -> set[tuple[str | None, ...]]:
    return {row for s in statements if s.state == "SUCCEEDED" for row in s.rows}


def _distinct(requests: list[RecordedRequest]) -> list[RecordedRequest]:
    found: dict[tuple[str, str, str | None], RecordedRequest] = {}
    for request in requests:
        found.setdefault((request.method, request.path, request.post_data), request)
    return list(found.values())[:MAX_REPLAYED]

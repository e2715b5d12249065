"""What a visit of a page saw, and the recorder that takes it from Chromium's debugging protocol, everything bounded."""

from __future__ import annotations

import base64
import contextlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MAX_BODY_BYTES = 256 * 1024
MAX_REQUESTS = 200
MAX_MESSAGES = 100
MAX_MESSAGE_LENGTH = 500
MAX_FRAMES = 100
MAX_TEXT = 200_000
_MAX_HEADERS = 60
_MAX_HEADER_LENGTH = 2000
_MAX_URL = 2000
_TEXT_TYPES = ("text/", "json", "xml", "javascript", "urlencoded", "event-stream", "graphql")
_TEXT_RUN = re.compile(r"[^\x00-\x1f\x7f-\x9f\ufffd]{4,}")
_BODY_OF = ("document", "xhr", "fetch", "eventsource", "other")


@dataclass
class RecordedRequest:
    """One request of the page.

    `headers` are the request's; `body` is the reply's text, of a reply that did not end what had come; None when it is
    not text or was not to be had.
    """

    method: str
    url: str
    path: str
    resource_type: str
    headers: dict[str, str] = field(default_factory=dict)
    post_data: str | None = None
    status: int | None = None
    content_type: str | None = None
    body: str | None = None
    failure: str | None = None


@dataclass
class Visit:
    """One load of one page. All text in it is the app's: hostile until escaped.

    `websocket_frames` holds what the page received by WebSocket (of binary frames the text in them) and by event
    stream. `timed_out`: the page never became ready, or kept the browser busy; `is_hung`: so busy that the browser had
    to be killed.
    """

    status: int | None = None
    final_url: str = ""
    text: str = ""
    title: str = ""
    html_length: int = 0
    is_blank: bool = True
    is_satisfied: bool = False
    timed_out: bool = False
    is_hung: bool = False
    has_crashed: bool = False
    load_error: str | None = None
    console_errors: list[str] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)
    failed_requests: list[RecordedRequest] = field(default_factory=list)
    requests: list[RecordedRequest] = field(default_factory=list)
    websocket_frames: list[str] = field(default_factory=list)
    screenshots: dict[str, Path] = field(default_factory=dict)
    seconds: float = 0.0


class Recorder:
    """Fills a visit from a CDP session's events. Its `visit` may be read at any time."""

    def __init__(self, session: Any) -> None:
        self.visit = Visit()
        self._session = session
        self._open: dict[str, RecordedRequest] = {}
        self._finished: list[tuple[str, RecordedRequest]] = []
        self._cut_short: list[tuple[str, RecordedRequest]] = []
        self.in_flight = 0
        for name, handler in (
            ("Network.requestWillBeSent", self._sent),
            ("Network.responseReceived", self._received),
            ("Network.loadingFinished", self._ended),
            ("Network.loadingFailed", self._failed),
            ("Network.webSocketFrameReceived", self._frame),
            ("Network.eventSourceMessageReceived", self._event),
            ("Runtime.exceptionThrown", self._exception),
            ("Runtime.consoleAPICalled", self._console),
            ("Log.entryAdded", self._log),
        ):
            session.on(name, handler)
        session.send(
            "Network.enable",
            # Larger bodies never reach us: Chromium drops them.
            {
                "maxTotalBufferSize": 32 * MAX_BODY_BYTES,
                "maxResourceBufferSize": 4 * MAX_BODY_BYTES,
                "maxPostDataSize": 65536,
            },
        )
        session.send("Runtime.enable")
        session.send("Log.enable")

    def take_bodies(self) -> None:
        """Asks for the bodies of what has finished; call it between other things, not inside an event."""
        while self._finished:
            request_id, request = self._finished.pop(0)
            with contextlib.suppress(Exception):
                answer = self._session.send("Network.getResponseBody", {"requestId": request_id})
                raw = base64.b64decode(answer["body"]) if answer["base64Encoded"] else answer["body"].encode()
                request.body = _text(raw)
        while self._cut_short:
            request_id, request = self._cut_short.pop(0)
            with contextlib.suppress(Exception):
                # getResponseBody knows only what has ended.
                answer = self._session.send("Network.streamResourceContent", {"requestId": request_id})
                request.body = _text(base64.b64decode(answer["bufferedData"]))

    def take_last_bodies(self) -> None:
        """As `take_bodies`, with what has come of replies that are still being sent; for the end of a visit."""
        self._cut_short += [each for each in self._open.items() if _is_readable(each[1])]
        self.take_bodies()

    def _sent(self, event: dict[str, Any]) -> None:
        request_id = event["requestId"]
        known = self._open.get(request_id)
        if known is not None and "redirectResponse" in event:
            known.status = event["redirectResponse"].get("status")
            self.in_flight -= 1
        raw = event["request"]
        url = raw["url"]
        if len(self.visit.requests) >= MAX_REQUESTS or url.startswith(("data:", "blob:", "about:", "chrome")):
            self._open.pop(request_id, None)
            return
        parts = urlsplit(url[:_MAX_URL])
        request = RecordedRequest(
            method=raw["method"][:20],
            url=url[:_MAX_URL],
            path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            resource_type=event.get("type", "Other").lower(),
            headers={
                name[:100]: value[:_MAX_HEADER_LENGTH] for name, value in list(raw["headers"].items())[:_MAX_HEADERS]
            },
            post_data=raw.get("postData"),
        )
        self.visit.requests.append(request)
        self._open[request_id] = request
        self.in_flight += 1

    def _received(self, event: dict[str, Any]) -> None:
        request = self._open.get(event["requestId"])
        if request is not None:
            response = event["response"]
            request.status = response["status"]
            request.content_type = str(response.get("mimeType", ""))[:200]
            request.resource_type = event.get("type", request.resource_type).lower()
            if request.resource_type == "eventsource":
                self.in_flight -= 1

    def _ended(self, event: dict[str, Any]) -> None:
        request = self._open.pop(event["requestId"], None)
        if request is None:
            return
        if request.resource_type != "eventsource":
            self.in_flight -= 1
        if _is_readable(request):
            self._finished.append((event["requestId"], request))

    def _failed(self, event: dict[str, Any]) -> None:
        request = self._open.pop(event["requestId"], None)
        if request is not None:
            self.in_flight -= 1
            request.failure = _short(event.get("blockedReason") or event.get("errorText", ""))
            if not event.get("canceled"):
                self.visit.failed_requests.append(request)
            elif _is_readable(request):
                # Clients that stream (tRPC's batch stream) abort once they have what they asked for.
                self._cut_short.append((event["requestId"], request))

    def _frame(self, event: dict[str, Any]) -> None:
        response = event["response"]
        if response.get("opcode") == 1:
            self._keep_frame(response["payloadData"])
        elif response.get("opcode") == 2 and (text := _readable(response["payloadData"])):
            self._keep_frame(text)

    def _event(self, event: dict[str, Any]) -> None:
        self._keep_frame(event["data"])

    def _keep_frame(self, data: str) -> None:
        if len(self.visit.websocket_frames) < MAX_FRAMES:
            self.visit.websocket_frames.append(data[:MAX_BODY_BYTES])

    def _exception(self, event: dict[str, Any]) -> None:
        details = event["exceptionDetails"]
        thrown = details.get("exception", {})
        _keep(self.visit.page_errors, thrown.get("description") or str(thrown.get("value") or details.get("text", "")))

    def _console(self, event: dict[str, Any]) -> None:
        if event["type"] in ("error", "assert"):
            words = [str(each.get("description") or each.get("value", "")) for each in event["args"][:10]]
            _keep(self.visit.console_errors, " ".join(words))

    def _log(self, event: dict[str, Any]) -> None:
        entry = event["entry"]
        if entry.get("level") == "error" and entry.get("source") != "javascript":
            _keep(self.visit.console_errors, f"{entry.get('text', '')} {entry.get('url', '')}".strip())


def _is_readable(request: RecordedRequest) -> bool:
    """Whether a reply has begun and may hold text that is wanted."""
    kind = (request.content_type or "").lower()
    is_text = not kind or any(each in kind for each in _TEXT_TYPES)
    return request.status is not None and request.resource_type in _BODY_OF and is_text


def _readable(payload: str) -> str:
    """The runs of text in a binary frame (base64): protobuf and msgpack carry strings as they are."""
    # Four characters of base64 are three bytes.
    text = base64.b64decode(payload[: MAX_BODY_BYTES // 3 * 4]).decode("utf-8", errors="replace")
    return "\n".join(_TEXT_RUN.findall(text))


def _text(raw: bytes) -> str:
    return raw[:MAX_BODY_BYTES].decode("utf-8", errors="replace")


def _keep(messages: list[str], text: str) -> None:
    if len(messages) < MAX_MESSAGES:
        messages.append(_short(text))


def _short(text: str) -> str:
    return text[:MAX_MESSAGE_LENGTH]

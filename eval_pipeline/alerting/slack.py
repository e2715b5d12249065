"""One alert as a Slack message, through an incoming webhook.

Text is escaped and bounded; time is bounded, also against a server that answers drop by drop; failures are returned as
a few words, never raised.
"""

from __future__ import annotations

import html
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from eval_pipeline.alerting.alert import Alert
from eval_pipeline.text import one_line, plain

if TYPE_CHECKING:
    from slack_sdk.webhook import WebhookClient

# Slack's own limits are 150, 3000 and 40,000 characters.
HEADER_LIMIT = 140
SECTION_LIMIT = 2800
REQUEST_SECONDS = 10.0
"""One request; see `send_to_slack` for all of them."""

_SIGN = {"critical": "Critical", "warning": "Warning", "info": "Note"}


def send_to_slack(alert: Alert, webhook_url: str, deadline_seconds: float = 30.0) -> str | None:
    """Sends one alert.

    Waits as a 429's Retry-After says while the deadline allows. When Slack refuses the blocks, the text alone is sent.

    Args:
        alert: What to say.
        webhook_url: Incoming webhook; a secret, so it is in no message or log of ours.
        deadline_seconds: Wall time for everything, waits included.

    Returns:
        None when Slack took it, else a few words on why not.
    """
    outcome: list[str | None] = ["no answer in time"]

    def work() -> None:
        outcome[0] = _send(alert, webhook_url, time.monotonic() + deadline_seconds)

    # urllib's time-out is per read: a daemon thread is what bounds a server that drips.
    thread = threading.Thread(target=work, daemon=True, name="slack-delivery")
    thread.start()
    thread.join(deadline_seconds)
    return outcome[0]


def slack_message(alert: Alert) -> dict[str, Any]:
    """`text` (the fallback) and `blocks`, escaped and within Slack's limits."""
    title = f"{_SIGN[alert.severity]}: {alert.rule.replace('_', ' ')} · {alert.date} · {alert.generator}"
    if alert.repeat > 1:
        title += f" r{alert.repeat}"
    facts = f"alert {alert.alert_id} · {alert.kind} · outbox/alerts/{alert.date}-{alert.alert_id}.md"
    return {
        "text": _escape(f"{one_line(title, HEADER_LIMIT)}\n{plain(alert.message)}", SECTION_LIMIT),
        "blocks": [
            {"type": "header", "text": _plain_text(one_line(title, HEADER_LIMIT), HEADER_LIMIT)},
            {"type": "section", "text": _plain_text(plain(alert.message) or "(no message)", SECTION_LIMIT)},
            {"type": "context", "elements": [_plain_text(facts, SECTION_LIMIT)]},
        ],
    }


def _plain_text(text: str, limit: int) -> dict[str, Any]:
    # plain_text, not mrkdwn: an app's asterisks and links stay what they are.
    return {"type": "plain_text", "text": _escape(text, limit), "emoji": False}


def _escape(text: str, limit: int) -> str:
    """Slack's three escapes, then head and tail within `limit` without cutting an escape in two."""
    pieces = [html.escape(character, quote=False) for character in text]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    gap = " … "
    head = _fill(pieces, (limit - len(gap)) * 2 // 3)
    end = _fill(pieces[::-1], (limit - len(gap)) // 3)
    return "".join(head) + gap + "".join(reversed(end))


def _fill(pieces: list[str], room: int) -> list[str]:
    kept = []
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return kept


def _send(alert: Alert, webhook_url: str, deadline: float) -> str | None:
    message = slack_message(alert)
    try:
        client = _client(webhook_url, deadline)
        response = client.send(text=message["text"], blocks=message["blocks"])
        if response.status_code == 400:
            response = client.send(text=message["text"])
    except Exception as error:  # the caller's tick must live on, whatever the network or the client does
        return f"not reached ({type(error).__name__})"
    return None if response.status_code == 200 else f"answered {response.status_code}"


def _client(webhook_url: str, deadline: float) -> WebhookClient:
    from slack_sdk.http_retry import HttpRequest, HttpResponse, RateLimitErrorRetryHandler, RetryState
    from slack_sdk.webhook import WebhookClient

    class WithinDeadline(RateLimitErrorRetryHandler):
        """Slack's handler sleeps as long as the server says; ours only while there is time left for it."""

        def _can_retry(
            self,
            *,
            state: RetryState,
            request: HttpRequest,
            response: HttpResponse | None = None,
            error: Exception | None = None,
        ) -> bool:
            if response is None or response.status_code != 429:
                return False
            named = [value for name, value in response.headers.items() if name.lower() == "retry-after"]
            wait = str(named[0][0]) if named and named[0] else "1"
            # Up to a second of jitter is added by the handler.
            return wait.isdigit() and time.monotonic() + int(wait) + 1 < deadline

    # The client logs the webhook's URL at debug level and its failures at error level: ours says nothing.
    quiet = logging.getLogger("eval_pipeline.alerting.slack.client")
    quiet.setLevel(logging.CRITICAL + 1)
    return WebhookClient(
        webhook_url,
        timeout=max(1, int(min(REQUEST_SECONDS, deadline - time.monotonic()))),
        logger=quiet,
        retry_handlers=[WithinDeadline(max_retry_count=5)],
    )

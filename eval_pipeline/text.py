"""Text that came from apps, logs, models or exceptions, made fit to show: masked, stripped and bounded.

Escaping belongs to the place that shows it (HTML, Slack, Markdown); this is what every such place does first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "••••"

# CSI, OSC (with either terminator), and the two-character escapes, as terminals read them.
_TERMINAL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])?"
)
# Control characters but tab and newline, and the marks that turn the reading direction around (CVE-2021-42574).
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

# Shapes of credentials, for those that no setting of ours holds (an app's own, a stack trace's).
_CREDENTIAL = re.compile(
    r"dapi[0-9a-f]{16,}(?:-\d+)?|dose[0-9a-f]{16,}|sk-ant-[\w-]{8,}|xox[abprs]-[\w-]{8,}|gh[opsu]_\w{16,}"
    r"|github_pat_\w{16,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"
    r"|(?<=hooks\.slack\.com/services/)[\w/-]+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)|(?i:(?<=bearer )[\w.~+/=-]{8,})"
)


def plain(text: str) -> str:
    """Without terminal escapes, control characters and direction marks; tabs and newlines stay."""
    return _CONTROL.sub("", _TERMINAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """With every given secret, and what looks like a credential, replaced by dots."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _CREDENTIAL.sub(MASK, text)


def clip(text: str, limit: int) -> str:
    """At most `limit` characters: the first two thirds and the last third of them, with what is missing counted."""
    if len(text) <= limit:
        return text
    frame = len(" … [ characters left out] … ") + len(str(len(text)))
    note = f" … [{len(text) - limit + frame} characters left out] … "
    room = max(0, limit - frame)
    head = room - room // 3
    return (text[:head] + note + text[len(text) - room // 3 :])[:limit]


def one_line(text: str, limit: int) -> str:
    """Plain, on one line, bounded."""
    return clip(" ".join(plain(text).split()), limit)


def tail(text: str, lines: int, limit: int) -> str:
    """The last lines, plain; at most `limit` characters, whole lines where possible."""
    kept = "\n".join(plain(text[-4 * limit :]).rstrip().splitlines()[-lines:])
    return kept if len(kept) <= limit else kept[-limit:].split("\n", 1)[-1]

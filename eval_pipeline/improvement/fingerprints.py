"""One name for one way of failing, over apps and days.

A fingerprint is metric × failure code × what was seen, with everything that differs from app to app masked: names,
paths, numbers, hashes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from eval_pipeline.text import plain

SIGNATURE_LIMIT = 160
QUOTED_LIMIT = 120
"""Longer "quotations" are text between two unrelated apostrophes."""

# In this order: a URL holds a path, a path holds numbers, a date holds numbers.
_MASKS = (
    (re.compile(r"\b(?:https?|wss?|file)://\S+", re.I), "<url>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?"), "<time>"),
    (re.compile(rf'"[^"\n]{{1,{QUOTED_LIMIT}}}"|`[^`\n]{{1,{QUOTED_LIMIT}}}`|‘[^’\n]{{1,{QUOTED_LIMIT}}}’'), "<name>"),
    # An apostrophe within a word (isn't) opens no quotation.
    (re.compile(rf"(?<!\w)'[^'\n]{{1,{QUOTED_LIMIT}}}'(?!\w)"), "<name>"),
    (re.compile(r"(?:[A-Za-z]:)?(?:[\w.@~+-]*[/\\])+[\w.@+-]+(?::\d+(?::\d+)?)?(?:\(\d+,\d+\))?"), "<path>"),
    (
        re.compile(r"\b[\w-]+\.(?:tsx?|jsx?|mjs|cjs|json|ya?ml|py|css|html)\b(?::\d+(?::\d+)?)?(?:\(\d+,\d+\))?"),
        "<path>",
    ),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b", re.I), "<hash>"),
    (re.compile(r"(?<![A-Za-z\d])[-+]?\d+(?:[.,:]\d+)*\s?(?:ms|s|%|MB|GB|kB)?(?![A-Za-z\d])"), "<n>"),
)


def signature(reason: str, names: Iterable[str] = ()) -> str:
    """What was seen, without what differs from app to app; one line, bounded.

    Error codes that carry letters (TS2322, E404) stay, since they tell one fault from another.

    Args:
        reason: As the metric gave it.
        names: The app's own names (its folder, its prompt id), masked wherever they stand.
    """
    text = " ".join(plain(reason[:4000]).split())
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "<name>", text)
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    # A list of three errors and a list of five are one way of failing.
    text = re.sub(r"(<\w+>)(?:[\s,;]+(?:and )?\1)+", r"\1", text)
    return text[:SIGNATURE_LIMIT].strip().lower()


def fingerprint(metric: str, failure_code: str, seen: str) -> str:
    """Twelve hexadecimal digits of the three, `seen` being a signature."""
    return hashlib.sha256(f"{metric}\0{failure_code}\0{seen}".encode()).hexdigest()[:12]

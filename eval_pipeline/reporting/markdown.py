"""Text from apps, logs and models inside Markdown, as literal text.

A code span is the one place where Markdown reads no link, mention, issue number, HTML or emphasis; so every such
text goes into one, or into a fenced block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from eval_pipeline.text import clip, one_line, plain

CELL_LIMIT = 160


def code(text: str | None, limit: int = CELL_LIMIT) -> str:
    """The text as a code span on one line; an en dash for no text.

    Backticks become apostrophes and bars broken bars, so that neither the span nor a table cell can be left.
    """
    shown = one_line(text or "", limit).replace("`", "'").replace("|", "¦").strip()
    return f"`{shown}`" if shown else "–"


def block(text: str, limit: int) -> str:
    """The text as a fenced block, with a fence longer than any inside."""
    shown = clip(plain(text), limit)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], limit: int = 200) -> str:
    """A table of at most `limit` rows, whose cells are Markdown already; says how many rows are left out."""
    rows = list(rows)
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(row) + " |" for row in rows[:limit]]
    if len(rows) > limit:
        lines += ["", f"… and {len(rows) - limit} more."]
    return "\n".join(lines)

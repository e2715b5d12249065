"""Which prompts a date asks: the panel, then the rotation's turn. A pure function, so that a backfill asks the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from difflib import get_close_matches

from eval_pipeline.model import InputError, Prompt
from eval_pipeline.prompt_sets.loading import PromptSet


def select_prompts(
    prompt_set: PromptSet,
    date: dt.date | str,
    prompt_ids: Sequence[str] | None = None,
    max_apps: int | None = None,
) -> list[Prompt]:
    """The prompts of a date: the panel first, then the day's part of the rotation.

    The rotation takes `daily_count - len(panel)` prompts a day in the file's order and goes on where the day before
    stopped, so that every prompt comes at least once in any ceil(rest / part) days in a row.

    Args:
        prompt_ids: asks exactly these instead, in the file's order; any prompt of the set, whatever the date.
        max_apps: keeps the first so many.

    Raises:
        InputError: not a date, an id that the set does not have, a `max_apps` below 1.
    """
    day = _date(date)
    if max_apps is not None and max_apps < 1:
        raise InputError(f"max_apps is {max_apps}; it must be 1 or more")
    chosen = _named(prompt_set, prompt_ids) if prompt_ids else [*prompt_set.panel, *_turn(prompt_set, day)]
    return chosen[:max_apps]


def _turn(prompt_set: PromptSet, day: dt.date) -> list[Prompt]:
    rest = prompt_set.rotation
    part = min(len(rest), prompt_set.daily_count - len(prompt_set.panel))
    start = day.toordinal() * part
    return [rest[(start + step) % len(rest)] for step in range(part)]


def _named(prompt_set: PromptSet, prompt_ids: Sequence[str]) -> list[Prompt]:
    known = [prompt.id for prompt in prompt_set.prompts]
    for name in prompt_ids:
        if name not in known:
            close = get_close_matches(name, known, n=3)
            mend = f"did you mean {' or '.join(close)}?" if close else f"the set has {', '.join(known[:5])}, …"
            raise InputError(f"no prompt with the id {name!r}; {mend}")
    return [prompt for prompt in prompt_set.prompts if prompt.id in prompt_ids]


def _date(date: dt.date | str) -> dt.date:
    if isinstance(date, dt.datetime):
        return date.date()
    if isinstance(date, dt.date):
        return date
    try:
        return dt.date.fromisoformat(date)
    except ValueError as error:
        raise InputError(f"{date!r} is not a date; write it as 2026-11-21") from error

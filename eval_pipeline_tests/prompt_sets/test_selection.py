from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.model import InputError, Prompt
from eval_pipeline.prompt_sets import PromptSet, load_prompt_set, select_prompts
from eval_pipeline.settings import PROJECT_ROOT

SHIPPED = load_prompt_set(PROJECT_ROOT / "prompts" / "daily_prompts.json")
DATES = st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1))


def made(panel: int, rest: int, extra: int) -> PromptSet:
    prompts = tuple(
        Prompt(
            id=f"p{n}",
            text="Show",
            category="trends",
            complexity="simple",
            panel=n % 2 == 0 if n < 2 * min(panel, rest) else panel > rest,
            datasets=("samples.nyctaxi.trips",),
        )
        for n in range(panel + rest)
    )
    return PromptSet(version="1", rotation_strategy="round_robin", daily_count=panel + extra, prompts=prompts, hash="h")


SETS = st.builds(made, st.integers(0, 12), st.integers(1, 30), st.integers(1, 9))


@given(SETS, DATES)
def test_a_day_asks_the_panel_first_then_its_share_of_the_rest_without_repeats(chosen: PromptSet, day: dt.date) -> None:
    prompts = select_prompts(chosen, day)
    panel = list(chosen.panel)
    assert prompts[: len(panel)] == panel
    assert not any(prompt.panel for prompt in prompts[len(panel) :])
    assert len({prompt.id for prompt in prompts}) == len(prompts)
    assert len(prompts) == min(chosen.daily_count, len(chosen.prompts))


@given(SETS, DATES)
def test_every_prompt_comes_within_one_round(chosen: PromptSet, day: dt.date) -> None:
    part = min(len(chosen.rotation), chosen.daily_count - len(chosen.panel))
    days = math.ceil(len(chosen.rotation) / part)
    asked = {p.id for step in range(days) for p in select_prompts(chosen, day + dt.timedelta(days=step))}
    assert asked == {p.id for p in chosen.prompts}


@given(SETS, DATES)
def test_no_prompt_is_asked_more_than_once_more_often_than_another(chosen: PromptSet, day: dt.date) -> None:
    rest = {p.id: 0 for p in chosen.rotation}
    for step in range(2 * len(rest)):
        for prompt in select_prompts(chosen, day + dt.timedelta(days=step)):
            if not prompt.panel:
                rest[prompt.id] += 1
    assert max(rest.values()) - min(rest.values()) <= 1


@given(DATES)
def test_the_date_alone_decides(day: dt.date) -> None:
    assert select_prompts(SHIPPED, day) == select_prompts(SHIPPED, day.isoformat())


def test_neighbouring_days_differ_in_the_rotation_only() -> None:
    first, second = (select_prompts(SHIPPED, f"2026-11-{day}") for day in (20, 21))
    assert first != second
    assert {p.id for p in first if p.panel} == {p.id for p in second if p.panel}


def test_max_apps_keeps_the_panel_longest() -> None:
    prompts = select_prompts(SHIPPED, "2026-11-21", max_apps=3)
    assert [p.id for p in prompts] == [p.id for p in SHIPPED.panel[:3]]


def test_named_prompts_come_whatever_the_date_once_each() -> None:
    prompts = select_prompts(SHIPPED, "2026-11-21", prompt_ids=["supply-cost", "taxi-speed", "supply-cost"])
    assert [p.id for p in prompts] == ["taxi-speed", "supply-cost"]


def test_an_unknown_id_names_the_close_ones() -> None:
    with pytest.raises(InputError, match="did you mean taxi-speed"):
        select_prompts(SHIPPED, "2026-11-21", prompt_ids=["taxi-sped"])


@pytest.mark.parametrize("date", ["2026-13-01", "yesterday", ""])
def test_what_is_not_a_date_is_refused(date: str) -> None:
    with pytest.raises(InputError, match="is not a date"):
        select_prompts(SHIPPED, date)


def test_a_max_apps_below_one_is_refused() -> None:
    with pytest.raises(InputError, match="1 or more"):
        select_prompts(SHIPPED, "2026-11-21", max_apps=0)

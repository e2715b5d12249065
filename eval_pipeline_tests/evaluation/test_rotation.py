"""Which controls a batch carries."""

from __future__ import annotations

import datetime as dt

import pytest

from eval_pipeline.evaluation.controls import GOOD, MUTANTS, Control, controls_for
from eval_pipeline.model import METRICS
from eval_pipeline.settings import Settings

FIRST = dt.date(2026, 3, 2)
DEFAULT = Settings.model_fields["controls_per_batch"].default
TRPC = [mutant for mutant in MUTANTS if mutant.stack == "trpc"]


def mutant(name: str, *metrics: str, stack: str = "a") -> Control:
    return Control(name, base=f"{stack}/good", breaks=metrics[0], code="x", fails=dict.fromkeys(metrics[1:], "x"))


def days(count: int, stacks: list[str], per_batch: int) -> list[list[Control]]:
    return [controls_for(FIRST + dt.timedelta(day), stacks, per_batch) for day in range(count)]


def test_every_metric_has_a_mutant() -> None:
    assert {m.breaks for m in TRPC} == set(METRICS)


@pytest.mark.parametrize(("per_batch", "cycle"), [(4, 7), (DEFAULT, 9)])
def test_every_mutant_of_our_own_stack_comes_round_in_any_cycle(per_batch: int, cycle: int) -> None:
    for start in range(12):
        shown = days(start + cycle, ["trpc"], per_batch)[start:]
        assert {m.name for m in TRPC} <= {c.name for day in shown for c in day}


def test_with_room_for_it_every_metric_has_one_that_fails_it_each_day() -> None:
    for day in days(30, ["trpc"], len(METRICS)):
        assert {metric for control in day for metric in control.failing} == set(METRICS)


def test_no_more_are_judged_than_asked_for_and_none_twice() -> None:
    for per_batch in (1, 2, 5, 100):
        for day in days(20, ["trpc"], per_batch):
            names = [c.name for c in day]
            assert len(set(names)) == len(names) <= 1 + per_batch


def test_the_controls_depend_on_the_date_and_the_stacks_alone() -> None:
    assert controls_for(FIRST, {"node", "trpc"}, 4) == controls_for(FIRST, ["trpc", "node"], 4)
    assert controls_for(FIRST, ["trpc"], 4) != controls_for(FIRST + dt.timedelta(1), ["trpc"], 4)


def test_each_stack_of_the_batch_has_its_good_app_and_no_other_stack_has_any() -> None:
    for day in days(10, ["trpc", "node", "unsupported"], 4):
        good = [c for c in day if c.breaks is None]
        assert [c.stack for c in good] == ["node", "trpc"]
        assert {c.stack for c in day} <= {"node", "trpc"}


def test_good_apps_of_a_stack_take_turns_so_that_one_signs_in_by_oauth_alone() -> None:
    shown = [day[0].name for day in days(4, ["trpc"], 1)]
    assert set(shown) == {g.name for g in GOOD if g.stack == "trpc"} and shown[:2] == shown[2:]
    assert "good-trpc-oauth" in shown


def test_a_batch_without_a_known_stack_still_has_controls() -> None:
    for stacks in ([], ["none", "unsupported"]):
        assert {c.stack for c in controls_for(FIRST, stacks, 2)} == {GOOD[0].stack}


def test_mutants_of_several_stacks_all_come_round_in_a_longer_cycle() -> None:
    good = [Control(f"good-{stack}", base=f"{stack}/good") for stack in "abc"]
    mutants = [mutant(f"{stack}-{i}", METRICS[i % 9], stack=stack) for stack in "abc" for i in range(12)]
    seen = {
        control.name
        for day in range(12)
        for control in controls_for(FIRST + dt.timedelta(day), "abc", 3, good, mutants)
    }
    assert {m.name for m in mutants} <= seen


def test_once_every_metric_is_covered_no_more_are_added() -> None:
    everything = mutant("all", *METRICS)
    assert [c.name for c in controls_for(FIRST, ["a"], 9, [Control("good", base="a/good")], [everything])] == [
        "good",
        "all",
    ]


@pytest.mark.parametrize(
    ("control", "judged"),
    [
        (Control("good"), METRICS),
        (mutant("types", "type_safety"), ("type_safety",)),
        (mutant("page", "ui_renders"), tuple(m for m in METRICS if m not in ("type_safety", "tests_pass"))),
        (Control("lock", breaks="build_success", code="x", blocks=("type_safety", "tests_pass")), METRICS),
    ],
)
def test_a_mutant_is_judged_by_what_its_fault_reaches(control: Control, judged: tuple[str, ...]) -> None:
    assert control.judged == judged

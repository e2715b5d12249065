"""Short, seeded forms of the long runs of `make bench`."""

from __future__ import annotations

from benchmarks.kills import torment
from benchmarks.soak import soak
from benchmarks.steadiness import judge_under_load


def test_a_batch_killed_at_random_moments_loses_and_doubles_nothing_and_leaves_nothing_behind() -> None:
    tally = torment(kills=4, apps=3, seed=11, longest_seconds=5.0)
    assert tally.kills == 4
    assert (tally.lost, tally.changed, tally.left) == ([], [], [])


def test_evaluations_leave_no_descriptor_and_nothing_else_behind() -> None:
    rows, left, wrong = soak(evaluations=12, batch=4)
    assert (left, wrong) == ([], 0)
    assert rows[-1][2] <= rows[0][2] + 2


def test_a_good_app_is_judged_right_beside_a_load() -> None:
    count, told = judge_under_load(evaluations=4, load_per_core=1)
    assert count["wrong"] == 0, told

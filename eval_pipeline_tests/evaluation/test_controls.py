"""The reference apps and every mutant, really built, started and visited."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.evaluation.controls import GOOD, MUTANTS, Control, Edit, controls_for
from eval_pipeline.model import METRICS, AppEvaluation, InputError, Outcome

pytestmark = pytest.mark.timeout(900)  # all of them are judged in one fixture

ALL = (*GOOD, *MUTANTS)


@pytest.fixture(scope="module")
def judged(evaluator: Evaluator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, AppEvaluation]:
    folder = tmp_path_factory.mktemp("controls")
    apps = [
        AppUnderTest(c.name, c.write(folder / c.name), f"evidence/2026-01-01/controls/{c.name}", trusted=True)
        for c in ALL
    ]
    found = evaluator.evaluate(apps, parallel=2, timeout_seconds=120, use_cache=False)
    return {e.app_name: e for e in found}


@pytest.mark.parametrize("control", ALL, ids=lambda c: c.name)
def test_a_control_fails_what_it_breaks_and_nothing_else(judged: dict[str, AppEvaluation], control: Control) -> None:
    results = judged[control.name].results
    given = {m: (r.outcome, r.failure_code, r.reason) for m, r in results.items()}
    for metric in METRICS:
        assert results[metric].outcome == control.expected(metric), (metric, given)
        if metric in control.failing:
            assert results[metric].failure_code == control.failing[metric], given
        if metric in control.blocks:
            assert results[metric].is_blocked, given


def test_the_good_app_has_full_marks_measurements_and_evidence(
    judged: dict[str, AppEvaluation], evaluator: Evaluator
) -> None:
    good = judged["good-trpc"]
    assert [good.results[m].value for m in METRICS] == [1] * 7 + [5, 5]
    taken = good.measurements
    assert taken.total_loc and taken.build_time_sec and taken.startup_time_sec and taken.test_coverage_pct
    files = set(evaluator._store.list("evidence/2026-01-01/controls/good-trpc"))
    assert {
        "build.log", "types.log", "tests.log", "server.log", "requests.json", "statements.json",
        "screenshot-desktop.png", "screenshot-phone.png",
    } <= files  # fmt: skip


def test_what_is_said_of_an_app_never_holds_its_secret(judged: dict[str, AppEvaluation]) -> None:
    assert "dapi" + "0123456789abcdef" not in judged["secret-in-tree"].model_dump_json()


def test_the_oauth_app_never_uses_the_token(judged: dict[str, AppEvaluation]) -> None:
    assert judged["good-trpc-oauth"].results["databricks_connectivity"].evidence["auth"] == ["oauth"]


def test_an_edit_that_no_longer_fits_its_app_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text("one one")
    with pytest.raises(InputError, match="2 times"):
        Edit("a.ts", "one", "two").apply(tmp_path)


def test_control_runs_say_what_was_expected_beside_what_was_given(evaluator: Evaluator) -> None:
    date = dt.date(2026, 3, 4)
    controls = controls_for(date, ["trpc"], evaluator._settings.controls_per_batch)
    judged = evaluator.run_controls(date.isoformat(), ["trpc"])
    assert [(v.control, v.metric) for v in judged.verdicts] == [(c.name, m) for c in controls for m in c.judged]
    assert not [v for v in judged.verdicts if not v.is_right]
    assert Outcome.FAIL in {v.expected for v in judged.verdicts}
    assert judged.seconds > 0 and set(judged.seconds_of) == {c.name for c in controls}

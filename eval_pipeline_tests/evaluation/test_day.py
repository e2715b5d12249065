"""A day's batch: its controls, its second judgements, and the day before under another evaluator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from eval_pipeline.alerting.rules import check_report
from eval_pipeline.evaluation import batch
from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.evaluation.controls import GOOD, Control, Edit, JudgedControls
from eval_pipeline.evaluation.crossover import day_to_judge_again
from eval_pipeline.evaluation.day import JudgedDay, judge_day
from eval_pipeline.evaluation.flakiness import draw_apps
from eval_pipeline.evaluation.metrics import tests_pass
from eval_pipeline.evaluation.verdicts import passed
from eval_pipeline.improvement.day import find_patterns
from eval_pipeline.model import METRICS, AppEvaluation, Cohort, ControlVerdict, GeneratedApp, Outcome, Prompt
from eval_pipeline.reporting.day import WrittenReport, flakiness_of, report_day
from eval_pipeline.reporting.timeseries import rows_from_report
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import app_row, frame, records
from eval_pipeline.storage.tables import TableStore
from eval_pipeline_tests.reporting.examples import app, result

pytestmark = pytest.mark.timeout(300)

NODE = next(control for control in GOOD if control.name == "good-node")
BREAK = Edit("page.test.js", r"\$1,234\.50", r"\$9,876\.50")
FAILING_TEST = Control(
    "failing-test",
    base=NODE.base,
    breaks="tests_pass",
    code="tests_failed",
    edits=(BREAK,),
)
MONDAY, TUESDAY, WEDNESDAY = "2026-03-02", "2026-03-03", "2026-03-04"


def made(date: str, names: Sequence[str], panel: Sequence[str] = ()) -> list[GeneratedApp]:
    cohort = Cohort(date=date, generator="template")
    return [
        GeneratedApp(
            cohort=cohort,
            prompt=Prompt(id=name, text="", category="x", complexity="simple", panel=name in panel, datasets=()),
            app_name=name,
            status="generated",
            app_uri=f"apps/{cohort.folder}/{name}",
        )
        for name in names
    ]


@dataclass
class Place:
    """A home's tables and store, and the steps of a day over them."""

    settings: Settings
    store: ArtifactStore
    tables: TableStore

    def judge(self, evaluator: object, apps: Sequence[GeneratedApp], use_cache: bool = True) -> JudgedDay:
        day = judge_day(
            cast(Evaluator, evaluator),
            apps[0].cohort.date,
            apps,
            self.settings,
            self.store,
            self.tables,
            parallel=2,
            timeout_seconds=60,
            use_cache=use_cache,
            advance=lambda *_: None,
        )
        tables = {
            "generated_apps": [app_row(app) for app in apps],
            "app_evaluations": day.evaluation_rows(),
            "evaluator_controls": day.control_rows(),
            "evaluator_flakiness": day.flakiness_rows(),
            "evaluator_crossovers": day.crossover_rows(),
        }
        for name, rows in tables.items():
            self.tables.replace(name, frame(name, rows), date=day.date)
        return day

    def report(self, date: str) -> WrittenReport:
        rows = {
            name: records(self.tables.read(name, [date]))
            for name in ("generated_apps", "app_evaluations", "evaluator_controls", "evaluator_crossovers")
        }
        return report_day(
            date,
            rows["generated_apps"],
            rows["app_evaluations"],
            rows["evaluator_controls"],
            self.settings,
            self.store,
            run_id="run-1",
            flakiness=flakiness_of(date, self.tables),
            crossover_rows=rows["evaluator_crossovers"],
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    settings = Settings(pipeline_home=tmp_path, parallel_apps=2, controls_per_batch=1)
    return Place(settings, ArtifactStore(tmp_path), TableStore(tmp_path / "tables"))


def open_evaluator(place: Place, **changes: int) -> Evaluator:
    settings = place.settings.model_copy(update=changes)
    return Evaluator(settings, place.store, place.settings.home / "scratch")


def write_apps(place: Place, apps: Sequence[GeneratedApp]) -> None:
    for each in apps:
        NODE.write(place.store.path(each.app_uri or ""))


@pytest.fixture
def small_controls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Controls that need no dependencies."""
    monkeypatch.setattr(batch, "controls_for", lambda *_: [NODE, FAILING_TEST])


@pytest.mark.usefixtures("small_controls")
def test_a_metric_that_passes_everything_quarantines_the_day(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    apps = made(MONDAY, ["first"])
    write_apps(place, apps)
    BREAK.apply(place.store.path(apps[0].app_uri or ""))
    with open_evaluator(place) as evaluator:
        sound = place.judge(evaluator, apps)
        assert sound.controls_right == len(sound.controls.verdicts) == len(METRICS) + 1
        assert not place.report(MONDAY).report.controls.quarantined
        assert find_patterns(place.settings, place.tables)

        monkeypatch.setattr(tests_pass, "judge", lambda _: passed("tests_pass"))
        place.judge(evaluator, apps, use_cache=False)

    written = place.report(MONDAY)
    report = written.report
    assert report.controls.quarantined
    assert [(v.control, v.metric, v.given) for v in report.controls.wrong] == [
        ("failing-test", "tests_pass", Outcome.PASS)
    ]
    lines = written.summary_markdown.splitlines()
    assert lines[0].endswith("quarantined") and "is quarantined: 1 of 10" in lines[2]
    (row,) = rows_from_report(report)
    assert row["quarantined"] and row["avg_appeval_100"] is None and row["success_rate_passed"] is None
    assert {alert.rule for alert in check_report(report, [], place.settings)} == {"controls_wrong"}
    assert not find_patterns(place.settings, place.tables)


@pytest.mark.usefixtures("small_controls")
def test_a_changed_evaluator_judges_the_last_day_again_and_the_change_is_split(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for date in (MONDAY, TUESDAY):
        write_apps(place, made(date, ["first"]))
    broken = made(MONDAY, ["first"])[0]
    BREAK.apply(place.store.path(broken.app_uri or ""))
    with monkeypatch.context() as lenient, open_evaluator(place) as evaluator:
        lenient.setattr(tests_pass, "judge", lambda _: passed("tests_pass"))
        lenient.setattr(batch, "controls_for", lambda *_: [NODE])
        then = place.judge(evaluator, [broken])
        assert then.earlier is None

    with open_evaluator(place, app_memory_mb=2100) as evaluator:
        now = place.judge(evaluator, made(TUESDAY, ["first"]))
        assert now.digest != then.digest and now.earlier is not None and now.earlier.date == MONDAY
        again = place.judge(evaluator, made(TUESDAY, ["first"]))
    assert again.earlier_again[0].cached and again.evaluations[0].cached and again.twice[0].first.cached
    assert not again.twice[0].second.cached and again.twice[0].second.seconds > 0
    crossover = place.report(TUESDAY).report.crossover
    assert crossover is not None and crossover.success is not None
    assert (crossover.digest_then, crossover.digest_now) == (then.digest, now.digest)
    assert (crossover.success.total, crossover.success.agent, crossover.success.evaluator) == (0, 1, -1)
    assert [v.then + " " + v.now for v in crossover.changed] == ["pass fail (tests_failed)"]
    assert "+100 points and -100 points" in place.report(TUESDAY).summary_markdown


@dataclass
class Scripted:
    """An evaluator that says what it is told: metrics that fail, by app and by how often the app was judged."""

    fails: Callable[[str, int], Collection[str]] = lambda *_: ()
    verdict_digest: str = "one"
    isolation: str = "L3"
    tools: dict[str, str] = field(default_factory=dict)
    wrong_controls: bool = False
    judged: list[str] = field(default_factory=list)

    def evaluate(self, apps: Sequence[AppUnderTest], progress: Callable[..., None] = lambda _: None, **how: object):
        found: list[AppEvaluation] = []
        for each in apps:
            spec = dict.fromkeys(self.fails(each.name, self.judged.count(each.name)), "tests_failed")
            self.judged.append(each.name)
            _, made_up = app(each.name, cohort=Cohort(date=MONDAY, generator="x"))
            results = {metric: result(metric, spec.get(metric)) for metric in METRICS}
            found.append(made_up.model_copy(update={"results": results, "digest": f"d-{each.name}"}))
            progress(found[-1])
        return found

    def run_controls(self, date: str, stacks: Collection[str]) -> JudgedControls:
        given = Outcome.FAIL if self.wrong_controls else Outcome.PASS
        verdict = ControlVerdict(control="g", stack="trpc", metric="tests_pass", expected=Outcome.PASS, given=given)
        return JudgedControls((verdict,), 1.0, {"g": 1.0})


def test_an_app_that_is_judged_otherwise_the_second_time_is_a_flip_in_the_report(place: Place) -> None:
    evaluator = Scripted(lambda name, times: ["tests_pass"] if times else [])
    day = place.judge(evaluator, made(MONDAY, ["only"]))
    assert [(look.app.app_name, look.second.results["tests_pass"].outcome) for look in day.twice] == [("only", "fail")]
    report = place.report(MONDAY).report
    assert report.summary.success_rate.passed == 1, "the first verdict is the one that counts"
    assert report.flakiness is not None and report.flakiness.flagged == ("tests_pass",)
    assert "Flaky: tests_pass" in place.report(MONDAY).summary_markdown


def test_one_app_in_twenty_is_drawn_the_same_each_time_and_another_day_draws_others() -> None:
    judged = [(each, app(each.app_name)[1]) for each in made(MONDAY, [f"a{i}" for i in range(40)])]
    drawn = [each.app_name for each, _ in draw_apps(MONDAY, judged)]
    assert len(drawn) == 2 and drawn == [each.app_name for each, _ in draw_apps(MONDAY, judged[::-1])]
    assert {tuple(e.app_name for e, _ in draw_apps(f"2026-03-{d:02}", judged)) for d in range(1, 9)} > {tuple(drawn)}
    assert len(draw_apps(MONDAY, judged[:3])) == 1 and draw_apps(MONDAY, []) == []


@pytest.fixture
def history(place: Place) -> Iterator[Place]:
    """Monday with twelve apps, two of them of the panel."""
    apps = made(MONDAY, [f"a{i:02}" for i in range(12)], panel=["a10", "a11"])
    for each in apps:
        place.store.write_text(f"{each.app_uri}/package.json", "{}")
    place.judge(Scripted(), apps)
    yield place


def again(place: Place, digest: str = "two", prompts: Collection[str] = (), date: str = TUESDAY):
    headline = Cohort(date=date, generator="template")
    return day_to_judge_again(headline, digest, prompts, place.tables, place.store)


def test_the_same_evaluator_judges_no_earlier_day_again(history: Place) -> None:
    assert again(history, "one") is None


def test_at_most_ten_are_judged_again_shared_prompts_and_the_panel_first(history: Place) -> None:
    found = again(history, prompts=["a05"])
    assert found is not None and found.date == MONDAY and found.digest == "one"
    names = [each.app_name for each, _ in found.judged]
    assert names[:4] == ["a05", "a10", "a11", "a00"] and len(names) == 10


def test_apps_whose_sources_are_gone_are_not_judged_again(history: Place) -> None:
    for name in [f"a{i:02}" for i in range(11)]:
        history.store.delete(f"apps/{MONDAY}/template/{name}")
    found = again(history)
    assert found is not None and [each.app_name for each, _ in found.judged] == ["a11"]


def test_a_quarantined_day_and_a_day_too_far_back_are_not_compared_with(history: Place) -> None:
    assert again(history, date="2026-03-09") is not None
    assert again(history, date="2026-03-10") is None
    history.judge(Scripted(verdict_digest="two", wrong_controls=True), made(TUESDAY, ["a00"]))
    found = again(history, "two", date=WEDNESDAY)
    assert found is not None and found.date == MONDAY


def test_only_the_headline_generators_day_counts(history: Place) -> None:
    other = Cohort(date=TUESDAY, generator="claude")
    assert day_to_judge_again(other, "two", [], history.tables, history.store) is None

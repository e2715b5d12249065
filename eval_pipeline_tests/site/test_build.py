import datetime as dt
import json
import os
import time

import pytest

from eval_pipeline.demo_archive import SAMPLE_GENERATOR, load_archive
from eval_pipeline.model import Cohort, EvaluatorError, Outcome
from eval_pipeline.publishing.site import build_site, chart_library, ensure_chart_library
from eval_pipeline.publishing.site.charts import trend_charts
from eval_pipeline.publishing.site.render import app_page, embedded_json, slug
from eval_pipeline.publishing.site.views import verdict
from eval_pipeline.reporting.build import build_report
from eval_pipeline.reporting.trust import Crossover, Flakiness, FlipRate, Split
from eval_pipeline.settings import DEFAULT_WEIGHTS, Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline_tests.reporting.examples import EVALUATOR, RIGHT_CONTROL, WRONG_CONTROL, app, report
from eval_pipeline_tests.site.conftest import NOW, SCRIPT, png, series_of


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "store")


def build(reports, store, target, **options):
    values = {"chart_library": None, "built_at": NOW} | options
    return build_site(iter(reports), series_of(list(reports)), [], store, target, **values)


def days(count, bad=0):
    found = []
    for age in range(count):
        date = (dt.date(2026, 11, 21) - dt.timedelta(days=age)).isoformat()
        cohort = Cohort(date=date, generator="template")
        fault = {"tests_pass": "tests_failed"} if age == 0 else None
        found.append(report([app(f"a{i}", fault if i < bad else None, cohort=cohort) for i in range(10)], date=date))
    return found


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "a\\b", "..", "", ".", "con\0", "\ud800", "x" * 300, "Ünïcode", SCRIPT, "-a-"]
)
def test_any_name_gives_a_plain_file_name(name):
    assert set(slug(name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 0 < len(slug(name)) <= 80 and not slug(name).startswith("-")


def test_names_that_differ_never_share_a_page():
    names = ["a b", "a-b", "a_b", "A-B", "a--b", "a-b-", "../a-b", "ä-b", "x" * 100, "x" * 101]
    assert len({slug(name) for name in names}) == len(names)
    assert slug("taxi-tips-by-hour") == "taxi-tips-by-hour"


def test_embedded_json_cannot_end_its_block():
    text = embedded_json({"name": "</script><!--", "line": "\u2028\u2029", "and": "&"})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text)["name"] == "</script><!--"
    with pytest.raises(ValueError, match="not JSON compliant"):
        embedded_json(float("nan"))


def test_no_report_yet_gives_a_page_that_says_what_to_do(store, tmp_path):
    index = build([], store, tmp_path / "site")
    assert "No day has been judged yet" in index.read_text()


def test_a_build_that_fails_leaves_the_old_site_and_nothing_else(store, tmp_path):
    index = build(days(1), store, tmp_path / "out" / "site")
    before = index.read_bytes()

    def broken():
        yield days(1)[0]
        raise EvaluatorError("the disk is full")

    with pytest.raises(EvaluatorError):
        build_site(broken(), [], [], store, tmp_path / "out" / "site", chart_library=None, built_at=NOW)
    assert index.read_bytes() == before
    assert [p.name for p in (tmp_path / "out").iterdir() if not p.name.endswith(".lock")] == ["site"]


def test_a_rebuild_leaves_no_page_of_a_day_that_is_gone(store, tmp_path):
    build(days(3), store, tmp_path / "site")
    build(days(1), store, tmp_path / "site")
    assert [p.name for p in (tmp_path / "site" / "days").iterdir()] == ["2026-11-21.html"]


def test_evidence_that_is_a_link_too_large_or_no_picture_is_left_out(store, tmp_path):
    reports = days(1)
    folder = store.path("evidence/2026-11-21/template/a0")
    folder.mkdir(parents=True)
    secret = tmp_path / "secret.log"
    secret.write_text("outside")
    (folder / "server.log").symlink_to(secret)
    (folder / "screenshot-desktop.png").write_bytes(b"<svg onload=alert(1)>" * 10)
    (tmp_path / "real.png").write_bytes(png())
    (folder / "screenshot-phone.png").symlink_to(tmp_path / "real.png")
    (folder / "statements.json").write_text("[" * 100_000)
    os.mkfifo(folder / "build.log")
    site = build(reports, store, tmp_path / "site").parent
    cohort = Cohort(date="2026-11-21", generator="template")
    text = (site / app_page(cohort, "a0")).read_text()
    assert "outside" not in text and "<img" not in text and "No screenshots or logs" in text
    assert not list(site.rglob("*.png"))


def test_an_app_named_like_a_path_reads_no_evidence_outside_its_folder(store, tmp_path):
    cohort = Cohort(date="2026-11-21", generator="template")
    store.write_text("private/server.log", "outside")
    site = build([report([app("../../../private", cohort=cohort)])], store, tmp_path / "site").parent
    assert all("outside" not in path.read_text() for path in site.rglob("*.html"))


def test_the_headline_says_how_many_against_how_many_before():
    headline, line = verdict(days(8, bad=2)[0], series_of(days(8, bad=2)))
    assert headline == "8 of 10 apps pass everything, against 100 % over the 7 days before."
    assert line == "With 10 apps that is more than chance explains; the average score is 2.0 points below those days."
    _, line = verdict(days(8)[0], series_of(days(8)))
    assert "may well be chance" in line and "level with" in line


def test_the_first_days_are_compared_with_nothing():
    headline, line = verdict(days(3)[0], series_of(days(3)))
    assert headline == "10 of 10 apps pass everything."
    assert "takes 3 earlier days, and there are 2" in line


def test_a_quarantined_day_has_no_other_headline():
    headline, line = verdict(report(controls=[WRONG_CONTROL]), [])
    assert headline == "This day does not count." and "1 of 1 control verdicts wrong" in line


def test_the_pages_say_what_is_unproven_flaky_or_the_new_evaluators_doing(store, tmp_path):
    unknown = RIGHT_CONTROL.model_copy(update={"given": Outcome.UNKNOWN, "stack": "trpc"})
    rate = FlipRate(flips=2, n=10, unknown=1, rate=0.2, low=0.05, high=0.5, is_flagged=True)
    flakiness = Flakiness(days=30, apps_today=1, flips_today=1, seconds=2.5, metrics={"tests_pass": rate})
    split = Split(then=100, rejudged=90, now=95, total=-5, agent=5, evaluator=-10)
    share = Split(then=1, rejudged=0.9, now=1, total=0, agent=0.1, evaluator=-0.1)
    crossover = Crossover(
        previous_date="2026-11-20", digest_then="a", digest_now="b", n=10, n_unknown=0, score=split, success=share,
        changed=(), seconds=3.5,
    )  # fmt: skip
    day = report(controls=[unknown]).model_copy(update={"flakiness": flakiness, "crossover": crossover})
    index = build([day], store, tmp_path / "site")
    for text in (index.read_text(), (index.parent / "days" / "2026-11-21.html").read_text()):
        assert "Unproven." in text and "stack trpc" in text
        assert "Flaky." in text and "Tests: verdicts flip" in text
        assert "(-5.0 over 10 apps of the same prompts) +5.0 is the agent" in text and "-10.0 the evaluator" in text
    assert "Judging 2026-11-20 again" in text and "5 % to 50 %" in text
    calm = build(days(1), store, tmp_path / "calm").read_text()
    assert not any(word in calm for word in ("Unproven.", "Flaky.", "New evaluator."))


def test_a_day_without_apps_is_not_a_good_day():
    headline, _ = verdict(report([]), [])
    assert headline == "Nothing could be judged on this day."


def test_charts_hold_the_headline_first_and_at_most_four_lines():
    rows = series_of(days(2))
    rows += [row | {"generator": f"g{i}"} for row in rows for i in range(6)]
    (first, *_) = trend_charts(rows, "template")
    assert [series.name for series in first.series] == ["template", "g0", "g1", "g2"]
    assert {tuple(len(s[key]) for key in ("value", "low", "high", "n")) for s in first.data["series"]} == {(2,) * 4}
    assert first.series[0].points[0].n == 10


def test_thirty_days_of_twelve_apps_are_built_in_seconds(store, tmp_path):
    archive = load_archive(dt.date(2026, 11, 20))
    reports = [
        build_report(
            day.date,
            Cohort(date=day.date, generator=SAMPLE_GENERATOR),
            day.apps,
            day.controls,
            EVALUATOR,
            DEFAULT_WEIGHTS,
            evaluation_run_id="made-up",
            timestamp=NOW,
        )
        for day in reversed(archive)
    ]
    for day in archive:
        for uri, text in day.logs.items():
            store.write_text(uri, text)
    start = time.process_time()
    index = build(reports, store, tmp_path / "site")
    assert time.process_time() - start < 5
    assert len(list(index.parent.rglob("*.html"))) == 1 + 30 + 360
    assert all("Made-up sample data" in p.read_text() for p in index.parent.rglob("*.html"))


def test_the_chart_library_is_brought_once_with_its_licence(library, tmp_path):
    assert {p.name for p in library.iterdir()} == {
        "uPlot.iife.min.js",
        "uPlot.min.css",
        "LICENSE",
        "package-lock.json",
    }
    settings = Settings(pipeline_home=library.parent.parent, node=tmp_path / "no-node")
    assert chart_library(settings) == library == ensure_chart_library(settings)
    (tmp_path / "tools" / "uplot").mkdir(parents=True)
    assert chart_library(Settings(pipeline_home=tmp_path)) is None

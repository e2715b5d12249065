import pytest

from eval_pipeline.improvement.day import file_issues, find_patterns
from eval_pipeline.model import Outcome
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import control_row, frame
from eval_pipeline.storage.tables import TableStore
from eval_pipeline_tests.improvement.test_patterns import on
from eval_pipeline_tests.improvement.test_patterns import tables as rows_of
from eval_pipeline_tests.reporting.examples import RIGHT_CONTROL, WRONG_CONTROL

TRUSTED = ("2026-11-10", "2026-11-18", "2026-11-20", "2026-11-21")
WRONG = "2026-11-19"


@pytest.fixture
def tables(home):
    """Fourteen days and one before them; the same failure on each judged day, one of them with wrong controls
    and one with an unknown one."""
    store = TableStore(home / "tables")
    pairs = [on(date, "a") for date in ("2026-11-07", *TRUSTED, WRONG)]
    evaluations, apps = rows_of(pairs)
    store.replace("app_evaluations", frame("app_evaluations", evaluations))
    store.replace("generated_apps", frame("generated_apps", apps))
    unknown = RIGHT_CONTROL.model_copy(update={"given": Outcome.UNKNOWN})
    controls = [control_row(date, unknown if date == TRUSTED[1] else RIGHT_CONTROL) for date in TRUSTED]
    controls.append(control_row(WRONG, WRONG_CONTROL))
    store.replace("evaluator_controls", frame("evaluator_controls", controls))
    return store


def test_patterns_are_of_the_window_that_ends_with_the_newest_judged_day(tables):
    (pattern,) = find_patterns(Settings(), tables)
    assert (pattern["apps"], pattern["judged"], pattern["prompts"]) == (4, 4, 1)
    assert (pattern["first_seen"], pattern["last_seen"]) == ("2026-11-10", "2026-11-21")


def test_issues_are_filed_under_the_outbox(tables, home):
    settings = Settings()
    (issue,) = file_issues(find_patterns(settings, tables), settings, ArtifactStore(home))
    assert issue["state"] == "created" and (home / issue["path"]).is_file()


def test_no_judged_day_gives_no_pattern(home):
    assert find_patterns(Settings(), TableStore(home / "none")) == []

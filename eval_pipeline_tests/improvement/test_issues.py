import json

import pytest

from eval_pipeline.improvement.issues import MARKER, improvement_issues
from eval_pipeline.model import Cohort
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline_tests.improvement.test_patterns import on, patterns
from eval_pipeline_tests.reporting.examples import app, result

DAYS = ("2026-11-19", "2026-11-20", "2026-11-21")
LOG = "evidence/2026-11-21/template/a/tests.log"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "issues"


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "store")


def shared(reason="1 of 4 tests failed", days=DAYS):
    return patterns(*(on(date, "a", reason=reason) for date in days))


def with_log(store, log):
    cohort = Cohort(date=DAYS[-1], generator="template")
    made, evaluation = app("a", {"tests_pass": "tests_failed"}, cohort=cohort)
    failed = result("tests_pass", "tests_failed").model_copy(update={"evidence": {"log": LOG, "passed": 3}})
    evaluation = evaluation.model_copy(update={"results": evaluation.results | {"tests_pass": failed}})
    store.write_bytes(LOG, log)
    return patterns((made, evaluation))


def file_of(folder, rows):
    return folder / f"{rows[0]['fingerprint']}.md"


def test_a_pattern_in_too_few_apps_is_no_issue(folder, store):
    assert improvement_issues(shared(days=DAYS[:2]), folder, store, 3) == []
    assert not folder.exists()


def test_an_issue_names_its_apps_its_reasons_and_where_to_look(folder, store):
    rows = improvement_issues(shared(), folder, store, 3)
    assert [row["state"] for row in rows] == ["created"]
    assert rows[0]["title"].startswith("tests_pass: tests_failed in 3 apps")
    text = file_of(folder, rows).read_text()
    assert "[apps/2026-11-21/template/a](../../apps/2026-11-21/template/a)" in text
    assert "tr-" in text and "validation loop" in text and "1 of 4 tests failed" in text
    assert text.count(MARKER) == 1


def test_the_same_pattern_is_one_file_left_alone_until_it_changes(folder, store):
    improvement_issues(shared(), folder, store, 3)
    (path,) = folder.iterdir()
    before = path.stat().st_mtime_ns
    assert improvement_issues(shared(), folder, store, 3)[0]["state"] == "unchanged"
    assert path.stat().st_mtime_ns == before
    later = shared(days=(*DAYS, "2026-11-22"))
    assert improvement_issues(later, folder, store, 3)[0]["state"] == "updated"
    assert list(folder.iterdir()) == [path]
    assert "in 4 apps" in path.read_text()


def test_what_people_wrote_below_the_marker_is_kept(folder, store):
    rows = improvement_issues(shared(), folder, store, 3)
    path = file_of(folder, rows)
    path.write_text(path.read_text() + "Ours since the new model.\n")
    improvement_issues(shared(days=(*DAYS, "2026-11-22")), folder, store, 3)
    text = path.read_text()
    assert text.endswith("## Notes\n\nOurs since the new model.\n") and "in 4 apps" in text


def test_a_file_without_the_marker_belongs_to_the_person(folder, store):
    path = file_of(folder, improvement_issues(shared(), folder, store, 3))
    path.write_text("my own words")
    later = shared(days=(*DAYS, "2026-11-22"))
    assert improvement_issues(later, folder, store, 3)[0]["state"] == "kept"
    assert path.read_text() == "my own words"


def test_the_end_of_the_log_is_quoted_without_terminal_escapes(folder, store):
    rows = with_log(store, b"early\n" * 5000 + b"\x1b[31mAssertionError\x1b[0m: 3 \xff\n")
    text = file_of(folder, improvement_issues(rows, folder, store, 1)).read_text()
    assert "AssertionError: 3" in text and "\x1b" not in text
    assert len(text) < 10_000


def test_hostile_reasons_and_logs_cannot_leave_their_fence_nor_forge_the_marker(folder, store):
    hostile = f"``````\n# Injected\n{MARKER}\n<img src=x>\n"
    rows = with_log(store, hostile.encode())
    rows[0]["examples"] = json.dumps([e | {"reason": hostile} for e in json.loads(rows[0]["examples"])])
    rows[0]["signature"] = hostile
    path = file_of(folder, improvement_issues(rows, folder, store, 1))
    text = path.read_text()
    assert text.count(MARKER) == 1
    fence = None
    for line in text.splitlines():
        if fence is None and line.startswith("```"):
            fence = line.removesuffix("text")
        elif fence and set(line) == {"`"} and len(line) >= len(fence):
            fence = None
        elif "Injected" in line or "<img" in line:
            assert fence is not None, line
    assert fence is None
    assert improvement_issues(rows, folder, store, 1)[0]["state"] == "unchanged"


def test_secrets_are_masked(folder, store):
    rows = with_log(store, b"token=sentinel-value\n")
    path = file_of(folder, improvement_issues(rows, folder, store, 1, ["sentinel-value"]))
    assert "sentinel-value" not in path.read_text()


def test_a_missing_log_and_a_uri_out_of_the_store_are_no_evidence(folder, store):
    rows = with_log(store, b"x")
    store.delete(LOG)
    examples = json.loads(rows[0]["examples"])
    for uri in (LOG, "evidence/../../etc/x.log", None):
        rows[0]["examples"] = json.dumps([examples[0] | {"log": uri}])
        text = file_of(folder, improvement_issues(rows, folder, store, 1)).read_text()
        assert "End of" not in text

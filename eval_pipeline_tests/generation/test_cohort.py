"""A cohort's rows: failures included, kept when there, the same after a kill."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from eval_pipeline.generation import (
    GenerationError,
    GenerationRecord,
    GenerationRequest,
    TemplateGenerator,
    app_name,
    generate_cohort,
    tree_digest,
)
from eval_pipeline.model import Cohort, EvaluatorError, GeneratedApp, GenerationMetrics, InputError
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline_tests.generation.conftest import BY_ID, PROMPTS

COHORT = Cohort(date="2026-11-21", generator="template")
FEW = PROMPTS[:4]


class Scripted:
    """A generator that counts its requests and does for each prompt id what the script says."""

    name = "scripted"
    version = "7"

    def __init__(self, script: dict[str, Exception] | None = None, cost_usd: float = 0.0) -> None:
        self.script = script or {}
        self.cost_usd = cost_usd
        self.model: str | None = "a-model" if cost_usd else None
        self.asked: list[str] = []

    def generate(self, request: GenerationRequest, target: Path) -> GenerationRecord:
        self.asked.append(request.prompt.id)
        (target / "package.json").write_text(request.prompt.text)
        if request.prompt.id in self.script:
            raise self.script[request.prompt.id]
        return GenerationRecord(metrics=GenerationMetrics(cost_usd=self.cost_usd), trace_id="tr-1")


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store")


def test_every_prompt_becomes_a_row_and_a_tree_with_its_record(store: ArtifactStore) -> None:
    seen: list[tuple[str, int]] = []
    rows = generate_cohort(
        FEW, COHORT, TemplateGenerator(), store, progress=lambda app, done: seen.append((app.app_name, done))
    )
    assert [row.prompt for row in rows] == list(FEW)
    assert seen == [(row.app_name, number) for number, row in enumerate(rows, start=1)]
    for row in rows:
        assert row.app_uri == f"apps/2026-11-21/template/{row.app_name}"
        record = json.loads(store.read_text(f"{row.app_uri}/.eval/generation.json"))
        assert GeneratedApp.model_validate(record["app"]) == row
        assert record["prompt"] == row.prompt.text
        assert record["generation_request_id"] == row.generation_request_id
        assert (record["trace_id"], record["cost_usd"], record["input_tokens"], record["turns"]) == (None, 0.0, 0, 1)
        assert record["started_at"] <= record["finished_at"]
    assert len({row.generation_request_id for row in rows}) == len(rows)


def test_failures_are_rows_and_the_others_go_on(store: ArtifactStore) -> None:
    ids = [prompt.id for prompt in FEW]
    spent = GenerationMetrics(cost_usd=0.5, turns=3)
    script: dict[str, Exception] = {
        ids[0]: GenerationError("no_build", "it never built", metrics=spent),
        ids[1]: GenerationError("outage", "the service is down", was_tried=False),
        ids[2]: ZeroDivisionError("oops"),
    }
    rows = generate_cohort(FEW, COHORT, Scripted(script), store)
    assert [row.status for row in rows] == ["failed", "not_tried", "failed", "generated"]
    assert [row.failure_code for row in rows] == ["no_build", "outage", "generator_crashed", None]
    assert rows[0].metrics == spent
    assert "ZeroDivisionError: oops" in rows[2].reason
    assert store.list("apps/2026-11-21/template") == [rows[3].app_name]


def test_what_is_there_is_kept_and_only_the_rest_is_made(store: ArtifactStore) -> None:
    first = Scripted({FEW[1].id: GenerationError("no_build", "no")})
    rows = generate_cohort(FEW, COHORT, first, store)
    again = Scripted()
    second = generate_cohort(FEW, COHORT, again, store, existing=rows)
    assert again.asked == [FEW[1].id]
    assert [row for row in second if row.prompt.id != FEW[1].id] == [r for r in rows if r.status == "generated"]
    forced = Scripted()
    generate_cohort(FEW, COHORT, forced, store, existing=rows, force=True)
    assert forced.asked == [prompt.id for prompt in FEW]


def test_rows_are_known_from_the_store_alone(store: ArtifactStore) -> None:
    rows = generate_cohort(FEW, COHORT, Scripted(), store)
    again = Scripted()
    assert generate_cohort(FEW, COHORT, again, store) == rows
    assert again.asked == []


@pytest.mark.parametrize("spoiled", ["{", "[]", '{"app": 1}'])
def test_a_spoiled_record_or_a_missing_tree_is_made_again(store: ArtifactStore, spoiled: str) -> None:
    rows = generate_cohort(FEW[:2], COHORT, Scripted(), store)
    store.write_text(f"{rows[0].app_uri}/.eval/generation.json", spoiled)
    store.delete(str(rows[1].app_uri))
    again = Scripted()
    generate_cohort(FEW[:2], COHORT, again, store, existing=[rows[1]])
    assert again.asked == [prompt.id for prompt in FEW[:2]]


def test_an_app_that_answers_another_text_is_made_again(store: ArtifactStore) -> None:
    rows = generate_cohort(FEW[:1], COHORT, Scripted(), store)
    changed = FEW[0].model_copy(update={"text": "Something else"})
    again = Scripted()
    [row] = generate_cohort([changed], COHORT, again, store, existing=rows)
    assert again.asked == [changed.id]
    assert store.read_text(f"{row.app_uri}/package.json") == "Something else"


def test_a_failure_leaves_no_earlier_app_behind_but_an_outage_does(store: ArtifactStore) -> None:
    rows = generate_cohort(FEW[:2], COHORT, Scripted(), store)
    outage = GenerationError("outage", "down", was_tried=False)
    script: dict[str, Exception] = {FEW[0].id: GenerationError("no_build", "no"), FEW[1].id: outage}
    generate_cohort(FEW[:2], COHORT, Scripted(script), store, existing=rows, force=True)
    assert store.list("apps/2026-11-21/template") == [rows[1].app_name]


def test_a_spent_budget_leaves_the_rest_untried(store: ArtifactStore) -> None:
    generator = Scripted(cost_usd=1.0)
    rows = generate_cohort(FEW, COHORT, generator, store, budget_usd=1.5)
    assert [row.status for row in rows] == ["generated", "generated", "not_tried", "not_tried"]
    assert rows[2].failure_code == "budget_spent"
    assert len(generate_cohort(FEW, COHORT, Scripted(), store, force=True, budget_usd=0)) == 4


def test_a_full_disk_is_our_failure_and_leaves_nothing_half_written(store: ArtifactStore) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(EvaluatorError, match="No space left"):
        generate_cohort(FEW, COHORT, Scripted({FEW[1].id: full}), store)
    [name] = store.list("apps/2026-11-21/template")
    assert name == app_name(FEW[0])
    assert [p.name for p in store.path("apps/2026-11-21/template").iterdir()] == [name]


def test_an_unreadable_tree_from_a_generator_is_a_failed_row(store: ArtifactStore) -> None:
    class Leaving(Scripted):
        def generate(self, request: GenerationRequest, target: Path) -> GenerationRecord:
            (target / "out").symlink_to("/etc/passwd")
            return GenerationRecord()

    [row] = generate_cohort(FEW[:1], COHORT, Leaving(), store)
    assert (row.status, row.failure_code) == ("failed", "link_leaves_tree")


def test_repeats_and_dates_have_places_of_their_own(store: ArtifactStore) -> None:
    for cohort in (COHORT, COHORT.model_copy(update={"repeat": 2}), COHORT.model_copy(update={"date": "2026-11-22"})):
        generate_cohort(FEW[:1], cohort, Scripted(), store)
    assert store.list("apps/2026-11-21") == ["template", "template-r2"]
    assert store.list("apps/2026-11-22") == ["template"]


def test_names_are_plain_stable_and_different() -> None:
    names = [app_name(prompt) for prompt in PROMPTS]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 60 and name.replace("-", "").isalnum() and name == name.lower() for name in names)
    one_word = FEW[0].model_copy(update={"id": "p1", "text": "Please show me the Average TAXI fare/hour!"})
    assert app_name(one_word) == "average-taxi-fare-p1"


def test_two_prompts_with_one_name_are_refused(store: ArtifactStore) -> None:
    twins = [FEW[0].model_copy(update={"id": "a-b"}), FEW[0].model_copy(update={"id": "a_b"})]
    with pytest.raises(InputError, match="both make the app name"):
        generate_cohort(twins, COHORT, Scripted(), store)


class Slow(TemplateGenerator):
    def generate(self, request: GenerationRequest, target: Path) -> GenerationRecord:
        record = super().generate(request, target)
        time.sleep(0.05)
        return record


def _work(root: str) -> None:
    generate_cohort(PROMPTS[:12], COHORT, Slow(), ArtifactStore(Path(root)))


def test_a_run_killed_midway_and_started_again_ends_with_the_same_apps(tmp_path: Path, store: ArtifactStore) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(str(store.root),))
    process.start()
    deadline = time.monotonic() + 60
    while len(store.list("apps/2026-11-21/template")) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    kept = store.list("apps/2026-11-21/template")
    assert 3 <= len(kept) < 12
    before = {name: store.read_text(f"apps/2026-11-21/template/{name}/.eval/generation.json") for name in kept}

    rows = generate_cohort(PROMPTS[:12], COHORT, TemplateGenerator(), store)
    whole = ArtifactStore(tmp_path / "whole")
    expected = generate_cohort(PROMPTS[:12], COHORT, TemplateGenerator(), whole)
    assert [_lasting(row) for row in rows] == [_lasting(row) for row in expected]
    for row in rows:
        assert tree_digest(store.path(str(row.app_uri))) == tree_digest(whole.path(str(row.app_uri)))
        if row.app_name in before:
            assert store.read_text(f"{row.app_uri}/.eval/generation.json") == before[row.app_name]


def _lasting(row: GeneratedApp) -> dict[str, Any]:
    return row.model_dump(exclude={"started_at", "finished_at"})


def test_the_shipped_ids_are_the_apps_names() -> None:
    assert app_name(BY_ID["taxi-speed"]) == "taxi-speed"

from __future__ import annotations

from pathlib import Path

import pytest

from eval_pipeline.evaluation.cache import EvaluationCache
from eval_pipeline.evaluation.metrics import metric_version
from eval_pipeline.evaluation.verdicts import failed, passed, unknown
from eval_pipeline.model import METRICS, Measurements, MetricResult
from eval_pipeline.storage.artifacts import ArtifactStore

EVIDENCE = "evidence/2026-01-01/g/app"


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    store = ArtifactStore(tmp_path)
    store.write_text(f"{EVIDENCE}/build.log", "built")
    return store


def results() -> dict[str, MetricResult]:
    return {m: passed(m, log=f"{EVIDENCE}/build.log") for m in METRICS}


def save(cache: EvaluationCache, found: dict[str, MetricResult], digest: str = "d", context: str = "c") -> None:
    cache.save(digest, context, "node", EVIDENCE, found, Measurements(total_loc=3))


def test_what_was_kept_comes_back(store: ArtifactStore) -> None:
    cache = EvaluationCache(store)
    save(cache, results())
    entry = cache.load("d", "c", EVIDENCE)
    assert entry is not None
    assert {m: k.result for m, k in entry.verdicts.items()} == results()
    assert (entry.stack, entry.measurements.total_loc) == ("node", 3)


@pytest.mark.parametrize(("digest", "context"), [("other", "c"), ("d", "other")])
def test_another_app_or_another_evaluator_finds_nothing(store: ArtifactStore, digest: str, context: str) -> None:
    cache = EvaluationCache(store)
    save(cache, results())
    assert cache.load(digest, context, EVIDENCE) is None


def test_an_unknown_is_never_kept(store: ArtifactStore) -> None:
    cache = EvaluationCache(store)
    save(cache, results() | {"tests_pass": unknown("tests_pass", "x")})
    entry = cache.load("d", "c", EVIDENCE)
    assert entry is not None
    assert set(entry.verdicts) == set(METRICS) - {"tests_pass"}


def test_a_changed_metric_alone_is_judged_again(store: ArtifactStore) -> None:
    save(EvaluationCache(store), results())
    changed = EvaluationCache(store, lambda m: "2" if m == "type_safety" else metric_version(m))
    entry = changed.load("d", "c", EVIDENCE)
    assert entry is not None
    assert set(entry.verdicts) == set(METRICS) - {"type_safety"}


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"stack": 1}', "\x00" * 50])
def test_an_entry_that_cannot_be_read_is_dropped(store: ArtifactStore, damage: str) -> None:
    cache = EvaluationCache(store)
    save(cache, results())
    uri = cache.uri("d", "c")
    store.write_text(uri, damage)
    assert cache.load("d", "c", EVIDENCE) is None
    assert not store.exists(uri)


def test_a_verdict_of_another_date_brings_its_evidence_along(store: ArtifactStore) -> None:
    cache = EvaluationCache(store)
    save(cache, results())
    later = "evidence/2026-02-02/g/app"
    entry = cache.load("d", "c", later)
    assert entry is not None
    assert entry.verdicts["build_success"].result.evidence["log"] == f"{later}/build.log"
    assert store.read_text(f"{later}/build.log") == "built"


def test_a_verdict_whose_evidence_is_gone_is_of_no_use(store: ArtifactStore) -> None:
    cache = EvaluationCache(store)
    save(cache, results())
    store.delete(EVIDENCE)
    assert cache.load("d", "c", "evidence/2026-02-02/g/app") is None


def test_a_failure_keeps_its_code(store: ArtifactStore) -> None:
    cache = EvaluationCache(store)
    save(cache, results() | {"tests_pass": failed("tests_pass", "no_tests", "none")})
    entry = cache.load("d", "c", EVIDENCE)
    assert entry is not None
    assert entry.verdicts["tests_pass"].result.failure_code == "no_tests"

"""Verdicts kept from earlier evaluations, by app digest × metric version × evaluator digest × sample-data
schema version.

An `unknown` is never kept. An entry that cannot be read is dropped and the app judged again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping

from pydantic import ValidationError

from eval_pipeline.evaluation.metrics import metric_version
from eval_pipeline.model import METRICS, Measurements, MetricResult, Outcome, Value
from eval_pipeline.storage.artifacts import ArtifactStore

FOLDER = "cache/evaluation"
_HERE = "{evidence}"


class Kept(Value):
    """One kept verdict with the version of the metric that gave it."""

    version: str
    result: MetricResult


class Entry(Value):
    """What is kept of one app. `evidence_uri` is where its evidence was written."""

    stack: str
    evidence_uri: str
    measurements: Measurements
    verdicts: dict[str, Kept]


class EvaluationCache:
    """Entries in an artifact store. `context` is what verdicts rest on besides the app: evaluator, sample data,
    prompt."""

    def __init__(self, store: ArtifactStore, version: Callable[[str], str] = metric_version) -> None:
        self._store = store
        self._version = version

    def uri(self, app_digest: str, context: str) -> str:
        key = hashlib.sha256(f"{app_digest}\0{context}".encode()).hexdigest()
        return f"{FOLDER}/{key[:2]}/{key}.json"

    def load(self, app_digest: str, context: str, evidence_uri: str) -> Entry | None:
        """The verdicts that still hold, their evidence under `evidence_uri`; None when there are none.

        Evidence of another date is copied; where it has been pruned, the entry is of no use.
        """
        uri = self.uri(app_digest, context)
        if not self._store.exists(uri):
            return None
        try:
            entry = Entry.model_validate_json(self._store.read_bytes(uri))
        except (ValidationError, OSError, ValueError):
            self._store.delete(uri)
            return None
        holding = {m: k for m, k in entry.verdicts.items() if m in METRICS and k.version == self._version(m)}
        if not holding or not self._bring_evidence(entry.evidence_uri, evidence_uri):
            return None
        placed = {m: k.model_copy(update={"result": _place(k.result, _HERE, evidence_uri)}) for m, k in holding.items()}
        return entry.model_copy(update={"verdicts": placed})

    def save(
        self,
        app_digest: str,
        context: str,
        stack: str,
        evidence_uri: str,
        results: Mapping[str, MetricResult],
        measurements: Measurements,
    ) -> None:
        verdicts = {
            m: Kept(version=self._version(m), result=_place(r, evidence_uri, _HERE))
            for m, r in results.items()
            if r.outcome is not Outcome.UNKNOWN
        }
        entry = Entry(stack=stack, evidence_uri=evidence_uri, measurements=measurements, verdicts=verdicts)
        self._store.write_text(self.uri(app_digest, context), entry.model_dump_json())

    def _bring_evidence(self, source: str, target: str) -> bool:
        if source == target or self._store.exists(target):
            return self._store.exists(target)
        if not self._store.exists(source):
            return False
        folder = self._store.path(target)
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._store.put_tree(self._store.path(source), target)
        except (OSError, shutil.Error):
            return False
        return True


def _place(result: MetricResult, old: str, new: str) -> MetricResult:
    """The result with the evidence folder's name changed, wherever a URI begins with it."""
    evidence = {
        k: new + v[len(old) :] if isinstance(v, str) and v.startswith(f"{old}/") else v
        for k, v in result.evidence.items()
    }
    return result.model_copy(update={"evidence": evidence})


def context_of(evaluator_digest: str, sample_schema_version: int, prompt_text: str) -> str:
    return json.dumps([evaluator_digest, sample_schema_version, prompt_text])

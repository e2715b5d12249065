"""Reads the committed archive into the nouns of model.py, its days counted back from a date that the caller gives.

What the data says is decided in make.py; reports, alerts and issues come out of it through the same code as real ones.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval_pipeline.model import (
    METRICS,
    AppEvaluation,
    Cohort,
    ControlVerdict,
    GeneratedApp,
    GenerationMetrics,
    Measurements,
    MetricResult,
    Outcome,
    Prompt,
)

SAMPLE_GENERATOR = "sample-made-up"
"""No real generator has this name, so no real cohort is replaced by the archive's or mixed with it."""

ARCHIVE = Path(__file__).with_name("archive.jsonl.gz")
EVALUATOR_VERSION = "made-up"
EVALUATOR_DIGEST = hashlib.sha256(b"made-up").hexdigest()
ISOLATION = "L3"


@dataclass(frozen=True)
class ArchiveDay:
    """One day. `logs` are the texts behind the evidence URIs, to be written to the artifact store."""

    date: str
    apps: tuple[tuple[GeneratedApp, AppEvaluation], ...]
    controls: tuple[ControlVerdict, ...]
    logs: dict[str, str]


def is_sample(generator: str) -> bool:
    """Whether a generator's rows are the archive's."""
    return generator == SAMPLE_GENERATOR


def load_archive(last_day: dt.date) -> list[ArchiveDay]:
    """The archive, oldest day first, ending at `last_day` (yesterday makes the best dashboard)."""
    with gzip.open(ARCHIVE, "rt", encoding="utf-8") as file:
        head, *lines = map(json.loads, file)
    prompts = {item["id"]: Prompt.model_validate(item) for item in head["prompts"]}
    days = []
    for age in range(head["days"] - 1, -1, -1):
        date = (last_day - dt.timedelta(days=age)).isoformat()
        today = [line for line in lines if line["age"] == age]
        cohort = Cohort(date=date, generator=SAMPLE_GENERATOR)
        days.append(
            ArchiveDay(
                date=date,
                apps=tuple(_app(line, cohort, prompts) for line in today if "prompt" in line),
                controls=tuple(ControlVerdict(**verdict) for line in today for verdict in line.get("controls", ())),
                logs={
                    _log_uri(cohort, line["app"], name): text
                    for line in today
                    for name, text in line.get("logs", {}).items()
                },
            )
        )
    return days


def _app(line: dict[str, Any], cohort: Cohort, prompts: dict[str, Prompt]) -> tuple[GeneratedApp, AppEvaluation]:
    start = dt.datetime.combine(dt.date.fromisoformat(cohort.date), dt.time(2, 0), dt.UTC)
    request = hashlib.sha256(f"{cohort}/{line['app']}".encode()).hexdigest()
    made = GeneratedApp(
        cohort=cohort,
        prompt=prompts[line["prompt"]],
        app_name=line["app"],
        status=line["status"],
        failure_code=line.get("failure_code"),
        reason=line.get("reason", ""),
        model="made-up-model",
        generator_version="1",
        generation_request_id=f"made-up-{request[:12]}",
        started_at=start.isoformat(),
        finished_at=(start + dt.timedelta(seconds=line["seconds"])).isoformat(),
        metrics=GenerationMetrics(**line["generation"]),
    )
    evaluation = AppEvaluation(
        app_name=line["app"],
        stack="trpc",
        digest=hashlib.sha256(request.encode()).hexdigest(),
        results={metric: _result(metric, line["results"][metric], cohort, line) for metric in METRICS},
        measurements=Measurements(**line["measurements"]),
        isolation=ISOLATION,
        evaluator_digest=EVALUATOR_DIGEST,
        seconds=round(sum(result["seconds"] for result in line["results"].values()), 2),
    )
    return made, evaluation


def _result(metric: str, fields: dict[str, Any], cohort: Cohort, line: dict[str, Any]) -> MetricResult:
    log = fields.get("log")
    return MetricResult(
        metric=metric,
        outcome=Outcome(fields["outcome"]),
        value=fields.get("value"),
        failure_code=fields.get("code"),
        reason=fields.get("reason", ""),
        seconds=fields["seconds"],
        evidence={"log": _log_uri(cohort, line["app"], log)} if log else {},
    )


def _log_uri(cohort: Cohort, app: str, name: str) -> str:
    return f"evidence/{cohort.folder}/{app}/{name}"

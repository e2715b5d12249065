"""Made-up apps, verdicts and reports for tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from eval_pipeline.model import (
    METRICS,
    SCORED_METRICS,
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
from eval_pipeline.reporting.build import build_report
from eval_pipeline.reporting.report import EvaluatorInfo, Report
from eval_pipeline.settings import DEFAULT_WEIGHTS

DATE = "2026-11-21"
COHORT = Cohort(date=DATE, generator="template")
NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
EVALUATOR = EvaluatorInfo(
    version="0.1.0", digest="e" * 64, isolation="L3", resources={"cores": 2}, tools={"node": "20.20.2"}
)
RIGHT_CONTROL = ControlVerdict(
    control="good", metric="build_success", expected=Outcome.PASS, given=Outcome.PASS, reason=""
)
WRONG_CONTROL = ControlVerdict(
    control="blank-page",
    metric="ui_renders",
    expected=Outcome.FAIL,
    given=Outcome.PASS,
    reason="rendered | <b>something</b>",
)

Spec = Mapping[str, str | None]
"""What is not a pass, by metric: a failure code, "unknown", "not_applicable"."""


def result(metric: str, code: str | None, reason: str = "as seen") -> MetricResult:
    top = 5.0 if metric in SCORED_METRICS else 1.0
    if code is None:
        return MetricResult(metric=metric, outcome=Outcome.PASS, value=top, seconds=0.5)
    if code in ("unknown", "not_applicable"):
        return MetricResult(metric=metric, outcome=Outcome(code), reason=reason)
    return MetricResult(metric=metric, outcome=Outcome.FAIL, value=0.0, failure_code=code, reason=reason)


def app(
    name: str,
    spec: Spec | None = None,
    *,
    cohort: Cohort = COHORT,
    reason: str = "as seen",
    cached: bool = False,
    **changes: Any,
) -> tuple[GeneratedApp, AppEvaluation]:
    """One app with its evaluation; every metric passes but those of `spec`."""
    spec = spec or {}
    fields: dict[str, Any] = {
        "cohort": cohort,
        "prompt": Prompt(
            id=f"p-{name}",
            text=f"Show {name} by hour",
            category="taxi",
            complexity="simple",
            panel=True,
            datasets=("samples.nyctaxi.trips",),
        ),
        "app_name": name,
        "status": "generated",
        "app_uri": f"apps/{cohort.folder}/{name}",
        "generator_version": "1",
        "generation_request_id": f"r-{name}",
        "trace_id": "tr-" + "a" * 32,
        "metrics": GenerationMetrics(
            cost_usd=0.5, input_tokens=1000, output_tokens=500, cache_read_tokens=0, turns=3, validation_runs=1
        ),
    } | changes
    if fields["status"] != "generated":
        fields["app_uri"] = None
    results = {metric: result(metric, spec.get(metric), reason) for metric in METRICS}
    evaluation = AppEvaluation(
        app_name=name,
        stack="trpc",
        digest="d" * 64,
        results=results,
        measurements=Measurements(total_loc=900, build_time_sec=1.5, startup_time_sec=0.2, test_coverage_pct=81.5),
        isolation="L3",
        evaluator_digest="e" * 64,
        cached=cached,
        seconds=2.5,
    )
    return GeneratedApp(**fields), evaluation


def failed_generation(name: str, code: str = "model_refused", **changes: Any) -> tuple[GeneratedApp, AppEvaluation]:
    return app(
        name, dict.fromkeys(METRICS, "not_generated"), status="failed", failure_code=code, reason="no app", **changes
    )


def not_tried(name: str, **changes: Any) -> tuple[GeneratedApp, AppEvaluation]:
    return app(
        name,
        dict.fromkeys(METRICS, "unknown"),
        status="not_tried",
        failure_code="budget",
        metrics=GenerationMetrics(),
        **changes,
    )


def report(
    apps: Sequence[tuple[GeneratedApp, AppEvaluation]] | None = None,
    *,
    date: str = DATE,
    controls: Sequence[ControlVerdict] = (RIGHT_CONTROL,),
    headline: Cohort | None = None,
    run_id: str = "run-1",
    timestamp: dt.datetime | None = None,
) -> Report:
    headline = headline or Cohort(date=date, generator="template")
    if apps is None:
        apps = [app("fares", cohort=headline), app("tips", {"tests_pass": "tests_failed"}, cohort=headline)]
    return build_report(
        date,
        headline,
        apps,
        controls,
        EVALUATOR,
        DEFAULT_WEIGHTS,
        evaluation_run_id=run_id,
        timestamp=timestamp or dt.datetime.combine(dt.date.fromisoformat(date), dt.time(12), dt.UTC),
    )


HOSTILE = (
    "<img src=x onerror=alert(1)> | [x](javascript:1) @team #1 `code` **b**\x1b[31m\x1b]0;t\x07\u202e www.evil.test"
)

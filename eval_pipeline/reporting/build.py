"""From judged apps to the day's report.

Pure: run id and time are given, so that the same input gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from eval_pipeline.evaluation.scores import appeval_100, appeval_100_gm, eff_units, success
from eval_pipeline.model import (
    BINARY_METRICS,
    MAX_SCORE,
    METRICS,
    SCORED_METRICS,
    AppEvaluation,
    Cohort,
    ControlVerdict,
    EvaluatorError,
    GeneratedApp,
    InputError,
    MetricResult,
    Outcome,
)
from eval_pipeline.reporting.report import (
    AppMetrics,
    AppReport,
    CommonIssue,
    EvaluatorInfo,
    Issue,
    QualityDistribution,
    Report,
    Summary,
)
from eval_pipeline.reporting.statistics import Average, average, rate, total
from eval_pipeline.reporting.trust import Crossover, Flakiness, judge_controls
from eval_pipeline.text import clip, plain

NOT_GENERATED = "not_generated"
GENERATION = "generation"

_TEXT_LIMIT = 4000
_PROMPT_LIMIT = 20_000
_ITEM_LIMIT = 200


def build_report(
    date: str,
    headline_cohort: Cohort,
    apps: Sequence[tuple[GeneratedApp, AppEvaluation]],
    controls: Sequence[ControlVerdict],
    evaluator: EvaluatorInfo,
    weights: Mapping[str, float],
    *,
    evaluation_run_id: str,
    timestamp: dt.datetime,
    controls_seconds: float | None = None,
    flakiness: Flakiness | None = None,
    crossover: Crossover | None = None,
) -> Report:
    """The report of one day.

    Args:
        date: the day, YYYY-MM-DD.
        headline_cohort: the cohort that `summary` is about; one without apps has n = 0 everywhere.
        apps: every app of the day with its evaluation, in any order.
        controls: every control verdict of the batch.
        evaluator: what judged.
        weights: weights of appeval_100 by metric.
        evaluation_run_id: id of the run that judged.
        timestamp: when it was judged, with a time zone.
        controls_seconds: wall time of the controls.
        flakiness: flip rates of the window that ends with the day.
        crossover: the split of the change since the last judged day, when the evaluator changed.

    Raises:
        InputError: an app stands twice in its cohort.
        EvaluatorError: an app and its evaluation do not belong together.
    """
    rows = sorted(
        (_app_report(app, evaluation, weights) for app, evaluation in apps),
        key=lambda row: (row.cohort, row.prompt_id, row.app_name),
    )
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if (row.cohort, row.app_name) in seen:
            raise InputError(f"app {row.app_name!r} stands twice in cohort {row.cohort}; rename one of them")
        seen.add((row.cohort, row.app_name))
    cohorts = {str(headline_cohort), *(row.cohort for row in rows)}
    summaries = {cohort: summarize([row for row in rows if row.cohort == cohort]) for cohort in sorted(cohorts)}
    return Report(
        evaluation_run_id=evaluation_run_id,
        timestamp=timestamp.astimezone(dt.UTC),
        date=date,
        evaluator=evaluator,
        controls=judge_controls(controls, {row.stack for row in rows}, controls_seconds),
        flakiness=flakiness,
        crossover=crossover,
        headline_cohort=str(headline_cohort),
        summary=summaries[str(headline_cohort)],
        summaries=summaries,
        apps=tuple(rows),
    )


def summarize(rows: Sequence[AppReport]) -> Summary:
    """The figures of one cohort's apps."""
    # What was not tried cost nothing, whether or not anyone wrote a 0.
    tried = [row for row in rows if row.status != "not_tried"]
    cost = total(row.generation_metrics.cost_usd for row in tried)
    tokens = total(_tokens(row) for row in tried)
    scores = [row.metrics for row in rows]
    older = [row.appeval_100_gm for row in scores]
    efforts = [row.metrics.eff_units for row in tried]
    scored, open_scores, without = [], [], 0
    for row in scores:
        if row.appeval_100 is not None:
            scored.append(row.appeval_100)
        elif row.appeval_100_low is not None:
            open_scores.append((row.appeval_100_low, row.appeval_100_high))
        else:
            without += 1
    return Summary(
        total_apps=len(rows),
        generation_failures=sum(row.status == "failed" for row in rows),
        not_tried=len(rows) - len(tried),
        avg_appeval_100=average(scored, open_scores, not_applicable=without, scale=(0, 100)),
        avg_appeval_100_gm=average(
            [value for value in older if value is not None], [(0, 100)] * older.count(None), scale=(0, 100)
        ),
        avg_eff_units=average(
            [value for value in efforts if value is not None],
            [(0, None)] * efforts.count(None),
            not_applicable=len(rows) - len(tried),
        ),
        success_rate=rate(_success_outcome(row) for row in rows),
        **{  # pyright: ignore[reportArgumentType]
            f"{metric}_rate": rate(row.outcomes[metric].outcome for row in rows) for metric in BINARY_METRICS
        },
        **{f"avg_{metric}": _average_score(rows, metric) for metric in SCORED_METRICS},  # pyright: ignore[reportArgumentType]
        total_cost_usd=cost.value,
        cost_unknown=cost.n_unknown,
        total_tokens=None if tokens.value is None else int(tokens.value),
        tokens_unknown=tokens.n_unknown,
        quality_distribution=_quality(rows),
        common_issues=_common_issues(rows),
    )


def without_metrics(report: Report, metrics: Collection[str], weights: Mapping[str, float]) -> Report:
    """The report as it would be if these metrics applied to no app: scores and rates rest on the others."""
    if not metrics:
        return report
    rows = tuple(_without(row, metrics, weights) for row in report.apps)
    summaries = {name: summarize([row for row in rows if row.cohort == name]) for name in report.summaries}
    return report.model_copy(
        update={"apps": rows, "summaries": summaries, "summary": summaries[report.headline_cohort]}
    )


def _without(row: AppReport, metrics: Collection[str], weights: Mapping[str, float]) -> AppReport:
    left_out = {metric: MetricResult(metric=metric, outcome=Outcome.NOT_APPLICABLE) for metric in metrics}
    outcomes = {**row.outcomes, **left_out}
    score = appeval_100(outcomes, weights)
    figures = {
        **dict.fromkeys(metrics),
        "success": success(outcomes),
        "appeval_100": score.value,
        "appeval_100_low": score.low,
        "appeval_100_high": score.high,
        "appeval_100_gm": appeval_100_gm(outcomes),
    }
    return row.model_copy(
        update={
            "outcomes": outcomes,
            "metrics": row.metrics.model_copy(update=figures),
            "issues": tuple(issue for issue in row.issues if issue.metric not in metrics),
        }
    )


def _app_report(app: GeneratedApp, evaluation: AppEvaluation, weights: Mapping[str, float]) -> AppReport:
    if app.app_name != evaluation.app_name:
        raise EvaluatorError(f"app {app.app_name!r} was given the evaluation of {evaluation.app_name!r}")
    results = evaluation.results
    score = appeval_100(results, weights)
    made = app.status == "generated"
    return AppReport(
        app_name=app.app_name,
        cohort=str(app.cohort),
        status=app.status,
        app_uri=app.app_uri,
        app_dir=f"apps/{app.cohort.folder}/{app.app_name}" if made else None,
        prompt_id=app.prompt.id,
        prompt=_text(app.prompt.text, _PROMPT_LIMIT),
        stack=evaluation.stack,
        generator=app.cohort.generator,
        generator_version=app.generator_version,
        model=app.model,
        trace_id=app.trace_id,
        generation_request_id=app.generation_request_id,
        digest=evaluation.digest,
        cached=evaluation.cached,
        metrics=AppMetrics(
            **{metric: _as_bool(results[metric].outcome) for metric in BINARY_METRICS},  # pyright: ignore[reportArgumentType]
            **{metric: results[metric].value for metric in SCORED_METRICS},  # pyright: ignore[reportArgumentType]
            success=success(results),
            appeval_100=score.value,
            appeval_100_low=score.low,
            appeval_100_high=score.high,
            appeval_100_gm=appeval_100_gm(results),
            eff_units=eff_units(app.metrics),
            **evaluation.measurements.model_dump(),
        ),
        outcomes={metric: _shown(results[metric]) for metric in METRICS},
        issues=tuple(
            Issue(metric=metric, failure_code=result.failure_code or "unspecified", reason=_text(result.reason))
            for metric, result in ((metric, results[metric]) for metric in METRICS)
            if result.outcome is Outcome.FAIL
        ),
        generation_failure=None
        if made
        else Issue(metric=GENERATION, failure_code=app.failure_code or NOT_GENERATED, reason=_text(app.reason)),
        generation_metrics=app.metrics,
    )


def _tokens(row: AppReport) -> int | None:
    """Input and output tokens; None unless both are known."""
    figures = row.generation_metrics
    if figures.input_tokens is None or figures.output_tokens is None:
        return None
    return figures.input_tokens + figures.output_tokens


def _average_score(rows: Iterable[AppReport], metric: str) -> Average:
    results = [row.outcomes[metric] for row in rows]
    applicable = [result for result in results if result.outcome is not Outcome.NOT_APPLICABLE]
    known = [r.value or 0.0 for r in applicable if r.outcome is not Outcome.UNKNOWN]
    return average(
        known,
        [(0, MAX_SCORE)] * (len(applicable) - len(known)),
        not_applicable=len(results) - len(applicable),
        scale=(0, MAX_SCORE),
    )


def _quality(rows: Iterable[AppReport]) -> QualityDistribution:
    bands: dict[str, list[str]] = {name: [] for name in QualityDistribution.model_fields}
    for row in rows:
        unknown = sum(result.outcome is Outcome.UNKNOWN for result in row.outcomes.values())
        lightest, heaviest = _band(len(row.issues)), _band(len(row.issues) + unknown)
        if row.status == "failed":
            lightest = heaviest = "poor"
        bands[lightest if lightest == heaviest else "unknown"].append(row.app_name)
    return QualityDistribution(**{name: tuple(sorted(names)) for name, names in bands.items()})


def _band(issues: int) -> str:
    return "excellent" if issues == 0 else "good" if issues <= 2 else "fair" if issues <= 4 else "poor"


def _common_issues(rows: Iterable[AppReport]) -> tuple[CommonIssue, ...]:
    """Failures by metric and code. A generation that failed is one failure, not nine."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        issues: Iterable[Issue] = row.issues
        if row.status == "failed" and row.generation_failure:
            issues = [row.generation_failure]
        for issue in issues:
            if not issue.failure_code.startswith("blocked_by:"):
                found.setdefault((issue.metric, issue.failure_code), []).append(row.app_name)
    order = (GENERATION, *METRICS)
    return tuple(
        CommonIssue(failure_code=code, metric=metric, count=len(names), app_names=tuple(sorted(names)))
        for (metric, code), names in sorted(
            found.items(), key=lambda item: (-len(item[1]), order.index(item[0][0]), item[0][1])
        )
    )


def _as_bool(outcome: Outcome) -> bool | None:
    return {Outcome.PASS: True, Outcome.FAIL: False}.get(outcome)


def _success_outcome(row: AppReport) -> Outcome:
    """`success` as an outcome; with no binary metric applicable it has no meaning."""
    if row.metrics.success is not None:
        return Outcome.PASS if row.metrics.success else Outcome.FAIL
    applicable = any(row.outcomes[metric].outcome is not Outcome.NOT_APPLICABLE for metric in BINARY_METRICS)
    return Outcome.UNKNOWN if applicable else Outcome.NOT_APPLICABLE


def _shown(result: MetricResult) -> MetricResult:
    """The result with its texts, which came out of the app, made fit for JSON and bounded."""
    return result.model_copy(update={"reason": _text(result.reason), "evidence": _plain_json(result.evidence)})


def _text(text: str, limit: int = _TEXT_LIMIT) -> str:
    return clip(plain(text), limit)


def _plain_json(value: Any) -> Any:
    """Any value as JSON can hold it: finite numbers, plain bounded strings, string keys."""
    if isinstance(value, Mapping):
        items = list(value.items())
        kept = {_text(str(key)): _plain_json(item) for key, item in items[:_ITEM_LIMIT]}
        return kept | ({"…": f"{len(items) - _ITEM_LIMIT} more"} if len(items) > _ITEM_LIMIT else {})
    if isinstance(value, list | tuple | set | frozenset):
        items = list(value)
        more = [f"… {len(items) - _ITEM_LIMIT} more"] if len(items) > _ITEM_LIMIT else []
        return [_plain_json(item) for item in items[:_ITEM_LIMIT]] + more
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool | int | None) else _text(str(value))

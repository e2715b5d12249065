"""Between the nouns of model.py and table rows, both ways.

Rows are dicts with plain Python values and None for null; frames are made from them only at the edge.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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
from eval_pipeline.storage.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]


def frame(name: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a DataFrame with the columns of table `name`."""
    import pandas as pd

    columns = TABLES[name].column_names
    return pd.DataFrame([dict(row) for row in rows], columns=None if rows else columns)


def records(rows: pd.DataFrame) -> list[Row]:
    """A frame's rows with plain Python values, None for null."""
    import pandas as pd

    return [
        {
            str(key): None if pd.isna(value) else getattr(value, "item", lambda v=value: v)()
            for key, value in row.items()
        }
        for row in rows.to_dict("records")
    ]


def prompt_row(prompt: Prompt) -> Row:
    row = prompt.model_dump(mode="json", exclude={"id"})
    return {"prompt_id": prompt.id, **row, "datasets": json.dumps(list(prompt.datasets))}


def prompt_of(row: Mapping[str, Any]) -> Prompt:
    return Prompt(
        id=row["prompt_id"],
        text=row["text"],
        category=row["category"],
        complexity=row["complexity"],
        panel=bool(row["panel"]),
        datasets=tuple(json.loads(row["datasets"] or "[]")),
    )


def _cohort_row(cohort: Cohort) -> Row:
    return {"date": cohort.date, "generator": cohort.generator, "repeat": cohort.repeat}


def cohort_of(row: Mapping[str, Any]) -> Cohort:
    return Cohort(date=row["date"], generator=row["generator"], repeat=int(row["repeat"]))


_APP_FIELDS = (
    "app_name",
    "status",
    "app_uri",
    "failure_code",
    "reason",
    "model",
    "generator_version",
    "generation_request_id",
    "trace_id",
    "started_at",
    "finished_at",
)


def app_row(app: GeneratedApp) -> Row:
    """A row of `generated_apps`, without the prompt set's identity."""
    return {
        **_cohort_row(app.cohort),
        **prompt_row(app.prompt),
        **{name: getattr(app, name) for name in _APP_FIELDS},
        **app.metrics.model_dump(),
    }


def app_of(row: Mapping[str, Any]) -> GeneratedApp:
    fields = {name: row[name] for name in _APP_FIELDS if row[name] is not None}
    return GeneratedApp(
        cohort=cohort_of(row),
        prompt=prompt_of(row),
        metrics=GenerationMetrics(**{name: row[name] for name in GenerationMetrics.model_fields}),
        **fields,
    )


def evaluation_rows(app: GeneratedApp, evaluation: AppEvaluation) -> list[Row]:
    """Nine rows of `app_evaluations`; what belongs to the app as a whole is repeated in each."""
    return [
        {
            **_cohort_row(app.cohort),
            "prompt_id": app.prompt.id,
            "app_name": app.app_name,
            **result.model_dump(mode="json", exclude={"evidence"}),
            "evidence": json.dumps(result.evidence, sort_keys=True, default=str),
            "stack": evaluation.stack,
            "digest": evaluation.digest,
            "cached": evaluation.cached,
            "isolation": evaluation.isolation,
            "evaluator_digest": evaluation.evaluator_digest,
            "app_seconds": evaluation.seconds,
            **evaluation.measurements.model_dump(),
        }
        for result in (evaluation.results[metric] for metric in METRICS)
    ]


def evaluations_of(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[Cohort, str], AppEvaluation]:
    """Evaluations by (cohort, prompt id) out of rows of `app_evaluations`."""
    grouped: dict[tuple[Cohort, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((cohort_of(row), row["prompt_id"]), []).append(row)
    return {key: _evaluation_of(group) for key, group in grouped.items()}


def _evaluation_of(rows: Sequence[Mapping[str, Any]]) -> AppEvaluation:
    first = rows[0]
    results = {
        row["metric"]: MetricResult(
            metric=row["metric"],
            outcome=row["outcome"],
            value=row["value"],
            failure_code=row["failure_code"],
            reason=row["reason"] or "",
            seconds=row["seconds"] or 0.0,
            evidence=json.loads(row["evidence"] or "{}"),
        )
        for row in rows
    }
    return AppEvaluation(
        app_name=first["app_name"],
        stack=first["stack"],
        digest=first["digest"],
        results=results,
        measurements=Measurements(**{name: first[name] for name in Measurements.model_fields}),
        isolation=first["isolation"],
        evaluator_digest=first["evaluator_digest"],
        cached=bool(first["cached"]),
        seconds=first["app_seconds"] or 0.0,
    )


def control_row(date: str, verdict: ControlVerdict) -> Row:
    """A row of `evaluator_controls`, without the evaluator's identity."""
    return {"date": date, "is_right": verdict.is_right, **verdict.model_dump(mode="json")}


def flakiness_rows(date: str, pairs: Iterable[tuple[GeneratedApp, AppEvaluation, AppEvaluation]]) -> list[Row]:
    """Rows of `evaluator_flakiness` for apps with their first and second evaluation."""
    rows: list[Row] = []
    for app, first, second in pairs:
        for metric in METRICS:
            one, two = first.results[metric], second.results[metric]
            is_known = Outcome.UNKNOWN not in (one.outcome, two.outcome)
            rows.append(
                {
                    **_cohort_row(app.cohort),
                    "date": date,
                    "prompt_id": app.prompt.id,
                    "app_name": app.app_name,
                    "metric": metric,
                    "first": one.outcome.value,
                    "second": two.outcome.value,
                    "flipped": is_known and (one.outcome, one.value) != (two.outcome, two.value),
                    "first_code": one.failure_code,
                    "second_code": two.failure_code,
                    "first_value": one.value,
                    "second_value": two.value,
                    "was_cached": first.cached,
                    "digest": first.digest,
                    "evaluator_digest": second.evaluator_digest,
                    "seconds": second.seconds,
                }
            )
    return rows


def crossover_rows(
    date: str,
    pairs: Iterable[tuple[GeneratedApp, AppEvaluation, AppEvaluation]],
    digests: tuple[str, str],
    seconds: float,
) -> list[Row]:
    """Rows of `evaluator_crossovers` for earlier apps with their evaluation then and now, `digests` likewise."""
    return [
        {
            **_cohort_row(app.cohort),
            "date": date,
            "previous_date": app.cohort.date,
            "prompt_id": app.prompt.id,
            "app_name": app.app_name,
            "metric": metric,
            "outcome_then": then.results[metric].outcome.value,
            "outcome_now": now.results[metric].outcome.value,
            "value_then": then.results[metric].value,
            "value_now": now.results[metric].value,
            "code_then": then.results[metric].failure_code,
            "code_now": now.results[metric].failure_code,
            "digest_then": digests[0],
            "digest_now": digests[1],
            "digest": now.digest,
            "batch_seconds": seconds,
        }
        for app, then, now in pairs
        for metric in METRICS
    ]


def control_of(row: Mapping[str, Any]) -> ControlVerdict:
    return ControlVerdict(**{name: row[name] for name in ControlVerdict.model_fields if row.get(name) is not None})

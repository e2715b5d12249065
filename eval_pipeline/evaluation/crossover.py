"""The last judged day's apps, to be judged again when today's evaluator is another one than that day's.

Here the day and its apps are found; what the two judgements say about agent and evaluator is in reporting/trust.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from eval_pipeline.model import AppEvaluation, Cohort, GeneratedApp, Outcome
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import app_of, evaluations_of, records
from eval_pipeline.storage.tables import TableStore

MAX_APPS = 10
LOOK_BACK_DAYS = 7


@dataclass(frozen=True)
class EarlierDay:
    """A judged day's apps with their verdicts of then; `digest` is of the evaluator that gave them."""

    date: str
    digest: str
    judged: tuple[tuple[GeneratedApp, AppEvaluation], ...]


def day_to_judge_again(
    headline: Cohort, digest: str, prompt_ids: Collection[str], tables: TableStore, store: ArtifactStore
) -> EarlierDay | None:
    """The last day before the headline cohort's whose verdicts count, if another evaluator gave them.

    Args:
        headline: The day's headline cohort; the earlier day's cohort is of the same generator and repeat.
        digest: Of the day's evaluator.
        prompt_ids: Of the headline cohort; apps of these come first, then the panel's, at most MAX_APPS.
        tables: For the earlier day's controls, apps and verdicts.
        store: Apps whose sources are gone cannot be judged again.

    Returns:
        None when the evaluator is the same, or no day of the last LOOK_BACK_DAYS has verdicts that count.
    """
    today = dt.date.fromisoformat(headline.date)
    dates = [(today - dt.timedelta(days=age)).isoformat() for age in range(1, LOOK_BACK_DAYS + 1)]
    controls = records(tables.read("evaluator_controls", dates))
    for date in dates:
        of_date = [row for row in controls if row["date"] == date]
        is_quarantined = any(not row["is_right"] and row["given"] != Outcome.UNKNOWN for row in of_date)
        if not of_date or is_quarantined:
            continue
        cohort = headline.model_copy(update={"date": date})
        judged = _judged(cohort, tables)
        if not judged:
            continue
        then = of_date[0]["evaluator_digest"]
        if then == digest:
            return None
        there = [pair for pair in judged if _can_be_judged(pair[0], store)]
        there.sort(key=lambda pair: (pair[0].prompt.id not in prompt_ids, not pair[0].prompt.panel, pair[0].prompt.id))
        return EarlierDay(date, then, tuple(there[:MAX_APPS])) if there else None
    return None


def _judged(cohort: Cohort, tables: TableStore) -> list[tuple[GeneratedApp, AppEvaluation]]:
    apps = [app_of(row) for row in records(tables.read("generated_apps", [cohort.date]))]
    evaluations = evaluations_of(records(tables.read("app_evaluations", [cohort.date])))
    return [
        (app, evaluations[app.cohort, app.prompt.id])
        for app in apps
        if app.cohort == cohort and (app.cohort, app.prompt.id) in evaluations
    ]


def _can_be_judged(app: GeneratedApp, store: ArtifactStore) -> bool:
    """A failed generation fails under every evaluator, and counts; what was not tried says nothing."""
    if app.status == "generated":
        return app.app_uri is not None and store.exists(app.app_uri)
    return app.status == "failed"

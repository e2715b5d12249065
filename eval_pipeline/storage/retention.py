"""Retention: what `eval-pipeline prune` removes. Reports, the time series and what was published stay."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.tables import TableStore

DATED_FOLDERS = ("apps", "evidence")
PRUNED_TABLES = (
    "daily_prompts",
    "generated_apps",
    "app_evaluations",
    "evaluator_controls",
    "evaluator_flakiness",
    "evaluator_crossovers",
)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Pruned:
    """`folders` are store URIs; `rows` counts by table."""

    before: str
    folders: tuple[str, ...]
    rows: dict[str, int]


def prune(store: ArtifactStore, tables: TableStore, today: dt.date, keep_days: int, dry_run: bool) -> Pruned:
    """Removes apps, evidence and their rows of dates more than `keep_days` days before `today`."""
    before = (today - dt.timedelta(days=keep_days)).isoformat()
    folders = tuple(
        f"{top}/{name}" for top in DATED_FOLDERS for name in store.list(top) if _DATE.fullmatch(name) and name < before
    )
    rows = {name: _count_before(tables, name, before) for name in PRUNED_TABLES}
    if not dry_run:
        for uri in folders:
            store.delete(uri)
        for name in PRUNED_TABLES:
            tables.delete_before(name, before)
    return Pruned(before, folders, rows)


def _count_before(tables: TableStore, name: str, date: str) -> int:
    return sum(found < date for found in tables.read(name)["date"])

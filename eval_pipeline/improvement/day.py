"""The window's patterns from the tables, and issue files from patterns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from eval_pipeline.improvement.issues import improvement_issues
from eval_pipeline.improvement.patterns import failure_patterns
from eval_pipeline.model import Outcome
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import records
from eval_pipeline.storage.tables import TableStore


def find_patterns(settings: Settings, tables: TableStore) -> list[dict[str, Any]]:
    """Rows of `failure_patterns` over the `pattern_window_days` days that end with the newest judged one."""
    dates = tables.dates("app_evaluations")
    if not dates:
        return []
    newest = dt.date.fromisoformat(dates[-1])
    first = (newest - dt.timedelta(days=settings.pattern_window_days - 1)).isoformat()
    window = [date for date in dates if date >= first]
    controls = records(tables.read("evaluator_controls", window))
    return failure_patterns(
        records(tables.read("app_evaluations", window)),
        records(tables.read("generated_apps", window)),
        untrusted_dates={row["date"] for row in controls if not row["is_right"] and row["given"] != Outcome.UNKNOWN},
    )


def file_issues(
    patterns: Iterable[Mapping[str, Any]], settings: Settings, store: ArtifactStore
) -> list[dict[str, Any]]:
    """Rows of `improvement_issues`; the files are under HOME/outbox/issues."""
    return improvement_issues(
        patterns,
        settings.home / "outbox" / "issues",
        store,
        settings.issue_min_apps,
        settings.secret_values(),
    )

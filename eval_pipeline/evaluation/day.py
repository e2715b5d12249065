"""One date's batch: every app of the date's cohorts, and the controls that say whether the batch counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval_pipeline import __version__
from eval_pipeline.evaluation.batch import NOT_TRIED, AppUnderTest, Evaluator
from eval_pipeline.model import METRICS, AppEvaluation, ControlVerdict, GeneratedApp, Outcome
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import Row, control_row, evaluation_rows

TRUSTED_GENERATORS = frozenset({"template"})
"""Whose apps are our own code and may run where there is no sandbox."""


@dataclass(frozen=True)
class JudgedDay:
    """What a batch gave."""

    date: str
    apps: tuple[GeneratedApp, ...]
    evaluations: tuple[AppEvaluation, ...]
    controls: tuple[ControlVerdict, ...]
    isolation: str
    digest: str
    tools: dict[str, str]

    @property
    def cached(self) -> int:
        return sum(evaluation.cached for evaluation in self.evaluations)

    @property
    def controls_right(self) -> int:
        return sum(control.is_right for control in self.controls)

    def outcome_counts(self) -> list[tuple[str, int, int, int, int]]:
        """(metric, pass, fail, unknown, not applicable) for each metric."""
        counted = {name: Counter(e.results[name].outcome for e in self.evaluations) for name in METRICS}
        order = (Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE)
        return [(name, *(counted[name][outcome] for outcome in order)) for name in METRICS]  # pyright: ignore[reportReturnType]

    def evaluation_rows(self) -> list[Row]:
        """Rows of `app_evaluations`."""
        pairs = zip(self.apps, self.evaluations, strict=True)
        return [row for app, evaluation in pairs for row in evaluation_rows(app, evaluation)]

    def control_rows(self) -> list[Row]:
        """Rows of `evaluator_controls`."""
        identity = {
            "isolation": self.isolation,
            "evaluator_digest": self.digest,
            "evaluator_version": __version__,
            "tools": json.dumps(self.tools, sort_keys=True),
        }
        return [control_row(self.date, control) | identity for control in self.controls]


def judge_day(
    evaluator: Evaluator,
    date: str,
    apps: Sequence[GeneratedApp],
    store: ArtifactStore,
    *,
    parallel: int,
    timeout_seconds: float,
    use_cache: bool,
    advance: Callable[[str, int, int], None],
) -> JudgedDay:
    """Judges every app of the date, then the date's controls.

    Args:
        apps: all rows of the date, of every cohort; failed generations get their verdicts too. Cohorts whose
            sources are not in the store any more keep the verdicts they have.
        advance: called with (app and how it did, done, total) after each app.
    """
    done = 0
    apps = _judgeable(apps)

    def report(evaluation: AppEvaluation) -> None:
        nonlocal done
        done += 1
        advance(_in_words(evaluation), done, len(apps))

    evaluations = evaluator.evaluate(
        [_under_test(app, store) for app in apps],
        parallel=parallel,
        timeout_seconds=timeout_seconds,
        use_cache=use_cache,
        progress=report,
    )
    return JudgedDay(
        date=date,
        apps=tuple(apps),
        evaluations=tuple(evaluations),
        controls=tuple(evaluator.run_controls(date)),
        isolation=evaluator.isolation,
        digest=evaluator.digest,
        tools=evaluator.tools,
    )


def _judgeable(apps: Sequence[GeneratedApp]) -> list[GeneratedApp]:
    gone = {app.cohort for app in apps if app.status == "generated" and app.app_uri is None}
    return [app for app in apps if app.cohort not in gone]


def _under_test(app: GeneratedApp, store: ArtifactStore) -> AppUnderTest:
    is_there = app.status == "generated" and app.app_uri is not None
    return AppUnderTest(
        name=app.app_name,
        tree=store.path(app.app_uri or "apps"),
        evidence_uri=f"evidence/{app.cohort.folder}/{app.app_name}",
        prompt=app.prompt,
        trusted=app.cohort.generator in TRUSTED_GENERATORS,
        not_generated=None if is_there else _why_not(app),
    )


def _why_not(app: GeneratedApp) -> tuple[str, str]:
    if app.status == "not_tried":
        return NOT_TRIED, f"{app.failure_code}: {app.reason}"
    return app.failure_code or app.status, app.reason


def _in_words(evaluation: AppEvaluation) -> str:
    failed = [name for name, result in evaluation.results.items() if result.outcome is Outcome.FAIL]
    unknown = [name for name, result in evaluation.results.items() if result.outcome is Outcome.UNKNOWN]
    words = f"fails {', '.join(failed)}" if failed else "unknown " + ", ".join(unknown) if unknown else "passes"
    return f"{evaluation.app_name}: {words}" + (" (unchanged)" if evaluation.cached else "")

"""One date's batch: every app of the date's cohorts, and what says whether their verdicts can be trusted: controls,
second judgements, and the last judged day under this evaluator."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval_pipeline import __version__
from eval_pipeline.evaluation.batch import NOT_TRIED, AppUnderTest, Evaluator
from eval_pipeline.evaluation.controls import JudgedControls
from eval_pipeline.evaluation.crossover import EarlierDay, day_to_judge_again
from eval_pipeline.evaluation.flakiness import draw_apps
from eval_pipeline.model import METRICS, AppEvaluation, GeneratedApp, Outcome
from eval_pipeline.reporting.day import headline_cohort
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.rows import Row, control_row, crossover_rows, evaluation_rows, flakiness_rows
from eval_pipeline.storage.tables import TableStore

TRUSTED_GENERATORS = frozenset({"template"})
"""Whose apps are our own code and may run where there is no sandbox."""


@dataclass(frozen=True)
class SecondLook:
    """An app with its verdict and the one that a second judgement gave, under the same or another evaluator."""

    app: GeneratedApp
    first: AppEvaluation
    second: AppEvaluation


@dataclass(frozen=True)
class JudgedDay:
    """What a batch gave. Seconds are wall time."""

    date: str
    apps: tuple[GeneratedApp, ...]
    evaluations: tuple[AppEvaluation, ...]
    apps_seconds: float
    controls: JudgedControls
    twice: tuple[SecondLook, ...]
    earlier: EarlierDay | None
    earlier_again: tuple[AppEvaluation, ...]
    earlier_seconds: float
    isolation: str
    digest: str
    tools: dict[str, str]

    @property
    def cached(self) -> int:
        return sum(evaluation.cached for evaluation in self.evaluations)

    @property
    def controls_right(self) -> int:
        return sum(verdict.is_right for verdict in self.controls.verdicts)

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
        return [
            control_row(self.date, verdict)
            | identity
            | {"seconds": self.controls.seconds_of[verdict.control], "batch_seconds": self.controls.seconds}
            for verdict in self.controls.verdicts
        ]

    def flakiness_rows(self) -> list[Row]:
        """Rows of `evaluator_flakiness`."""
        return flakiness_rows(self.date, [(look.app, look.first, look.second) for look in self.twice])

    def crossover_rows(self) -> list[Row]:
        """Rows of `evaluator_crossovers`."""
        if self.earlier is None:
            return []
        looks = [(app, then, now) for (app, then), now in zip(self.earlier.judged, self.earlier_again, strict=True)]
        return crossover_rows(self.date, looks, (self.earlier.digest, self.digest), self.earlier_seconds)


def judge_day(
    evaluator: Evaluator,
    date: str,
    apps: Sequence[GeneratedApp],
    settings: Settings,
    store: ArtifactStore,
    tables: TableStore,
    *,
    parallel: int,
    timeout_seconds: float,
    use_cache: bool,
    advance: Callable[[str, int, int], None],
) -> JudgedDay:
    """Judges every app of the date, then the date's controls; some apps a second time; and, when the evaluator is
    another one than on the last judged day, that day's apps.

    Args:
        apps: all rows of the date, of every cohort; failed generations get their verdicts too. Cohorts whose
            sources are not in the store any more keep the verdicts they have.
        tables: for the last judged day.
        advance: called with (app and how it did, done, total) after each app.
    """
    done = 0
    apps = _judgeable(apps)

    def report(evaluation: AppEvaluation) -> None:
        nonlocal done
        done += 1
        advance(_in_words(evaluation), done, len(apps))

    began = time.monotonic()
    evaluations = evaluator.evaluate(
        [_under_test(app, store, app.cohort.folder) for app in apps],
        parallel=parallel,
        timeout_seconds=timeout_seconds,
        use_cache=use_cache,
        progress=report,
    )
    apps_seconds = time.monotonic() - began
    controls = evaluator.run_controls(date, {evaluation.stack for evaluation in evaluations})

    drawn = draw_apps(date, list(zip(apps, evaluations, strict=True)))
    again = []
    if drawn:
        again = evaluator.evaluate(
            [_under_test(app, store, f"{date}/flakiness/{app.cohort.folder.name}") for app, _ in drawn],
            parallel=parallel,
            timeout_seconds=timeout_seconds,
            use_cache=False,
            keep=False,
        )

    headline = headline_cohort(date, {app.cohort for app in apps}, settings)
    asked = {app.prompt.id for app in apps if app.cohort == headline}
    earlier = day_to_judge_again(headline, evaluator.verdict_digest, asked, tables, store)
    began = time.monotonic()
    earlier_again = []
    if earlier:
        earlier_again = evaluator.evaluate(
            [_under_test(app, store, f"{date}/crossover") for app, _ in earlier.judged],
            parallel=parallel,
            timeout_seconds=timeout_seconds,
            use_cache=use_cache,
        )
    return JudgedDay(
        date=date,
        apps=tuple(apps),
        evaluations=tuple(evaluations),
        apps_seconds=round(apps_seconds, 3),
        controls=controls,
        twice=tuple(SecondLook(*pair, second) for pair, second in zip(drawn, again, strict=True)),
        earlier=earlier,
        earlier_again=tuple(earlier_again),
        earlier_seconds=round(time.monotonic() - began, 3),
        isolation=evaluator.isolation,
        digest=evaluator.verdict_digest,
        tools=evaluator.tools,
    )


def _judgeable(apps: Sequence[GeneratedApp]) -> list[GeneratedApp]:
    gone = {app.cohort for app in apps if app.status == "generated" and app.app_uri is None}
    return [app for app in apps if app.cohort not in gone]


def _under_test(app: GeneratedApp, store: ArtifactStore, folder: object) -> AppUnderTest:
    """The app, its evidence to be kept in `folder` of the store's evidence."""
    is_there = app.status == "generated" and app.app_uri is not None
    return AppUnderTest(
        name=app.app_name,
        tree=store.path(app.app_uri or "apps"),
        evidence_uri=f"evidence/{folder}/{app.app_name}",
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

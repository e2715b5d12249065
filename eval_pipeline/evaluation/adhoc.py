"""Judging app directories by hand, without a day around them: cohort `adhoc`, the same evaluator and report."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from eval_pipeline import __version__
from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.generation.digest import check_tree
from eval_pipeline.model import AppEvaluation, Cohort, GeneratedApp, InputError, Prompt
from eval_pipeline.reporting.build import build_report
from eval_pipeline.reporting.day import machine
from eval_pipeline.reporting.report import EvaluatorInfo, Report
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore

GENERATOR = "adhoc"


def evaluate_directories(
    directories: Sequence[Path],
    settings: Settings,
    *,
    parallel: int,
    timeout_seconds: float,
    use_cache: bool,
    timestamp: dt.datetime,
    run_id: str,
    advance: Callable[[str, int, int], None],
) -> Report:
    """Judges directories and returns their report, without controls.

    Raises:
        InputError: a directory is missing, empty, a file, holds links that leave it, or is named twice.
        EvaluatorError: the evaluator itself cannot work.
    """
    cohort = Cohort(date=timestamp.date().isoformat(), generator=GENERATOR)
    # `.` and `..` are given their names; links are left as they are, and refused.
    trees = [Path(os.path.normpath(directory.absolute())) for directory in directories]
    apps = [_app(tree, cohort) for tree in trees]
    names = [app.app_name for app in apps]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two directories are called {name!r}: rename one, or evaluate them one after another")
    done = 0

    def report(evaluation: AppEvaluation) -> None:
        nonlocal done
        done += 1
        advance(evaluation.app_name, done, len(apps))

    with Evaluator(settings, ArtifactStore(settings.home)) as evaluator:
        evaluations = evaluator.evaluate(
            [
                AppUnderTest(app.app_name, tree, f"evidence/{cohort.folder}/{app.app_name}")
                for app, tree in zip(apps, trees, strict=True)
            ],
            parallel=parallel,
            timeout_seconds=timeout_seconds,
            use_cache=use_cache,
            progress=report,
        )
        info = EvaluatorInfo(
            version=__version__,
            digest=evaluator.verdict_digest,
            isolation=evaluator.isolation,  # pyright: ignore[reportArgumentType]
            resources=machine(settings, parallel),
            tools=evaluator.tools,
        )
    return build_report(
        cohort.date,
        cohort,
        list(zip(apps, evaluations, strict=True)),
        [],
        info,
        settings.weights,
        evaluation_run_id=run_id,
        timestamp=timestamp,
    )


def _app(directory: Path, cohort: Cohort) -> GeneratedApp:
    name = directory.name
    if not name.isprintable():
        raise InputError(f"the folder name {os.fsencode(name)!r} is not UTF-8 or not printable; rename the folder")
    check_tree(directory)
    prompt = Prompt(id=name, text="", category=GENERATOR, complexity="medium", panel=False, datasets=())
    return GeneratedApp(cohort=cohort, prompt=prompt, app_name=name, status="generated")

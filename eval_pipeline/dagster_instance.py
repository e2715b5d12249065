"""The Dagster instance of a home: one for the command line and the UI, so that both see the same runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from eval_pipeline.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    import dagster as dg

PROCESS_TAG = "eval/process"


def prepare_home(settings: Settings) -> Path:
    """Makes the home with a dagster.yaml in it; returns Dagster's home."""
    home = settings.dagster_home or settings.home
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    example = PROJECT_ROOT / "dagster.yaml.example"
    if not config.exists() and example.exists():
        shutil.copyfile(example, config)
    return home


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The home's instance, after runs whose process was killed have been marked as failed and their slots freed."""
    import dagster as dg

    home = prepare_home(settings)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        _end_dead_runs(instance)
        yield instance


def process_tag() -> dict[str, str]:
    """Tag by which a later process can tell whether this run's process still lives."""
    return {PROCESS_TAG: f"{os.getpid()}:{_started(os.getpid())}"}


def _end_dead_runs(instance: dg.DagsterInstance) -> None:
    """A run killed with -9 leaves its pool slots claimed, and the next run would wait for them for ever."""
    import dagster as dg

    unfinished = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)):
        pid, _, started = run.tags.get(PROCESS_TAG, "").partition(":")
        if pid and started != _started(int(pid)):
            instance.report_run_failed(run, "The process that ran this was killed; start it again to continue.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _started(pid: int) -> str:
    """When a process started, as text; empty when there is no such process. Process ids are used again."""
    try:
        return str(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return ""

"""The Dagster instance of a home: one for the command line and the UI, so that both see the same runs.

A run's process holds a lock file, HOME/running/<run id>, for as long as it works. The kernel lets go of it however the
process ends, so a file that nobody holds is a run that was killed, whoever started it.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from eval_pipeline.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    import dagster as dg


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
    """The home's instance, after `end_dead_runs`."""
    import dagster as dg

    home = prepare_home(settings)
    # Dagster makes its databases as it goes, and two processes that begin on a fresh home would both make them.
    with ExitStack() as stack:
        with FileLock(home / ".dagster.lock"):
            instance = stack.enter_context(dg.DagsterInstance.from_config(str(home)))
            end_dead_runs(instance, settings)
        yield instance


@contextmanager
def alive(run_id: str, settings: Settings) -> Iterator[None]:
    """Shows that this process works on a run: holds the run's lock file, and removes it at the end."""
    path = _lock_file(run_id, settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Named only once it is held: nobody may find it free while it is being made.
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh.rename(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def end_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Marks runs as failed whose process was killed, and frees their pool slots; returns their ids.

    Dagster does neither for runs of one machine: the next run would wait for the slots for ever, and the queue for
    the run's end.
    """
    import dagster as dg

    statuses = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    unfinished = {run.run_id: run for run in instance.get_runs(dg.RunsFilter(statuses=statuses))}
    dead = []
    for run_id, run in unfinished.items():
        path = _lock_file(run_id, settings)
        with _free(path) as is_free:
            if is_free:
                instance.report_run_failed(run, "The process that ran this was killed; start it again to continue.")
                instance.event_log_storage.free_concurrency_slots_for_run(run_id)
                path.unlink(missing_ok=True)
                dead.append(run_id)
    return dead


@contextmanager
def _free(path: Path) -> Iterator[bool]:
    """Whether there is such a lock file that nobody holds; holds it meanwhile."""
    try:
        lock = path.open("rb")
    except FileNotFoundError:
        yield False
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield path.exists()  # gone: its run ended between our opening and our locking


def _lock_file(run_id: str, settings: Settings) -> Path:
    return settings.home / "running" / run_id

"""The made-up sample archive, and retention."""

from __future__ import annotations

import datetime as dt

import click

from eval_pipeline.cli.home import settings_with_home
from eval_pipeline.cli.progress import progress_of
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.tables import TableStore


@click.command()
def demo_archive() -> None:
    """Load 30 made-up days that end yesterday, to see trends, alerts and issues at once.

    They are the cohort of the generator `sample-made-up`, labelled as made up; no other cohort is touched. Loading
    again replaces them.
    """
    from eval_pipeline.demo_archive.load import load_into

    settings = settings_with_home()
    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    with progress_of("load") as advance:
        tables = TableStore(settings.home / "tables")
        index = load_into(settings, ArtifactStore(settings.home), tables, yesterday, advance)
    click.echo(str(index))


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--keep-days", type=click.IntRange(1), help="Days to keep; default EVAL_RETENTION_DAYS.")
def prune(dry_run: bool, keep_days: int | None) -> None:
    """Remove apps, evidence and their rows older than the retention setting, and what the dependency store may not
    hold.

    Reports, the time series, the dashboard and what was published stay.
    """
    from eval_pipeline.sandbox.shelf import Shelf
    from eval_pipeline.storage.retention import prune as prune_store

    settings = settings_with_home(is_read_only=dry_run)
    pruned = prune_store(
        ArtifactStore(settings.home),
        TableStore(settings.home / "tables"),
        dt.datetime.now(dt.UTC).date(),
        keep_days or settings.retention_days,
        dry_run,
    )
    verb = "would remove" if dry_run else "removed"
    for uri in pruned.folders:
        click.echo(f"{verb} {uri}")
    counts = {name: count for name, count in pruned.rows.items() if count}
    for name, count in counts.items():
        click.echo(f"{verb} {count} rows of {name} before {pruned.before}")
    if not pruned.folders and not counts:
        click.echo(f"nothing to remove: nothing is older than {pruned.before}")
    shelf = Shelf(settings.home / "dependencies", settings.dependency_store_gb)
    for digest in [] if dry_run else shelf.trim():
        click.echo(f"removed dependencies/{digest}")
    stored = sum(entry.bytes for entry in shelf.entries()) / 1e9
    click.echo(f"dependency store: {stored:.1f} of {settings.dependency_store_gb:g} GB")

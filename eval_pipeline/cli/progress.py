"""Progress on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


@contextmanager
def progress_of(stage: str) -> Iterator[Callable[[str, int, int], None]]:
    """Yields a function of (item, done, total) to call after each item."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda item, done, total: click.echo(f"{stage} {done}/{total}: {item}", err=True)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console) as bar:
        task = bar.add_task(stage, total=None)
        yield lambda item, done, total: bar.update(
            task, total=total, completed=done, description=f"{stage}: {item[:60]}"
        )

"""Progress of long work: a bar on a terminal for the command line, log lines in Dagster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

Advance = Callable[[str, int, int], None]
"""Called with what was done, how many are done, how many there are."""


class Progress(dg.ConfigurableResource):
    """Writes a line a step to the run's log; the command line puts a terminal's bar in its place."""

    @contextmanager
    def stage(self, name: str, context: dg.AssetExecutionContext) -> Iterator[Advance]:
        """Yields the function that long work calls after each item."""
        yield lambda item, done, total: context.log.info(f"{name} {done}/{total}: {item}")

"""The home as a resource: settings, tables and artifacts, read when a run sets up.

Nothing of it is a Dagster field: Dagster shows resource fields in its UI, and settings hold secrets.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from eval_pipeline.dagster_instance import alive, end_dead_runs
from eval_pipeline.settings import Settings, get_settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.tables import TableStore


class Home(dg.ConfigurableResource):
    """Where this pipeline keeps its things. While a run has it, the run counts as living."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> "Iterator[Home]":
        if context.run is None or context.instance is None:
            yield self
            return
        end_dead_runs(context.instance, self.settings)
        with alive(context.run.run_id, self.settings):
            yield self

    @property
    def settings(self) -> Settings:
        return get_settings()

    @property
    def artifacts(self) -> ArtifactStore:
        return ArtifactStore(self.settings.home)

    @property
    def tables(self) -> TableStore:
        return TableStore(self.settings.home / "tables")

"""The home as a resource: settings, tables and artifacts, read when a run sets up.

Nothing of it is a Dagster field: Dagster shows resource fields in its UI, and settings hold secrets.
"""

import dagster as dg

from eval_pipeline.settings import Settings, get_settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.storage.tables import TableStore


class Home(dg.ConfigurableResource):
    """Where this pipeline keeps its things."""

    @property
    def settings(self) -> Settings:
        return get_settings()

    @property
    def artifacts(self) -> ArtifactStore:
        return ArtifactStore(self.settings.home)

    @property
    def tables(self) -> TableStore:
        return TableStore(self.settings.home / "tables")

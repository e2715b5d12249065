"""The IO manager: assets take and return DataFrames, stored as the Delta table of the asset's name."""

from typing import Any

import dagster as dg

from eval_pipeline.settings import get_settings
from eval_pipeline.storage.tables import TableStore


class DeltaTableIOManager(dg.ConfigurableIOManager):
    """Reads the rows of the partition in hand; writes by cohort or date as the table's schema says."""

    def _tables(self) -> TableStore:
        return TableStore(get_settings().home / "tables")

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        date = context.partition_key if context.has_partition_key else None
        rows = self._tables().replace(context.asset_key.path[-1], obj, date)
        context.add_output_metadata({"dagster/row_count": rows})

    def load_input(self, context: dg.InputContext) -> Any:
        dates = context.asset_partition_keys if context.has_asset_partitions else None
        return self._tables().read(context.asset_key.path[-1], dates)

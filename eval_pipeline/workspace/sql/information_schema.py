"""What `information_schema` shows of the sample catalogs, as tables in DuckDB's schema `memory.information`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eval_pipeline.workspace.datasets import DATASETS
from eval_pipeline.workspace.sql import names

if TYPE_CHECKING:
    import duckdb


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates a table per view of `information_schema`, and a view of each per catalog; `system` sees all."""
    connection.execute("CREATE SCHEMA memory.information")
    schemata = [(catalog, schema) for catalog in names.CATALOGS for schema in names.schemas_of(catalog)]
    tables = [("samples", d.schema, d.table, "MANAGED", "DELTA", d.description) for d in DATASETS.values()]
    columns = [
        (
            "samples",
            d.schema,
            d.table,
            c.name,
            str(position),
            "YES",
            c.type.upper(),
            c.type.split("(")[0].upper(),
            c.description,
        )
        for d in DATASETS.values()
        for position, c in enumerate(d.columns)
    ]
    layout = {
        "catalogs": ("catalog_name", [(name,) for name in names.CATALOGS]),
        "schemata": ("catalog_name, schema_name", schemata),
        "tables": ("table_catalog, table_schema, table_name, table_type, data_source_format, comment", tables),
        "columns": (
            "table_catalog, table_schema, table_name, column_name, ordinal_position, is_nullable, full_data_type, "
            "data_type, comment",
            columns,
        ),
    }
    for name, (header, rows) in layout.items():
        values = ", ".join("(" + ", ".join(_text(value) for value in row) + ")" for row in rows)
        selected = header.replace("ordinal_position", "ordinal_position::INT AS ordinal_position")
        connection.execute(
            f"CREATE TABLE memory.information.{name} AS SELECT {selected} FROM (VALUES {values}) AS t({header})"  # noqa: S608 - our constants
        )
        for catalog in names.CATALOGS:
            first = header.split(",", 1)[0]
            connection.execute(
                f"CREATE VIEW memory.information.{catalog}_{name} AS"  # noqa: S608 - our constants
                f" SELECT * FROM memory.information.{name} WHERE {first} = '{catalog}'"
            )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

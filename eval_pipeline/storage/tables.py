"""Delta tables under HOME/tables: read as DataFrames, written by replacing whole cohorts or dates.

A write is one Delta transaction under a lock of its table, so parallel backfills and killed runs leave either the
old rows or the new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from eval_pipeline.model import EvaluatorError
from eval_pipeline.storage.schemas import TABLES, TableSchema
from eval_pipeline.storage.trouble import machine_trouble
from eval_pipeline.text import one_line

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

LOCK_SECONDS = 120
VACUUM_HOURS = 24 * 7


class TableStore:
    """The Delta tables of one home."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, name: str, dates: Iterable[str] | None = None) -> pd.DataFrame:
        """All rows of a table, or those of some dates; an empty frame with its columns when nothing was written.

        Raises:
            EvaluatorError: the table's files are damaged.
        """
        import deltalake

        schema = TABLES[name]
        path = str(self.root / name)
        if not deltalake.DeltaTable.is_deltatable(path):
            return _frame(_arrow_schema(schema).empty_table(), schema)
        filters = None if dates is None else [("date", "in", sorted(set(dates)))]
        if filters and not filters[0][2]:
            return _frame(_arrow_schema(schema).empty_table(), schema)
        with self._explained(name, "read"):
            return _frame(deltalake.DeltaTable(path).to_pyarrow_table(filters=filters), schema)

    def dates(self, name: str) -> list[str]:
        """Dates that have rows, sorted."""
        return sorted(set(self.read(name)["date"]))

    def replace(self, name: str, rows: pd.DataFrame, date: str | None = None) -> int:
        """Writes rows in place of the older ones with the same `replace_by` columns.

        Args:
            name: A table of schemas.TABLES.
            rows: The new rows; columns that the schema does not name are refused, missing ones become null.
            date: For tables replaced by date: the date, so that no rows at all clears it.

        Returns:
            Number of rows written.

        Raises:
            EvaluatorError: another process held the table for over two minutes, its files are damaged, or the disk is
                full.
        """
        import deltalake

        schema = TABLES[name]
        table = _to_arrow(rows, schema)
        path = self.root / name
        with self._locked(name), self._explained(name, "written"):
            exists = deltalake.DeltaTable.is_deltatable(str(path))
            deltalake.write_deltalake(
                path,
                table,
                mode="overwrite",
                predicate=_predicate(rows, schema, date) if exists else None,
                partition_by=["date"] if not exists and "date" in schema.replace_by else None,
                schema_mode="merge" if exists and schema.replace_by else "overwrite" if exists else None,
                description=f"A row is {schema.row}.",
            )
        return len(rows)

    def delete_before(self, name: str, date: str) -> int:
        """Removes rows older than `date` and the files no version of the last week needs; returns rows removed."""
        import deltalake

        if not deltalake.DeltaTable.is_deltatable(str(self.root / name)):
            return 0
        with self._locked(name), self._explained(name, "written"):
            table = deltalake.DeltaTable(str(self.root / name))
            removed = table.delete(f"date < '{date}'") if "date" in TABLES[name].column_names else {}
            table.vacuum(retention_hours=VACUUM_HOURS, dry_run=False)
        return int(removed.get("num_deleted_rows") or 0)

    @contextmanager
    def _explained(self, name: str, done: str) -> Iterator[None]:
        """Turns what Delta and Arrow say of broken files or disks into one sentence."""
        import pyarrow as pa
        from deltalake.exceptions import DeltaError

        try:
            yield
        except (DeltaError, pa.ArrowException, OSError) as error:
            place = self.root / name
            said = one_line(str(error).replace(str(place), name), 300)
            mend = f"restore {place} from a backup, or move it away and run its dates again; reports stay"
            raise EvaluatorError(
                machine_trouble(str(error), self.root.parent) or f"table {name} cannot be {done} ({said}): {mend}"
            ) from error

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.root / f".{name}.lock", timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise EvaluatorError(f"table {name} stayed locked by another run for {LOCK_SECONDS} s") from error


def _predicate(rows: pd.DataFrame, schema: TableSchema, date: str | None) -> str | None:
    if not schema.replace_by:
        return None
    if schema.replace_by == ("date",):
        dates = {date} if date else set(rows["date"])
        return "date IN (" + ", ".join(_literal(d) for d in sorted(dates)) + ")"
    keys = rows[list(schema.replace_by)].drop_duplicates().itertuples(index=False, name=None)
    cohorts = [
        "(" + " AND ".join(f"{k} = {_literal(v)}" for k, v in zip(schema.replace_by, key, strict=True)) + ")"
        for key in keys
    ]
    return " OR ".join(cohorts) or "false"


def _literal(value: object) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _arrow_schema(schema: TableSchema) -> pa.Schema:
    import pyarrow as pa

    types = {"string": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    return pa.schema([(column.name, types[column.type]) for column in schema.columns])


def _to_arrow(rows: pd.DataFrame, schema: TableSchema) -> pa.Table:
    import pyarrow as pa

    extra = sorted(set(rows.columns) - set(schema.column_names))
    if extra:
        raise ValueError(f"columns not in table {schema.name}: {', '.join(extra)}")
    return pa.Table.from_pandas(
        rows.reindex(columns=schema.column_names), schema=_arrow_schema(schema), preserve_index=False
    )


def _frame(table: pa.Table, schema: TableSchema) -> pd.DataFrame:
    """To pandas, integers kept as integers where there are nulls, in the schema's column order."""
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame = table.to_pandas(types_mapper=nullable.get)
    return frame.reindex(columns=schema.column_names)

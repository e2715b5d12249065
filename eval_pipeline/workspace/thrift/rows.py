"""Results in Thrift's two forms: columns of plain values, and Arrow batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from databricks.sql.thrift_api.TCLIService import ttypes as t

from eval_pipeline.workspace import arrow
from eval_pipeline.workspace.thrift.sessions import Operation
from eval_pipeline.workspace.warehouse import Result, ResultColumn, Row

_TYPES = {
    "BOOLEAN": t.TTypeId.BOOLEAN_TYPE,
    "BYTE": t.TTypeId.TINYINT_TYPE,
    "SHORT": t.TTypeId.SMALLINT_TYPE,
    "INT": t.TTypeId.INT_TYPE,
    "LONG": t.TTypeId.BIGINT_TYPE,
    "FLOAT": t.TTypeId.FLOAT_TYPE,
    "DOUBLE": t.TTypeId.DOUBLE_TYPE,
    "DECIMAL": t.TTypeId.DECIMAL_TYPE,
    "DATE": t.TTypeId.DATE_TYPE,
    "TIMESTAMP": t.TTypeId.TIMESTAMP_TYPE,
    "BINARY": t.TTypeId.BINARY_TYPE,
    "ARRAY": t.TTypeId.ARRAY_TYPE,
    "MAP": t.TTypeId.MAP_TYPE,
    "STRUCT": t.TTypeId.STRUCT_TYPE,
    "NULL": t.TTypeId.NULL_TYPE,
}
# type_name: (field of TColumn, class of its values, how a cell is read, what stands where there is none)
_COLUMNS: dict[str, tuple[str, Any, Any, Any]] = {
    "BOOLEAN": ("boolVal", t.TBoolColumn, lambda cell: cell == "true", False),
    "BYTE": ("byteVal", t.TByteColumn, int, 0),
    "SHORT": ("i16Val", t.TI16Column, int, 0),
    "INT": ("i32Val", t.TI32Column, int, 0),
    "LONG": ("i64Val", t.TI64Column, int, 0),
    "FLOAT": ("doubleVal", t.TDoubleColumn, float, 0.0),
    "DOUBLE": ("doubleVal", t.TDoubleColumn, float, 0.0),
    "BINARY": ("binaryVal", t.TBinaryColumn, bytes.fromhex, b""),
    "TIMESTAMP": ("stringVal", t.TStringColumn, arrow.spaced, ""),
}
_TEXT = ("stringVal", t.TStringColumn, str, "")
_LONG = range(-(1 << 63), 1 << 63)


def schema(result: Result) -> t.TTableSchema:
    return t.TTableSchema(
        columns=[
            t.TColumnDesc(columnName=column.name, typeDesc=_type(column), position=position)
            for position, column in enumerate(result.columns, start=1)
        ]
    )


def row_set(operation: Operation, result: Result, start: int, stop: int) -> t.TRowSet:
    """The rows from `start` to `stop` in the form that the client asked for."""
    if operation.arrow is None:
        rows = result.rows[start:stop]
        columns = [_column(column, [row[i] for row in rows]) for i, column in enumerate(result.columns)]
        return t.TRowSet(startRowOffset=start, rows=[], columns=columns)
    found = arrow_table(operation, result).slice(start, stop - start)
    batches = [t.TSparkArrowBatch(batch=message, rowCount=count) for message, count in arrow.batch_messages(found)]
    return t.TRowSet(startRowOffset=start, rows=[], arrowBatches=batches)


def arrow_table(operation: Operation, result: Result) -> Any:
    """The whole result as Arrow, made once: every batch must have the one schema."""
    wanted = operation.arrow
    if operation.table is None and wanted is not None:
        operation.table = arrow.table(
            result.columns,
            result.rows,
            native_decimals=wanted.decimals,
            native_timestamps=wanted.timestamps,
        )
    return operation.table


def _type(column: ResultColumn) -> t.TTypeDesc:
    entry = t.TPrimitiveTypeEntry(type=_TYPES.get(column.type_name, t.TTypeId.STRING_TYPE))
    if column.type_name == "DECIMAL":
        entry.typeQualifiers = t.TTypeQualifiers(
            qualifiers={
                "precision": t.TTypeQualifierValue(i32Value=column.precision or 38),
                "scale": t.TTypeQualifierValue(i32Value=column.scale or 0),
            }
        )
    return t.TTypeDesc(types=[t.TTypeEntry(primitiveEntry=entry)])


def _column(column: ResultColumn, cells: Sequence[str | None]) -> t.TColumn:
    name, make, read, empty = _COLUMNS.get(column.type_name, _TEXT)
    values = [read(cell) if cell is not None else empty for cell in cells]
    if name == "i64Val" and any(value not in _LONG for value in values):
        name, make, values = "stringVal", t.TStringColumn, [cell or "" for cell in cells]
    nulls = bytearray((len(cells) + 7) // 8)
    for index, cell in enumerate(cells):
        if cell is None:
            nulls[index >> 3] |= 1 << (index & 7)
    return t.TColumn(**{name: make(values=values, nulls=bytes(nulls))})


def texts(names: Sequence[str], rows: Sequence[Sequence[Any]], numbers: frozenset[str] = frozenset()) -> Result:
    """A result of our own: text columns, but for the `numbers`."""
    columns = tuple(
        ResultColumn(n, "INT", "INT") if n in numbers else ResultColumn(n, "STRING", "STRING") for n in names
    )
    cells: tuple[Row, ...] = tuple(tuple(None if cell is None else str(cell) for cell in row) for row in rows)
    return Result(columns=columns, rows=cells)

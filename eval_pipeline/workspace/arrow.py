"""Results as Arrow, for clients that ask for it: cells become values of the column's own type.

pyarrow is imported when a client first asks. Arrays, maps and structs stay JSON texts, as they are in JSON results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eval_pipeline.workspace.warehouse import ResultColumn, Row

if TYPE_CHECKING:
    import pyarrow as pa

_PLAIN = {
    "BOOLEAN": "bool",
    "BYTE": "int8",
    "SHORT": "int16",
    "INT": "int32",
    "LONG": "int64",
    "FLOAT": "float32",
    "DOUBLE": "float64",
    "DATE": "date32",
    "BINARY": "binary",
    "NULL": "null",
}


def table(
    columns: Sequence[ResultColumn],
    rows: Sequence[Row],
    *,
    native_decimals: bool = True,
    native_timestamps: bool = True,
) -> pa.Table:
    """The rows as an Arrow table; decimals and timestamps can be asked for as texts.

    A column whose cells do not fit its type (a sum over 64 bits) comes as text.
    """
    import pyarrow as pa

    arrays = []
    for index, column in enumerate(columns):
        kind = _type(column, native_decimals, native_timestamps)
        arrays.append(_array(column, [row[index] for row in rows], kind))
    fields = [pa.field(column.name, array.type) for column, array in zip(columns, arrays, strict=True)]
    if not fields:
        return pa.table({})
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def stream(found: pa.Table) -> bytes:
    """The table as an Arrow IPC stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, found.schema) as writer:
        writer.write_table(found)
    return sink.getvalue().to_pybytes()


def schema_message(found: pa.Table) -> bytes:
    return found.schema.serialize().to_pybytes()


def batch_messages(found: pa.Table) -> list[tuple[bytes, int]]:
    """The IPC message and the row count of each record batch; together with the schema's message they are a stream."""
    batches = found.combine_chunks().to_batches()
    return [(batch.serialize().to_pybytes(), batch.num_rows) for batch in batches]


def _type(column: ResultColumn, native_decimals: bool, native_timestamps: bool) -> Any:
    import pyarrow as pa

    if column.type_name == "DECIMAL" and native_decimals:
        return pa.decimal128(column.precision or 38, column.scale or 0)
    if column.type_name == "TIMESTAMP" and native_timestamps:
        return pa.timestamp("us", tz="UTC")
    name = _PLAIN.get(column.type_name, "string")
    return pa.type_for_alias(name)


def _array(column: ResultColumn, cells: list[str | None], kind: Any) -> Any:
    import pyarrow as pa

    try:
        if column.type_name == "BINARY":
            return pa.array([bytes.fromhex(cell) if cell is not None else None for cell in cells], kind)
        if column.type_name == "NULL":
            return pa.nulls(len(cells))
        if column.type_name == "TIMESTAMP" and pa.types.is_string(kind):
            cells = [spaced(cell) if cell is not None else None for cell in cells]
        return pa.array(cells, pa.string()).cast(kind)
    except (pa.ArrowInvalid, ValueError):
        return pa.array(cells, pa.string())


def spaced(cell: str) -> str:
    """A timestamp's cell (`2024-05-01T08:30:00.000Z`) as Thrift writes it (`2024-05-01 08:30:00`)."""
    text = cell.replace("T", " ", 1).removesuffix("Z")
    return text.rstrip("0").rstrip(".") if "." in text else text

"""Types and cells as the Statement Execution API writes them: Databricks' type names, every cell a string or null."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from eval_pipeline.workspace.warehouse import ResultColumn

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

# DuckDB's name: (the API's type_name, SQL's type_text)
_NAMES = {
    "boolean": ("BOOLEAN", "BOOLEAN"),
    "tinyint": ("BYTE", "TINYINT"),
    "smallint": ("SHORT", "SMALLINT"),
    "integer": ("INT", "INT"),
    "bigint": ("LONG", "BIGINT"),
    "float": ("FLOAT", "FLOAT"),
    "double": ("DOUBLE", "DOUBLE"),
    "varchar": ("STRING", "STRING"),
    "date": ("DATE", "DATE"),
    "blob": ("BINARY", "BINARY"),
    "interval": ("INTERVAL", "INTERVAL"),
    '"null"': ("NULL", "VOID"),
    "null": ("NULL", "VOID"),
    "sqlnull": ("NULL", "VOID"),
    # A sum of BIGINT is a HUGEINT to DuckDB and a BIGINT to Databricks; DuckDB counts some things unsigned.
    "hugeint": ("LONG", "BIGINT"),
    "uhugeint": ("LONG", "BIGINT"),
    "ubigint": ("LONG", "BIGINT"),
    "uinteger": ("LONG", "BIGINT"),
    "usmallint": ("INT", "INT"),
    "utinyint": ("SHORT", "SMALLINT"),
}


def describe(name: str, duckdb_type: DuckDBPyType) -> ResultColumn:
    """The manifest's column for a DuckDB column."""
    type_name, type_text = _type(duckdb_type)
    if type_name == "DECIMAL":
        precision, scale = re.findall(r"\d+", type_text)
        return ResultColumn(name, type_name, type_text, int(precision), int(scale))
    return ResultColumn(name, type_name, type_text)


def _type(duckdb_type: DuckDBPyType) -> tuple[str, str]:
    kind = duckdb_type.id
    if kind == "decimal":
        (_, precision), (_, scale) = duckdb_type.children
        return "DECIMAL", f"DECIMAL({precision},{scale})"
    if kind in ("list", "array"):
        return "ARRAY", f"ARRAY<{_text(duckdb_type.children[0][1])}>"
    if kind == "map":
        (_, key), (_, value) = duckdb_type.children
        return "MAP", f"MAP<{_text(key)}, {_text(value)}>"
    if kind == "struct":
        fields = ", ".join(f"{name}: {_text(child)}" for name, child in duckdb_type.children)
        return "STRUCT", f"STRUCT<{fields}>"
    if kind.startswith("timestamp"):
        return "TIMESTAMP", "TIMESTAMP"
    return _NAMES.get(kind, ("STRING", "STRING"))


def _text(child: object) -> str:
    return _type(cast("DuckDBPyType", child))[1]


def cell(value: Any) -> str | None:
    """A Python value of DuckDB as the API's cell."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        return value.isoformat(timespec="microseconds" if value.microsecond % 1000 else "milliseconds") + "Z"
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, list | tuple | dict):
        return json.dumps(_nested(value), ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _nested(value: Any) -> Any:
    """Arrays, structs and maps travel as JSON text whose leaves are strings."""
    if isinstance(value, dict):
        return {str(cell(key)): _nested(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_nested(item) for item in value]
    return cell(value)

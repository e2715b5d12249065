"""Answers to questions about the catalog (GetCatalogs, GetTables, …), laid out as JDBC's metadata calls are."""

from __future__ import annotations

import re
from typing import Any

from databricks.sql.thrift_api.TCLIService import ttypes as t

from eval_pipeline.workspace.datasets import CATALOG, DATASETS, Dataset
from eval_pipeline.workspace.samples.names import words
from eval_pipeline.workspace.sql import names
from eval_pipeline.workspace.thrift.rows import texts
from eval_pipeline.workspace.warehouse import Result

_JDBC = {
    "STRING": 12,
    "BIGINT": -5,
    "INT": 4,
    "SMALLINT": 5,
    "DOUBLE": 8,
    "FLOAT": 6,
    "BOOLEAN": 16,
    "DATE": 91,
    "TIMESTAMP": 93,
    "DECIMAL": 3,
}
"""Types as java.sql.Types numbers them."""

_TABLE_COLUMNS = words(
    "TABLE_CAT TABLE_SCHEM TABLE_NAME TABLE_TYPE REMARKS TYPE_CAT TYPE_SCHEM TYPE_NAME SELF_REFERENCING_COL_NAME "
    "REF_GENERATION"
)
_COLUMN_COLUMNS = words(
    "TABLE_CAT TABLE_SCHEM TABLE_NAME COLUMN_NAME DATA_TYPE TYPE_NAME COLUMN_SIZE BUFFER_LENGTH DECIMAL_DIGITS "
    "NUM_PREC_RADIX NULLABLE REMARKS COLUMN_DEF SQL_DATA_TYPE SQL_DATETIME_SUB CHAR_OCTET_LENGTH ORDINAL_POSITION "
    "IS_NULLABLE SCOPE_CATALOG SCOPE_SCHEMA SCOPE_TABLE SOURCE_DATA_TYPE IS_AUTO_INCREMENT"
)
_NUMBERS = frozenset({"DATA_TYPE", "COLUMN_SIZE", "DECIMAL_DIGITS", "NUM_PREC_RADIX", "NULLABLE", "ORDINAL_POSITION"})


def catalogs(request: t.TGetCatalogsReq) -> Result:
    return texts(["TABLE_CAT"], [[name] for name in names.CATALOGS])


def schemas(request: t.TGetSchemasReq) -> Result:
    found = [
        [schema, catalog]
        for catalog in names.CATALOGS
        if _matches(catalog, request.catalogName)
        for schema in names.schemas_of(catalog)
        if _matches(schema, request.schemaName)
    ]
    return texts(["TABLE_SCHEM", "TABLE_CATALOG"], found)


def tables(request: t.TGetTablesReq) -> Result:
    types = {str(kind).upper() for kind in request.tableTypes or ["TABLE"]}
    found = [d for d in _datasets(request) if "TABLE" in types]
    rows = [[CATALOG, d.schema, d.table, "TABLE", d.description, *[None] * 5] for d in found]
    return texts(_TABLE_COLUMNS, rows)


def columns(request: t.TGetColumnsReq) -> Result:
    rows: list[dict[str, Any]] = []
    for dataset in _datasets(request):
        for position, column in enumerate(dataset.columns):
            if not _matches(column.name, request.columnName):
                continue
            kind = column.type.upper()
            digits = re.findall(r"\d+", kind)
            rows.append(
                {
                    "TABLE_CAT": CATALOG,
                    "TABLE_SCHEM": dataset.schema,
                    "TABLE_NAME": dataset.table,
                    "COLUMN_NAME": column.name,
                    "DATA_TYPE": _JDBC.get(kind.split("(")[0], 12),
                    "TYPE_NAME": kind,
                    "COLUMN_SIZE": digits[0] if digits else None,
                    "DECIMAL_DIGITS": digits[1] if len(digits) > 1 else None,
                    "NUM_PREC_RADIX": 10,
                    "NULLABLE": 1,
                    "REMARKS": column.description,
                    "ORDINAL_POSITION": position,
                    "IS_NULLABLE": "YES",
                    "IS_AUTO_INCREMENT": "NO",
                }
            )
    return texts(_COLUMN_COLUMNS, [[row.get(name) for name in _COLUMN_COLUMNS] for row in rows], _NUMBERS)


def table_types(request: t.TGetTableTypesReq) -> Result:
    return texts(["TABLE_TYPE"], [["TABLE"], ["VIEW"]])


def _datasets(request: Any) -> list[Dataset]:
    return [
        dataset
        for dataset in DATASETS.values()
        if _matches(CATALOG, request.catalogName)
        and _matches(dataset.schema, request.schemaName)
        and _matches(dataset.table, request.tableName)
    ]


def _matches(name: str, pattern: Any) -> bool:
    """JDBC's patterns: `%` any text, `_` any character, a backslash before either means itself; none matches all."""
    if not pattern:
        return True
    parts = re.findall(r"\\.|.", str(pattern)[:300], re.DOTALL)
    wild = {"%": ".*", "*": ".*", "_": "."}
    expression = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    # Runs of wildcards match what one does, and would take long to.
    expression = re.sub(r"(?:\.\*)+", ".*", expression)
    return re.fullmatch(expression, name, re.IGNORECASE) is not None

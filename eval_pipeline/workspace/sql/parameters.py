"""Named parameters (`:name`) as typed constants, so that a value is never read as SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from eval_pipeline.workspace.sql.errors import SqlError

_TYPES = {
    "STRING": "TEXT",
    "VARCHAR": "TEXT",
    "CHAR": "TEXT",
    "BOOLEAN": "BOOLEAN",
    "BYTE": "TINYINT",
    "TINYINT": "TINYINT",
    "SHORT": "SMALLINT",
    "SMALLINT": "SMALLINT",
    "INT": "INT",
    "INTEGER": "INT",
    "LONG": "BIGINT",
    "BIGINT": "BIGINT",
    "FLOAT": "FLOAT",
    "REAL": "FLOAT",
    "DOUBLE": "DOUBLE",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMP_NTZ": "TIMESTAMP",
    "BINARY": "BLOB",
}


def bind(tree: exp.Expr, parameters: Mapping[str, tuple[str | None, str]]) -> exp.Expr:
    """Puts each parameter's value in its place.

    Args:
        parameters: name to (value or None, Databricks type; empty means STRING).

    Raises:
        SqlError: UNBOUND_SQL_PARAMETER or INVALID_PARAMETER_MARKER_VALUE.
    """
    for marker in list(tree.find_all(exp.Placeholder, exp.Parameter)):
        name = marker.name
        if isinstance(marker, exp.Parameter) or name not in parameters:
            raise SqlError(
                "UNBOUND_SQL_PARAMETER",
                f"Found the unbound parameter: {name or '?'}. Please, fix `args` and provide a mapping of the "
                "parameter to either a SQL literal or collection constructor functions such as `map()`, `array()`, "
                "`struct()`.",
                "42P02",
            )
        marker.replace(_constant(name, *parameters[name]))
    return tree


def _constant(name: str, value: str | None, kind: str) -> exp.Expr:
    plain = kind.strip().upper() or "STRING"
    target = _TYPES.get(plain) or (
        plain if re.fullmatch(r"DECIMAL(\(\d{1,2}(,\s*\d{1,2})?\))?|NUMERIC", plain) else None
    )
    if target is None:
        raise SqlError(
            "INVALID_PARAMETER_MARKER_VALUE.INVALID_VALUE_DATA_TYPE",
            f"The parameter {name} has a type that parameters cannot have: {kind[:40]}.",
            "22023",
        )
    if target == "DECIMAL":
        target = "DECIMAL(10, 0)"
    literal = exp.Null() if value is None else exp.Literal.string(value)
    if target == "TEXT":
        # Bare, as both dialects then compare it with numbers and dates too.
        return literal
    return exp.Cast(this=literal, to=exp.DataType.build(target, dialect="duckdb"))

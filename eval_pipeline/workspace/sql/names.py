"""Resolves table names against the catalog: nothing but the sample tables is ever reached."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from eval_pipeline.workspace.datasets import CATALOG, DATASETS, SCHEMAS
from eval_pipeline.workspace.sql.errors import catalog_not_found, not_found, schema_not_found

DEFAULT_CATALOG = "main"
DEFAULT_SCHEMA = "default"
CATALOGS = (DEFAULT_CATALOG, CATALOG, "system")
INFORMATION = "information"
INFORMATION_SCHEMA = ("catalogs", "schemata", "tables", "columns")
"""Tables of `information_schema`; they live in DuckDB as `memory.information.<name>`."""


@dataclass(frozen=True)
class Scope:
    """Where unqualified names are looked up."""

    catalog: str = DEFAULT_CATALOG
    schema: str = DEFAULT_SCHEMA


def check_scope(scope: Scope) -> None:
    """Raises SqlError when the catalog or the schema is not there."""
    if scope.catalog.lower() not in CATALOGS:
        raise catalog_not_found(scope.catalog)
    if scope.schema.lower() not in schemas_of(scope.catalog):
        raise schema_not_found(scope.catalog, scope.schema)


def schemas_of(catalog: str) -> tuple[str, ...]:
    catalog = catalog.lower()
    if catalog == CATALOG:
        # A catalog's default schema may be named although it holds nothing.
        return (DEFAULT_SCHEMA, "information_schema", *SCHEMAS)
    return ("information_schema",) if catalog == "system" else (DEFAULT_SCHEMA, "information_schema")


def full_name(table: exp.Table, scope: Scope) -> tuple[str, str, str]:
    """Catalog, schema and name of a reference, lower case.

    Raises:
        SqlError: the name has more than three parts.
    """
    parts = [part.name for part in table.parts]
    if len(parts) > 3:
        raise not_found(*parts)
    catalog, schema, name = ([scope.catalog, scope.schema][: 3 - len(parts)] + parts)[:3]
    return catalog.lower(), schema.lower(), name.lower()


def resolve_tables(tree: exp.Expr, scope: Scope) -> set[str]:
    """Rewrites every table reference to DuckDB's name for it.

    Returns:
        The schemas of `samples` that the statement reads, and `INFORMATION`.

    Raises:
        SqlError: TABLE_OR_VIEW_NOT_FOUND.
    """
    for column in tree.find_all(exp.Column):
        # `tpch.orders.o_orderkey`: the reference is an alias by now.
        column.set("db", None)
        column.set("catalog", None)
    local = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    used: set[str] = set()
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            continue
        if len(table.parts) == 1 and table.name.lower() in local:
            continue
        catalog, schema, name = full_name(table, scope)
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
        if schema == "information_schema" and catalog in CATALOGS and name in INFORMATION_SCHEMA:
            used.add(INFORMATION)
            _point_to(table, "memory", INFORMATION, name if catalog == "system" else f"{catalog}_{name}", alias)
        elif f"{catalog}.{schema}.{name}" in DATASETS:
            used.add(schema)
            _point_to(table, catalog, schema, name, alias)
        else:
            raise not_found(*(part.name for part in table.parts))
    return used


def _point_to(table: exp.Table, catalog: str, schema: str, name: str, alias: exp.Expr) -> None:
    table.set("catalog", exp.to_identifier(catalog, quoted=True))
    table.set("db", exp.to_identifier(schema, quoted=True))
    table.set("this", exp.to_identifier(name, quoted=True))
    table.set("alias", alias)

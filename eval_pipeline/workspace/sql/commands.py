"""SHOW, DESCRIBE and USE, answered from the catalog's description as Databricks lays the answers out."""

from __future__ import annotations

import fnmatch
import re

from sqlglot import exp

from eval_pipeline.workspace.datasets import CATALOG, DATASETS, SCHEMAS
from eval_pipeline.workspace.sql import names
from eval_pipeline.workspace.sql.errors import catalog_not_found, not_found, schema_not_found, syntax_error, unsupported

Rows = tuple[tuple[str, ...], list[tuple[str | None, ...]]]
"""Column names, all STRING, and rows."""

_LIST = re.compile(
    r"(?P<what>catalogs|schemas|databases|tables|views|columns|functions)\b"
    r"(?:\s+(?:in|from)\s+(?P<name>[\w.`]+))?(?:\s+(?:in|from)\s+(?P<outer>[\w.`]+))?"
    r"(?:\s+(?:like\s+)?'(?P<like>[^']*)')?\s*",
    re.IGNORECASE,
)


def show(text: str, scope: names.Scope) -> Rows:
    """Answers `SHOW <text>`.

    Raises:
        SqlError: unknown object, or a form that is not served here.
    """
    match = _LIST.fullmatch(text.strip())
    if match is None:
        raise unsupported(f"SHOW {text.split()[0].upper() if text.split() else ''}")
    what = match["what"].lower()
    where = [part.strip("`").lower() for part in match["name"].split(".")] if match["name"] else []
    if match["outer"]:
        where = [part.strip("`").lower() for part in match["outer"].split(".")] + where[-1:]
    like = (match["like"] or "*").lower().replace("%", "*")

    def matches(name: str) -> bool:
        return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in like.split("|"))

    if what == "catalogs":
        return ("catalog",), [(name,) for name in names.CATALOGS if matches(name)]
    if what in ("schemas", "databases"):
        catalog = where[0] if where else scope.catalog
        if catalog not in names.CATALOGS:
            raise catalog_not_found(catalog)
        return ("databaseName",), [(name,) for name in names.schemas_of(catalog) if matches(name)]
    if what == "columns":
        if not where:
            raise syntax_error("end of input")
        return ("col_name",), [(column.name,) for column in _dataset(where, scope).columns]
    if what == "functions":
        return ("function",), []
    catalog, schema = ([scope.catalog, *where] if len(where) == 1 else where or [scope.catalog, scope.schema])[:2]
    if catalog not in names.CATALOGS or schema not in names.schemas_of(catalog):
        raise schema_not_found(catalog, schema)
    if what == "views":
        return ("namespace", "viewName", "isTemporary", "isMaterialized"), []
    tables = sorted(d.table for d in DATASETS.values() if (catalog, schema) == (CATALOG, d.schema))
    return ("database", "tableName", "isTemporary"), [(schema, table, "false") for table in tables if matches(table)]


def describe(statement: exp.Describe, scope: names.Scope) -> Rows:
    """Answers DESCRIBE of a table or a schema; DESCRIBE of a query is the engine's.

    Raises:
        SqlError: TABLE_OR_VIEW_NOT_FOUND, SCHEMA_NOT_FOUND.
    """
    target = statement.this
    if not isinstance(target, exp.Table):
        raise unsupported("DESCRIBE of this")
    parts = [part.name.lower() for part in target.parts]
    kind = str(statement.args.get("kind") or "").lower()
    if kind in ("schema", "database"):
        catalog, schema = ([scope.catalog, *parts])[-2:]
        if catalog != CATALOG or schema not in SCHEMAS:
            raise schema_not_found(catalog, schema)
        return ("database_description_item", "database_description_value"), [
            ("Catalog Name", catalog),
            ("Namespace Name", schema),
            ("Comment", "Sample data"),
            ("Owner", "System user"),
        ]
    dataset = _dataset(parts, scope)
    rows: list[tuple[str | None, ...]] = [(c.name, c.type, c.description) for c in dataset.columns]
    if str(statement.args.get("style") or "").upper() in ("EXTENDED", "FORMATTED"):
        rows += [
            ("", "", ""),
            ("# Detailed Table Information", "", ""),
            ("Catalog", CATALOG, ""),
            ("Database", dataset.schema, ""),
            ("Table", dataset.table, ""),
            ("Type", "MANAGED", ""),
            ("Comment", dataset.description, ""),
            ("Provider", "delta", ""),
        ]
    return ("col_name", "data_type", "comment"), rows


def use(statement: exp.Use, scope: names.Scope) -> names.Scope:
    """The scope after USE.

    Raises:
        SqlError: no such catalog or schema.
    """
    target = statement.this
    if not isinstance(target, exp.Table):
        raise syntax_error("end of input")
    parts = [part.name.lower() for part in target.parts]
    if str(statement.args.get("kind") or "").upper() == "CATALOG":
        wanted = names.Scope(parts[-1], names.DEFAULT_SCHEMA)
    elif len(parts) == 1:
        wanted = names.Scope(scope.catalog, parts[0])
    else:
        wanted = names.Scope(*parts[:2])
    names.check_scope(wanted)
    return wanted


def _dataset(parts: list[str], scope: names.Scope):
    full = ([scope.catalog, scope.schema][: max(0, 3 - len(parts))] + parts)[-3:]
    dataset = DATASETS.get(".".join(full).lower())
    if dataset is None or len(parts) > 3:
        raise not_found(*parts)
    return dataset

"""Names of result columns that a statement does not name: `count(1)`, `sum(o_totalprice)`, as Databricks gives them."""

from __future__ import annotations

from sqlglot import exp

from eval_pipeline.workspace.datasets import DATASETS
from eval_pipeline.workspace.sql.names import Scope, full_name

MAX_NAME = 255


def name_results(tree: exp.Expr, scope: Scope) -> exp.Expr:
    """Gives every unnamed expression of the outermost select list an alias."""
    select = tree
    while isinstance(select, exp.SetOperation | exp.Subquery):
        select = select.this
    if not isinstance(select, exp.Select):
        return tree
    written = _columns_as_written(select, scope)
    for projection in list(select.expressions):
        if isinstance(projection, exp.Column) and not isinstance(projection.this, exp.Star):
            # DuckDB answers with the table's spelling, Databricks with the statement's; ours differ only in case.
            if projection.name.lower() not in written or projection.name in written.values():
                continue
            projection.replace(exp.alias_(projection.copy(), projection.name, quoted=True))
        elif isinstance(projection, exp.Explode) and not isinstance(projection, exp.Posexplode):
            projection.replace(exp.alias_(projection.copy(), "col", quoted=True))
        elif not isinstance(projection, exp.Alias | exp.Aliases | exp.Star | exp.Column | exp.Posexplode | exp.Stack):
            name = _text(projection)[:MAX_NAME]
            projection.replace(exp.alias_(projection.copy(), name, quoted=True))
    return tree


def _text(projection: exp.Expr) -> str:
    if isinstance(projection, exp.Count) and isinstance(projection.this, exp.Star):
        return "count(1)"
    plain = projection.copy()
    for identifier in plain.find_all(exp.Identifier):
        identifier.set("quoted", False)
    return plain.sql(dialect="databricks", normalize_functions="lower", comments=False)


def _columns_as_written(select: exp.Select, scope: Scope) -> dict[str, str]:
    """Columns of the sample tables in FROM and JOIN, lower case to their own spelling."""
    spelled: dict[str, str] = {}
    for table in select.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and len(table.parts) <= 3:
            dataset = DATASETS.get(".".join(full_name(table, scope)))
            spelled.update((column.name.lower(), column.name) for column in (dataset.columns if dataset else ()))
    return spelled

"""What makes rows: range, stack; and lambdas over arrays."""

from __future__ import annotations

from sqlglot import exp

from eval_pipeline.workspace.sql.errors import SqlError, quoted, syntax_error
from eval_pipeline.workspace.sql.transforms.nodes import call


def range_has_an_id(node: exp.Expr) -> exp.Expr:
    """`FROM range(10)` has the column `id`."""
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        function = node.this
        if not _is_range(function):
            name = function.name if isinstance(function, exp.Anonymous) else function.key
            raise SqlError(
                "UNRESOLVABLE_TABLE_VALUED_FUNCTION",
                f"Could not resolve {quoted(name.lower()[:100])} to a table-valued function.",
                "42883",
            )
        old = node.args.get("alias")
        alias = exp.TableAlias(this=old.this if old else exp.to_identifier("range"), columns=[exp.to_identifier("id")])
        if old is not None and old.columns:
            alias.set("columns", old.columns)
        arguments = [argument.copy() for argument in function.expressions] or [
            value.copy() for key in ("start", "end", "step") if (value := function.args.get(key)) is not None
        ]
        return exp.Table(this=call("RANGE", *arguments[:3]), alias=alias)
    return node


def _is_range(function: exp.Expr) -> bool:
    return isinstance(function, exp.GenerateSeries) or (
        isinstance(function, exp.Anonymous) and function.name.lower() == "range"
    )


def stack_is_a_list_of_rows(node: exp.Expr) -> exp.Expr:
    """`SELECT stack(2, 'a', 1, 'b', 2) AS (k, v)`: n rows of the values given."""
    if not isinstance(node, exp.Select):
        return node
    for projection in list(node.expressions):
        call = projection.this if isinstance(projection, exp.Aliases) else projection
        if not isinstance(call, exp.Stack):
            continue
        count, values = call.this, call.expressions
        if not (isinstance(count, exp.Literal) and count.this.isdigit() and 0 < int(count.this) <= len(values)):
            raise syntax_error("'stack': it takes a number of rows and their values")
        rows = int(count.this)
        width = -(-len(values) // rows)
        names = (
            [identifier.name for identifier in projection.expressions] if isinstance(projection, exp.Aliases) else []
        )
        names = names or [f"col{index}" for index in range(width)]
        columns = [
            exp.alias_(
                exp.Unnest(expressions=[exp.Array(expressions=[v.copy() for v in values[index::width]])]),
                exp.to_identifier(name, quoted=True),
            )
            for index, name in enumerate(names)
        ]
        position = node.expressions.index(projection)
        node.set("expressions", [*node.expressions[:position], *columns, *node.expressions[position + 1 :]])
    return node


def exists_with_a_lambda(node: exp.Expr) -> exp.Expr:
    """`exists(array, x -> …)` is a filter that leaves something."""
    if isinstance(node, exp.Exists) and node.args.get("expression") is not None:
        found = exp.ArrayFilter(this=node.this.copy(), expression=node.expression.copy())
        return exp.GT(this=call("LEN", found), expression=exp.Literal.number(0))
    return node

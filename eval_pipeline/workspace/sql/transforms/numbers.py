"""Division, percentiles, limits."""

from __future__ import annotations

from sqlglot import exp

from eval_pipeline.workspace.sql.errors import DIVIDE_BY_ZERO, SqlError
from eval_pipeline.workspace.sql.transforms.nodes import call, wrapped


def division_by_zero_fails(node: exp.Expr) -> exp.Expr:
    """`a / 0` is an error in ANSI mode, where DuckDB gives infinity. Only plain divisors: the test repeats them."""
    if not isinstance(node, exp.Div | exp.IntDiv | exp.Mod):
        return node
    divisor = node.expression.unnest()
    if isinstance(divisor, exp.Nullif) or (isinstance(divisor, exp.Literal) and divisor.this.strip("0.") != ""):
        return node
    if divisor.find(exp.Div, exp.IntDiv, exp.Mod, exp.Query) or sum(1 for _ in divisor.walk()) > 60:
        return node
    is_zero = exp.EQ(this=wrapped(divisor), expression=exp.Literal.number(0))
    failure = call("ERROR", exp.Literal.string(DIVIDE_BY_ZERO))
    node.set("expression", exp.Case(ifs=[exp.If(this=is_zero, true=failure)], default=wrapped(divisor)))
    return node


def try_divide_gives_null(node: exp.Expr) -> exp.Expr:
    """`try_divide(a, b)` once, as a division by NULLIF."""
    if isinstance(node, exp.SafeDivide):
        divisor = exp.Nullif(this=node.expression.copy(), expression=exp.Literal.number(0))
        return exp.Paren(this=exp.Div(this=wrapped(node.this), expression=divisor, typed=False, safe=False))
    return node


def percentile_interpolates(node: exp.Expr) -> exp.Expr:
    """`percentile` and `median` lie between rows where they must; DuckDB's QUANTILE picks a row."""
    if isinstance(node, exp.Quantile):
        return call("QUANTILE_CONT", node.this.copy(), node.args["quantile"].copy())
    return node


def approx_percentile_is_exact(node: exp.Expr) -> exp.Expr:
    """`approx_percentile` gives a value that occurs; on small tables the exact one is a valid approximation."""
    if isinstance(node, exp.ApproxQuantile):
        return call("QUANTILE_DISC", node.this.copy(), node.args["quantile"].copy())
    return node


def approx_distinct_is_exact(node: exp.Expr) -> exp.Expr:
    """`approx_count_distinct`, exact for the same reason."""
    if isinstance(node, exp.ApproxDistinct):
        return exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))
    return node


def limits_are_numbers(node: exp.Expr) -> exp.Expr:
    """`LIMIT '5'` is an error, as it is for a parameter that was given without a type."""
    if (
        isinstance(node, exp.Limit | exp.Offset)
        and isinstance(node.expression, exp.Literal)
        and node.expression.is_string
    ):
        name = "limit" if isinstance(node, exp.Limit) else "offset"
        raise SqlError(
            "INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE",
            f'The limit like expression "{node.expression.name[:40]}" is invalid. The {name} expression must be '
            'integer type, but got "STRING".',
            "42K0E",
        )
    return node

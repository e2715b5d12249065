"""Texts, casts by function, null tests, JSON paths."""

from __future__ import annotations

from sqlglot import exp

from eval_pipeline.workspace.sql.transforms.nodes import cast, wrapped

_TEXT_FUNCTIONS = (
    *(
        exp.Pad,
        exp.Substring,
        exp.Upper,
        exp.Lower,
        exp.Trim,
        exp.Left,
        exp.Right,
        exp.RegexpReplace,
        exp.RegexpExtract,
    ),
    *(exp.Split, exp.StrPosition, exp.RegexpLike, exp.Initcap),
)


_CASTS = {
    "BIGINT": "BIGINT",
    "BOOLEAN": "BOOLEAN",
    "DECIMAL": "DECIMAL(10, 0)",
    "DOUBLE": "DOUBLE",
    "FLOAT": "FLOAT",
    "INT": "INT",
    "SMALLINT": "SMALLINT",
    "STRING": "TEXT",
    "TIMESTAMP": "TIMESTAMP",
    "TINYINT": "TINYINT",
}


def concat_with_null_is_null(node: exp.Expr) -> exp.Expr:
    """`concat(a, NULL)` is NULL; DuckDB's CONCAT skips nulls."""
    if isinstance(node, exp.Concat) and not isinstance(node, exp.ConcatWs) and len(node.expressions) > 1:
        parts = [exp.Paren(this=part.copy()) for part in node.expressions]
        joined: exp.Expr = parts[0]
        for part in parts[1:]:
            joined = exp.DPipe(this=joined, expression=part, safe=True)
        return exp.Paren(this=joined)
    return node


def text_functions_take_anything(node: exp.Expr) -> exp.Expr:
    """`lpad(month(d), 2, '0')`: numbers and dates become text."""
    if not isinstance(node, _TEXT_FUNCTIONS):
        return node
    is_text = isinstance(node.this, exp.Literal) and node.this.is_string
    if not is_text and not (isinstance(node.this, exp.Cast) and node.this.to.is_type("TEXT")):
        node.set("this", cast(node.this.copy(), "TEXT"))
    return node


def null_tests_are_operators(node: exp.Expr) -> exp.Expr:
    """`isnull(x)` and `isnotnull(x)`."""
    if isinstance(node, exp.Anonymous) and node.name.upper() in ("ISNULL", "ISNOTNULL") and len(node.expressions) == 1:
        test = exp.Paren(this=exp.Is(this=wrapped(node.expressions[0]), expression=exp.Null()))
        return test if node.name.upper() == "ISNULL" else exp.Paren(this=exp.Not(this=test))
    return node


def type_names_cast(node: exp.Expr) -> exp.Expr:
    """`bigint(x)`, `boolean(x)`."""
    if isinstance(node, exp.Anonymous) and node.name.upper() in _CASTS and len(node.expressions) == 1:
        return cast(node.expressions[0].copy(), _CASTS[node.name.upper()])
    return node


def json_paths_give_text(node: exp.Expr) -> exp.Expr:
    """`column:a.b` gives text."""
    if isinstance(node, exp.JSONExtract):
        return exp.JSONExtractScalar(
            **{key: value.copy() if isinstance(value, exp.Expr) else value for key, value in node.args.items()}
        )
    return node

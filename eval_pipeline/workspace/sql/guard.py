"""Which statements may go to a real warehouse: one, read-only, and nothing that reaches past its tables.

What sqlglot cannot parse is refused. The list of functions is of those that read secrets, files, other systems or cost
money by the call; functions of Unity Catalog (`catalog.schema.f(x)`) can do any of it and are refused too.
"""

from __future__ import annotations

import re

from sqlglot import exp

from eval_pipeline.workspace.sql.errors import read_only
from eval_pipeline.workspace.sql.parse import parse

_REFUSED = re.compile(
    r"(try_)?secret|list_secrets|http_request|remote_query|(try_)?reflect|java_method|vector_search|event_log"
    r"|read_\w+|cloud_files\w*|ai_\w+|try_ai_\w+|query_\w+|sql_keywords_|raise_error_",
    re.IGNORECASE,
)
_READABLE = re.compile(r"\s*(select|with|show|describe|desc|explain|values|\()", re.IGNORECASE)
_SHOWN = re.compile(
    r"(catalogs|schemas|databases|tables|views|columns|functions|partitions|tblproperties|table\s+extended)\b",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(r"(extended|formatted|cost|codegen)\s+", re.IGNORECASE)


def check_read_only(sql: str) -> None:
    """Raises SqlError unless `sql` is one statement that only reads tables or metadata."""
    if _READABLE.match(_without_comments(sql)) is None:
        raise read_only("a statement that does not begin with SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN")
    tree = parse(sql)
    if isinstance(tree, exp.Command):
        text = tree.expression.name if isinstance(tree.expression, exp.Expr) else str(tree.expression or "")
        if str(tree.this).upper() == "EXPLAIN":
            check_read_only(_EXPLAINED.sub("", text, count=1))
        elif _SHOWN.match(text.strip()) is None or ";" in text:
            raise read_only(f"SHOW {text[:40]}")
        return
    if isinstance(tree, exp.Use):
        raise read_only("USE")
    for call in tree.find_all(exp.Func):
        name = call.name if isinstance(call, exp.Anonymous) else call.sql_name()
        if _REFUSED.fullmatch(name):
            raise read_only(f"the function {name.lower()[:40]}")
        if isinstance(call.parent, exp.Dot) and call.arg_key == "expression":
            raise read_only("a function of a catalog")
    for table in tree.find_all(exp.Table):
        if any(re.search(r"[/:*]", part.name) for part in table.parts):
            raise read_only("a path in place of a table")


def _without_comments(sql: str) -> str:
    return re.sub(r"/\*.*?\*/|--[^\n]*(\n|$)", " ", sql, flags=re.DOTALL)

"""Reads one statement of the Databricks dialect and refuses what an app may not send.

Apps are hostile: the length, the number of tokens and the depth are bounded before anything walks the tree.
"""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from eval_pipeline.workspace.sql.errors import SqlError, read_only, syntax_error

MAX_LENGTH = 200_000
"""Characters of a statement."""
MAX_NODES = 20_000
"""Nodes of a syntax tree: DuckDB plans several thousand set operations for minutes without looking at an interrupt."""
MAX_SET_OPERATIONS = 200

COMMANDS = ("SHOW", "EXPLAIN")
"""Commands that sqlglot leaves as text and that only read."""

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def parse(sql: str) -> exp.Expr:
    """The one statement in `sql`: a query, Describe, Use, or a Command of `COMMANDS`.

    Raises:
        SqlError: it does not parse, is too large, holds several statements, or would write.
    """
    if len(sql) > MAX_LENGTH:
        raise SqlError("STATEMENT_TOO_LARGE", f"The statement is longer than {MAX_LENGTH} characters.", "54000")
    if re.match(r"\s*describe\s+query\b", sql, re.IGNORECASE):
        sql = re.sub(r"query\b", "", sql, count=1, flags=re.IGNORECASE)
    try:
        statements = [
            s for s in sqlglot.parse(sql, read="databricks") if s is not None and not isinstance(s, exp.Semicolon)
        ]
    except SqlglotError as error:
        raise syntax_error(_where(error)) from error
    except (RecursionError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        # sqlglot trips over some malformed text with plain Python errors.
        raise syntax_error(f"'{sql.strip()[:40]}'") from error
    if not statements:
        raise syntax_error("end of input")
    if len(statements) > 1:
        raise syntax_error("';': one statement at a time")
    statement = statements[0]
    _refuse_large(statement)
    if isinstance(statement, exp.Command) and str(statement.this).upper() in COMMANDS:
        return statement
    if isinstance(statement, exp.Describe | exp.Use):
        return statement
    if not isinstance(statement, exp.Query | exp.Values):
        raise _refused(statement, sql)
    for node in statement.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Into):
        raise read_only(node.key.upper())
    return statement


def _refused(statement: exp.Expr, sql: str) -> SqlError:
    word = re.match(r"\W*(\w+)", sql)
    name = (word.group(1) if word else statement.key).upper()
    if isinstance(
        statement,
        exp.DDL
        | exp.Insert
        | exp.Update
        | exp.Delete
        | exp.Merge
        | exp.Command
        | exp.Set
        | exp.Drop
        | exp.Alter
        | exp.TruncateTable,
    ):
        return read_only(name)
    if isinstance(statement, exp.Condition | exp.Alias | exp.Tuple):
        return syntax_error(f"'{name}'")
    return read_only(name)


def _refuse_large(statement: exp.Expr) -> None:
    sets = 0
    for nodes, node in enumerate(statement.walk()):
        sets += isinstance(node, exp.SetOperation)
        if nodes > MAX_NODES or sets > MAX_SET_OPERATIONS:
            raise SqlError("STATEMENT_TOO_COMPLEX", "The statement has too many parts for this warehouse.", "54001")


def _where(error: SqlglotError) -> str:
    details = getattr(error, "errors", None)
    if details:
        first = details[0]
        near = str(first.get("highlight") or "").strip()[:60]
        return f"'{near}' (line {first.get('line')}, pos {first.get('col')})" if near else "end of input"
    return f"'{_STYLE.sub('', str(error))[:60]}'"

"""Runs Databricks statements on a locked DuckDB that holds one session's sample data.

Lives in a worker process (see `worker.py`): DuckDB can be driven into gigabytes and minutes by one hostile statement
that no setting bounds (`repeat('x', 2000000000)`), so the process is what bounds it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError

from eval_pipeline.workspace import samples
from eval_pipeline.workspace.aggregates import aggregates
from eval_pipeline.workspace.sql import commands, information_schema, names, types
from eval_pipeline.workspace.sql.errors import SqlError, from_duckdb, syntax_error, timed_out, unsupported
from eval_pipeline.workspace.sql.functions import answer_about_session, check_functions
from eval_pipeline.workspace.sql.guard import check_read_only
from eval_pipeline.workspace.sql.macros import MACROS
from eval_pipeline.workspace.sql.parameters import bind
from eval_pipeline.workspace.sql.parse import parse
from eval_pipeline.workspace.sql.result_names import name_results
from eval_pipeline.workspace.sql.transforms import transform
from eval_pipeline.workspace.warehouse import ResultColumn

INLINE_BYTES = 26_214_400
"""Largest INLINE result, as on Databricks."""
MEMORY = "256MB"
_BATCH = 512


@dataclass(frozen=True)
class Plan:
    """A statement made ready: DuckDB's SQL, or an answer that needs none."""

    sql: str = ""
    answer: commands.Rows | None = None
    schemas: frozenset[str] = frozenset()
    is_explain: bool = False
    is_describe: bool = False


def translate(sql: str, parameters: Mapping[str, tuple[str | None, str]], scope: names.Scope) -> Plan:
    """Databricks' SQL to DuckDB's.

    Raises:
        SqlError: as Databricks would say it, or UNSUPPORTED_BY_LOCAL_WORKSPACE.
    """
    names.check_scope(scope)
    tree = parse(sql)
    if isinstance(tree, exp.Command):
        text = tree.expression.name if isinstance(tree.expression, exp.Expr) else str(tree.expression or "")
        if str(tree.this).upper() == "SHOW":
            return Plan(answer=commands.show(text, scope))
        words = text.split(maxsplit=1)
        if words and words[0].upper() in ("EXTENDED", "FORMATTED", "COST", "CODEGEN"):
            text = words[1] if len(words) > 1 else ""
        inner = translate(text, parameters, scope)
        return Plan(sql=inner.sql, schemas=inner.schemas, is_explain=True)
    if isinstance(tree, exp.Use):
        commands.use(tree, scope)
        return Plan(answer=((), []))
    if isinstance(tree, exp.Describe):
        if not isinstance(tree.this, exp.Query):
            return Plan(answer=commands.describe(tree, scope))
        inner = _query(tree.this, parameters, scope)
        return Plan(sql=inner.sql, schemas=inner.schemas, is_describe=True)
    return _query(tree, parameters, scope)


def _query(tree: exp.Expr, parameters: Mapping[str, tuple[str | None, str]], scope: names.Scope) -> Plan:
    try:
        tree = name_results(bind(tree, parameters), scope)
        check_functions(tree)
        tree = transform(answer_about_session(tree, scope))
        schemas = names.resolve_tables(tree, scope)
        return Plan(sql=tree.sql(dialect="duckdb"), schemas=frozenset(schemas))
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise unsupported(f"its translation failed ({type(error).__name__})") from error


def check(sql: str) -> dict[str, Any]:
    """Whether a statement may go to a real warehouse: `{}`, or `{error}` with the reason."""
    try:
        check_read_only(sql)
    except SqlError as error:
        return _failure(error)
    except RecursionError:
        return _failure(syntax_error("a part that is nested too deeply"))
    return {}


class Engine:
    """One session's data and the statements that run on it. Thread-safe: a cursor per statement."""

    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, duckdb.DuckDBPyConnection] = {}
        self._stopped: set[str] = set()
        self._open(seed)

    def _open(self, seed: int) -> None:
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY,
                "threads": "1",
                "temp_directory": "",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "python_enable_replacements": "false",
            },
        )
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        samples.prepare(connection, seed)
        connection.execute("USE memory.main")
        connection.execute("; ".join(f"CREATE MACRO {macro}" for macro in MACROS))
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        self._connection, self._drawn = connection, set[str]()

    def reseed(self, seed: int) -> None:
        """Draws other rows; statements that run already end on the old ones."""
        with self._lock:
            self._open(seed)

    def interrupt(self, statement_id: str) -> None:
        """Stops a running statement, which then fails with a time-out or a cancellation."""
        with self._lock:
            self._stopped.add(statement_id)
            cursor = self._running.get(statement_id)
        if cursor is not None:
            cursor.interrupt()

    def run(self, query: dict[str, Any]) -> dict[str, Any]:
        """Runs one statement.

        Args:
            query: `id, sql, parameters {name: [value, type]}, catalog, schema, row_limit, timeout_seconds`.

        Returns:
            `{columns, rows, truncated, aggregates}`, or `{error: {code, message, sqlstate}}`; JSON throughout.
        """
        timer = threading.Timer(query["timeout_seconds"], self.interrupt, (query["id"],))
        timer.daemon = True
        timer.start()
        try:
            return self._run(query)
        except SqlError as error:
            return _failure(error)
        except duckdb.InterruptException:
            return _failure(timed_out(query["timeout_seconds"]))
        except (duckdb.Error, MemoryError) as error:
            return _failure(from_duckdb(error))
        except (OverflowError, ValueError, RecursionError) as error:
            return _failure(unsupported(f"a value cannot be shown ({type(error).__name__})"))
        finally:
            timer.cancel()
            with self._lock:
                self._running.pop(query["id"], None)
                self._stopped.discard(query["id"])

    def _run(self, query: dict[str, Any]) -> dict[str, Any]:
        scope = names.Scope(query["catalog"] or names.DEFAULT_CATALOG, query["schema"] or names.DEFAULT_SCHEMA)
        parameters = {name: (value, kind) for name, (value, kind) in query["parameters"].items()}
        plan = translate(query["sql"], parameters, scope)
        limit = query["row_limit"]
        if plan.answer is not None:
            columns, rows = plan.answer
            described = [ResultColumn(name, "STRING", "STRING") for name in columns]
            return _success(described, [list(row) for row in rows[:limit]], limit is not None and len(rows) > limit)
        with self._lock:
            for schema in sorted(plan.schemas - self._drawn):
                if schema == names.INFORMATION:
                    information_schema.create(self._connection)
                else:
                    samples.draw(self._connection, schema)
                self._drawn.add(schema)
            cursor = self._connection.cursor()
            self._running[query["id"]] = cursor
            if query["id"] in self._stopped:
                raise timed_out(query["timeout_seconds"])
        with cursor:
            if plan.is_explain:
                found = cursor.execute(f"EXPLAIN {plan.sql}").fetchall()
                text = "== Physical Plan ==\n" + "\n".join(str(row[-1]) for row in found)
                return _success([ResultColumn("plan", "STRING", "STRING")], [[text]], False)
            cursor.execute(plan.sql)
            columns = [types.describe(name, kind) for name, kind, *_ in cursor.description or ()]
            if plan.is_describe:
                rows = [[column.name, column.type_text.lower(), None] for column in columns]
                return _success(
                    [ResultColumn(n, "STRING", "STRING") for n in ("col_name", "data_type", "comment")], rows, False
                )
            return _success(columns, *_fetch(cursor, limit))


def _fetch(cursor: duckdb.DuckDBPyConnection, limit: int | None) -> tuple[list[list[str | None]], bool]:
    """Rows as cells, and whether more were there than `limit`.

    Raises:
        SqlError: the result is over the INLINE limit.
    """
    rows: list[list[str | None]] = []
    size = 0
    while batch := cursor.fetchmany(_BATCH):
        for row in batch:
            if limit is not None and len(rows) == limit:
                return rows, True
            cells = [types.cell(value) for value in row]
            size += 4 + sum(len(text) + 3 if text is not None else 5 for text in cells)
            if size > INLINE_BYTES:
                raise SqlError(
                    "INLINE_BYTE_LIMIT_EXCEEDED",
                    "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size "
                    f"of at most {INLINE_BYTES} bytes. Please execute the statement with disposition=EXTERNAL_LINKS "
                    "if you want to download the full result.",
                    "54000",
                )
            rows.append(cells)
    return rows, False


def _success(columns: list[ResultColumn], rows: list[Any], truncated: bool) -> dict[str, Any]:
    figures = aggregates(columns, rows)
    described = [asdict(column) for column in columns]
    return {"columns": described, "rows": rows, "truncated": truncated, "aggregates": figures}


def _failure(error: SqlError) -> dict[str, Any]:
    return {"error": {"code": error.code, "message": error.message, "sqlstate": error.sqlstate}}

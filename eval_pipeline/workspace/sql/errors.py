"""Errors of statements, in Databricks' words: a class, a message, an SQLSTATE."""

from __future__ import annotations

import re

MAX_MESSAGE = 2000
"""Characters of a message that travel; statements and so messages are hostile text."""

UNSUPPORTED = "UNSUPPORTED_BY_LOCAL_WORKSPACE"
"""Valid on Databricks as far as we know, but not here: our shortcoming, never the app's."""

DIVIDE_BY_ZERO = "DIVIDE_BY_ZERO"
"""Also the text that translated divisions raise inside DuckDB."""


class SqlError(Exception):
    """A statement failed.

    Attributes:
        code: the error class (`TABLE_OR_VIEW_NOT_FOUND`), with a subclass after a dot where Databricks has one.
        message: `[CODE] text SQLSTATE: 42P01`, as the API sends it.
        sqlstate: five characters.
    """

    def __init__(self, code: str, text: str, sqlstate: str) -> None:
        self.code = code
        self.sqlstate = sqlstate
        self.message = f"[{code}] {text[:MAX_MESSAGE].rstrip()} SQLSTATE: {sqlstate}"
        super().__init__(self.message)


def quoted(*parts: str) -> str:
    return ".".join(f"`{part}`" for part in parts)


def syntax_error(near: str) -> SqlError:
    return SqlError("PARSE_SYNTAX_ERROR", f"Syntax error at or near {near}.", "42601")


def not_found(*parts: str) -> SqlError:
    return SqlError(
        "TABLE_OR_VIEW_NOT_FOUND",
        f"The table or view {quoted(*parts)} cannot be found. Verify the spelling and correctness of the schema and "
        "catalog.\nIf you did not qualify the name with a schema, verify the current_schema() output, or qualify the "
        "name with the correct schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or DROP "
        "TABLE IF EXISTS.",
        "42P01",
    )


def schema_not_found(*parts: str) -> SqlError:
    return SqlError(
        "SCHEMA_NOT_FOUND",
        f"The schema {quoted(*parts)} cannot be found. Verify the spelling and correctness of the schema and catalog.",
        "42704",
    )


def catalog_not_found(name: str) -> SqlError:
    return SqlError(
        "NO_SUCH_CATALOG_EXCEPTION",
        f"Catalog '{name}' was not found. Please verify the catalog name and then retry the query or command again.",
        "42704",
    )


def read_only(what: str) -> SqlError:
    return SqlError(
        "INSUFFICIENT_PERMISSIONS",
        f"Insufficient privileges: {what} is not allowed: this principal may only read (SELECT, SHOW, DESCRIBE, "
        "EXPLAIN, USE).",
        "42501",
    )


def unsupported(what: str) -> SqlError:
    return SqlError(UNSUPPORTED, f"The local workspace cannot run this statement: {what}", "0A000")


def unresolved_routine(name: str) -> SqlError:
    return SqlError(
        "UNRESOLVED_ROUTINE",
        f"Cannot resolve routine {quoted(name)} on search path [`system`.`builtin`, `system`.`session`].",
        "42883",
    )


def timed_out(seconds: float) -> SqlError:
    return SqlError(
        "STATEMENT_TIMEOUT",
        f"The statement ran longer than the limit of {seconds:g} seconds and was stopped.",
        "57KD0",
    )


def exhausted() -> SqlError:
    return SqlError("RESOURCE_EXHAUSTED", "The statement needs more memory than this warehouse has.", "53200")


def unresolved_column(name: str, candidates: list[str]) -> SqlError:
    text = f"A column, variable, or function parameter with name {quoted(*name.split('.'))} cannot be resolved."
    if not candidates:
        return SqlError("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", text, "42703")
    listed = ", ".join(quoted(*candidate.split(".")) for candidate in candidates[:5])
    return SqlError(
        "UNRESOLVED_COLUMN.WITH_SUGGESTION", f"{text} Did you mean one of the following? [{listed}].", "42703"
    )


_COLUMN = re.compile(
    r'Referenced (?:column|table) "(.+?)" (?:was )?not found|'
    r'(?:Table|Values list) "?.+?"? does not have a column named "(.+?)"|'
    r'Column "(.+?)" referenced .+ but not'
)
_CANDIDATES = re.compile(r"Candidate (?:bindings|tables)\s*: (.+)")
_TABLE = re.compile(r"Table with name (.+?) does not exist")
_FUNCTION = re.compile(r"Function with name \"?(.+?)\"? does not exist", re.IGNORECASE)
_CAST = re.compile(r"Could not convert string ['\"](.*?)['\"] to (\w+)|invalid \w+ field format: \"(.*?)\"", re.DOTALL)
_TOO_BIG = re.compile(r"with value (\S+) can't be cast")
_INTEGERS = {"INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INT", "INT64": "BIGINT"}


def from_duckdb(error: Exception) -> SqlError:
    """The Databricks error that a DuckDB exception stands for; unknown ones are our shortcoming."""
    kind, text = type(error).__name__, str(error)
    first = text.split("\n", 1)[0].split(": ", 1)[-1]
    if DIVIDE_BY_ZERO in text:
        return SqlError(
            DIVIDE_BY_ZERO,
            "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If necessary set "
            '"ansi_mode" to "false" to bypass this error.',
            "22012",
        )
    if kind == "OutOfMemoryException" or isinstance(error, MemoryError):
        return exhausted()
    if match := _COLUMN.search(text):
        name = next(group for group in match.groups() if group)
        found = _CANDIDATES.search(text)
        return unresolved_column(name, re.findall(r'"(.+?)"', found.group(1)) if found else [])
    if match := _TABLE.search(text):
        return not_found(match.group(1))
    if match := _FUNCTION.search(text):
        return unsupported(f"it has no function {match.group(1)}")
    if kind == "ParserException":
        return unsupported(first)
    if "must appear in the GROUP BY clause" in text:
        name = re.search(r'column "(.+?)"', text)
        return SqlError(
            "MISSING_AGGREGATION",
            f'The non-aggregating expression "{name.group(1) if name else "expression"}" is based on columns which are '
            "not participating in the GROUP BY clause.\nAdd the columns or the expression to the GROUP BY, aggregate "
            'the expression, or use "any_value(...)" if you do not care which of the values within a group is '
            "returned.",
            "42803",
        )
    if "Ambiguous reference" in text:
        name = re.search(r'"(.+?)"', text)
        return SqlError(
            "AMBIGUOUS_REFERENCE", f"Reference {quoted(name.group(1) if name else '?')} is ambiguous.", "42704"
        )
    if kind == "ConversionException":
        if match := _TOO_BIG.search(text):
            return SqlError("CAST_OVERFLOW", f"The value {match.group(1)} cannot be cast due to an overflow.", "22003")
        match = _CAST.search(text)
        value, target = (match.group(1) or match.group(3), match.group(2) or "DATE") if match else ("?", "the type")
        target = _INTEGERS.get(target, target)
        return SqlError(
            "CAST_INVALID_INPUT",
            f'The value \'{value}\' of the type "STRING" cannot be cast to "{target}" because it is malformed. Correct '
            "the value as per the syntax, or change its target type. Use `try_cast` to tolerate malformed input and "
            "return NULL instead.",
            "22018",
        )
    if kind == "OutOfRangeException":
        return SqlError("ARITHMETIC_OVERFLOW", f"{first}", "22003")
    if "No function matches" in text or "Cannot compare values of type" in text or "Cannot mix values" in text:
        return SqlError(
            "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", f"Cannot resolve due to data type mismatch: {first}", "42K09"
        )
    if "aggregate function calls cannot be nested" in text or "cannot contain aggregates" in text:
        return SqlError("GROUP_BY_AGGREGATE", f"Aggregate functions are not allowed here: {first}", "42903")
    if "Scalar Subquery" in text or "More than one row returned by a subquery" in text:
        return SqlError(
            "SCALAR_SUBQUERY_TOO_MANY_ROWS", "More than one row returned by a subquery used as an expression.", "21000"
        )
    return unsupported(first)

"""Dates and timestamps: types, arithmetic, parts."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects import Databricks

from eval_pipeline.workspace.datasets import DATASETS
from eval_pipeline.workspace.sql.errors import unsupported
from eval_pipeline.workspace.sql.transforms.nodes import call, cast, is_cast

_UNITS = {
    **dict.fromkeys(("YEAR", "YYYY", "YY"), "year"),
    "QUARTER": "quarter",
    **dict.fromkeys(("MONTH", "MM", "MON"), "month"),
    "WEEK": "week",
    **dict.fromkeys(("DAY", "DD"), "day"),
    "HOUR": "hour",
    "MINUTE": "minute",
    "SECOND": "second",
    "MILLISECOND": "milliseconds",
    "MICROSECOND": "microseconds",
}


_CALENDAR = (
    *(exp.Year, exp.Quarter, exp.Month, exp.Week, exp.WeekOfYear, exp.Day, exp.DayOfMonth, exp.DayOfYear),
    *(exp.Hour, exp.Minute, exp.Second, exp.Length, exp.ArraySize),
)


_DAY_UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


_DATE_COLUMNS = {column.name for dataset in DATASETS.values() for column in dataset.columns if column.type == "date"}


def timestamps_are_utc(node: exp.Expr) -> exp.Expr:
    """Sessions run in UTC, so a TIMESTAMP needs no zone: DuckDB's plain TIMESTAMP shows and compares the same."""
    if isinstance(node, exp.DataType) and node.this in (
        exp.DataType.Type.TIMESTAMPTZ,
        exp.DataType.Type.TIMESTAMPLTZ,
        exp.DataType.Type.TIMESTAMPNTZ,
    ):
        node.set("this", exp.DataType.Type.TIMESTAMP)
    return node


def now_is_utc(node: exp.Expr) -> exp.Expr:
    """`current_timestamp()` and `now()` without a zone, for the same reason."""
    if isinstance(node, exp.CurrentTimestamp) and not isinstance(node.parent, exp.Cast):
        return cast(node.copy(), "TIMESTAMP")
    return node


def trunc_gives_a_date(node: exp.Expr) -> exp.Expr:
    """`trunc(d, 'MM')` is a DATE and knows Databricks' unit names; an unknown unit gives NULL."""
    if not isinstance(node, exp.DateTrunc | exp.TimestampTrunc):
        return node
    unit = node.args.get("unit")
    name = _UNITS.get(unit.name.upper()) if unit is not None else None
    if unit is None or not isinstance(unit, exp.Literal | exp.Var):
        raise unsupported("date_trunc and trunc need a constant unit")
    is_date = isinstance(node, exp.DateTrunc)
    if name is None:
        return exp.Null()
    truncated = call("DATE_TRUNC", exp.Literal.string(name), cast(node.this.copy(), "TIMESTAMP"))
    return cast(truncated, "DATE" if is_date else "TIMESTAMP")


def date_arithmetic_keeps_dates(node: exp.Expr) -> exp.Expr:
    """`date_add`, `date_sub`, `add_months` and `last_day` give a DATE; DuckDB's intervals make timestamps."""
    if isinstance(node, exp.TsOrDsAdd | exp.AddMonths | exp.LastDay) and not is_cast(node, "DATE"):
        return cast(node.copy(), "DATE")
    return node


def dates_of_text(node: exp.Expr) -> exp.Expr:
    """`datediff('2024-01-01', d)`: text stands for a date."""
    if isinstance(node, exp.DateDiff | exp.TsOrDsDiff | exp.TimestampDiff):
        for key in ("this", "expression"):
            argument = node.args[key]
            if isinstance(argument, exp.Literal) and argument.is_string:
                node.set(key, cast(argument.copy(), "TIMESTAMP"))
    return node


def last_day_of_text(node: exp.Expr) -> exp.Expr:
    """`last_day('2024-02-03')`: text stands for a date."""
    if isinstance(node, exp.LastDay) and isinstance(node.this, exp.Literal):
        node.set("this", cast(node.this.copy(), "DATE"))
    return node


def weekdays_are_counted_as_databricks_does(node: exp.Expr) -> exp.Expr:
    """`dayofweek` is 1 for Sunday (DuckDB 0); `weekday` is 0 for Monday (DuckDB 0 for Sunday)."""
    if isinstance(node, exp.DayOfWeek) and not isinstance(node.parent, exp.Paren):
        return exp.Paren(this=exp.Add(this=node.copy(), expression=exp.Literal.number(1)))
    if isinstance(node, exp.Anonymous) and node.name.upper() == "WEEKDAY":
        monday_first = exp.DayOfWeekIso(this=cast(node.expressions[0].copy(), "DATE"))
        return exp.Paren(this=exp.Sub(this=monday_first, expression=exp.Literal.number(1)))
    if isinstance(node, exp.Extract) and node.name.upper() in ("DAYOFWEEK", "DOW"):
        return exp.DayOfWeek(this=node.expression.copy())
    return node


def epoch_of_timestamps(node: exp.Expr) -> exp.Expr:
    """`unix_timestamp(ts)` of a timestamp, which sqlglot takes for text in a format; whole seconds."""
    if not isinstance(node, exp.StrToUnix | exp.UnixSeconds | exp.TimeToUnix):
        return node
    if node.this is None:
        return cast(call("EPOCH", exp.CurrentTimestamp()), "BIGINT")
    pattern = node.args.get("format")
    moment = node.this.copy()
    if pattern is None or pattern.name.replace("strict", "") == "%Y-%m-%d %H:%M:%S":
        moment = cast(moment, "TIMESTAMP")
    else:
        known = pattern if "%" in pattern.name else Databricks.format_time(pattern)
        moment = exp.StrToTime(this=cast(moment, "TEXT"), format=known or pattern.copy())
    return cast(call("EPOCH", moment), "BIGINT")


def calendar_parts_are_ints(node: exp.Expr) -> exp.Expr:
    """`year(d)`, `hour(ts)`, `length(s)`, `row_number()` are INT, where DuckDB has BIGINT."""
    if isinstance(node.parent, exp.Cast):
        return node
    counted = node.this if isinstance(node, exp.Window) else node
    kinds = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile) if counted is not node else _CALENDAR
    return cast(node.copy(), "INT") if isinstance(counted, kinds) else node


def dates_plus_intervals_are_dates(node: exp.Expr) -> exp.Expr:
    """`o_orderdate + INTERVAL 1 MONTH` stays a DATE; known for what is a date at sight."""
    if isinstance(node, exp.Add | exp.Sub) and isinstance(node.expression, exp.Interval):
        unit = node.expression.args.get("unit")
        if unit is not None and unit.name.upper().rstrip("S") in _DAY_UNITS and _is_date(node.this):
            return cast(exp.Paren(this=node.copy()), "DATE")
    if isinstance(node, exp.GenerateSeries) and _is_date(node.args["start"]) and not isinstance(node.parent, exp.Cast):
        return cast(node.copy(), "DATE[]")
    return node


def _is_date(node: exp.Expr) -> bool:
    node = node.unnest()
    if isinstance(node, exp.Cast):
        return node.to.is_type("DATE")
    return isinstance(node, exp.CurrentDate) or (isinstance(node, exp.Column) and node.name.lower() in _DATE_COLUMNS)

"""What the stages' definitions share: partitions, owners, column schemas, previews for the UI."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import dagster as dg

from eval_pipeline.resources.home import Home
from eval_pipeline.settings import get_settings
from eval_pipeline.storage.schemas import TABLES

OWNERS = ["team:app-quality"]

Table = Any
"""A pandas DataFrame; pandas is not imported while definitions load, which would take half as long again."""

daily = dg.DailyPartitionsDefinition(start_date=get_settings().start_date.isoformat(), timezone="UTC", end_offset=1)

RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For steps that talk to a service; generation and evaluation retry per app instead."""

_TYPES = {"string": "string", "int": "int", "float": "float", "bool": "bool"}


def table_metadata(name: str) -> dict[str, Any]:
    """Column schema of an asset's table, for its definition."""
    columns = [
        dg.TableColumn(column.name, _TYPES[column.type], description=column.description)
        for column in TABLES[name].columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


def description(name: str, more: str = "") -> str:
    """An asset's description, which says what a row is."""
    return f"A row is {TABLES[name].row}. {more}".strip()


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], limit: int = 40) -> dg.MarkdownMetadataValue:
    """A Markdown table for the UI: cells escaped and cut, at most `limit` rows."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows[:limit]]
    if len(rows) > limit:
        lines.append(f"\n… and {len(rows) - limit} more")
    return dg.MetadataValue.md("\n".join(lines))


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
    text = text if len(text) <= 120 else text[:119] + "…"
    for character in "\\`*_[]<>|":
        text = text.replace(character, "\\" + character if character not in "<>" else f"&#{ord(character)};")
    return " ".join(text.split())


def trend_plot(series: Sequence[dict[str, Any]], days: int = 60) -> dg.MarkdownMetadataValue:
    """An inline picture of the success rate with its interval, a line a generator, for the asset's page."""
    import base64
    import io

    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    first = [row for row in series if row["repeat"] == 1 and row["success_rate"] is not None]
    for generator in sorted({row["generator"] for row in first}):
        rows = sorted((row for row in first if row["generator"] == generator), key=lambda row: row["date"])[-days:]
        dates: list[Any] = [dt.date.fromisoformat(row["date"]) for row in rows]
        axes.plot(dates, [row["success_rate"] for row in rows], marker=".", label=generator)
        low, high = ([row[f"success_rate_{end}"] for row in rows] for end in ("low", "high"))
        axes.fill_between(dates, low, high, alpha=0.2)
    axes.set(ylim=(0, 1.02), ylabel="success rate, 95 % interval")
    if first:
        axes.legend(loc="lower left")
    figure.autofmt_xdate()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return dg.MetadataValue.md(f"![trend](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})")


def rows_in_hand(context: dg.AssetCheckExecutionContext, home: Home, table: str) -> Table:
    """The rows that a check is about: the run's date, or the newest when a check is run by itself.

    A check's own inputs would load every partition.
    """
    date = context.run.tags.get("dagster/partition") or max(home.tables.dates(table), default=None)
    return home.tables.read(table, [date] if date else [])

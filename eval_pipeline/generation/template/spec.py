"""AppSpec: everything that one template app shows and asks, decided; render.py only writes it down."""

from __future__ import annotations

from typing import Literal

from eval_pipeline.generation.template.catalogue import Format, Grain
from eval_pipeline.model import Value

Accent = Literal["teal", "indigo", "amber", "rose", "emerald", "violet", "sky", "orange"]
Layout = Literal["stack", "split", "rail"]
ChartKind = Literal["line", "area", "bar", "pie", "scatter", "heat"]


class Output(Value):
    """A column of a result: its name in SQL and in the API, its heading, its SQL, how it reads."""

    name: str
    label: str
    sql: str
    format: Format

    @property
    def is_number(self) -> bool:
        return self.format in ("count", "number", "money", "percent")


class OrderBy(Value):
    """A result's order: by one of its columns, or by an expression that is not shown."""

    column: str | None = None
    expression: str | None = None
    descending: bool = False


class Query(Value):
    """One statement without the visitor's filters. `from_sql` holds the joins that its columns and all filters need."""

    outputs: tuple[Output, ...]
    from_sql: str
    where: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    order_by: tuple[OrderBy, ...] = ()
    limit: int | None = None


class ChoiceFilter(Value):
    kind: Literal["choice"] = "choice"
    name: str
    label: str
    format: Format
    condition: str
    options: Query


class NumberFilter(Value):
    kind: Literal["number"] = "number"
    name: str
    label: str
    step: float
    condition: str


class DatesFilter(Value):
    """Two bounds, both inclusive, under the parameter names `from_date` and `to_date`."""

    kind: Literal["dates"] = "dates"
    label: str
    from_condition: str
    to_condition: str
    bounds: Query


Filter = ChoiceFilter | NumberFilter | DatesFilter


class Heading(Value):
    title: str
    format: Format


class Chart(Value):
    """Its query's columns are always label, series, x, y; those it does not use are NULL."""

    id: str
    kind: ChartKind
    title: str
    label: Heading
    series: Heading | None = None
    x: Heading | None = None
    y: Heading
    query: Query


class Table(Value):
    title: str
    query: Query


class AppSpec(Value):
    """One dashboard. Every text of the prompt in it is data, never code."""

    app_name: str
    title: str
    question: str
    subject: str
    tables: tuple[str, ...]
    accent: Accent
    layout: Layout
    grain: Grain | None
    filters: tuple[Filter, ...]
    kpis: Query
    charts: tuple[Chart, ...]
    table: Table

    def queries(self) -> dict[str, Query]:
        """Every query of the app by what it is for."""
        found = {"kpis": self.kpis, "table": self.table.query}
        found |= {f"chart {chart.id}": chart.query for chart in self.charts}
        for item in self.filters:
            if isinstance(item, ChoiceFilter):
                found[f"choices of {item.name}"] = item.options
            elif isinstance(item, DatesFilter):
                found["date bounds"] = item.bounds
        return found

    def conditions(self) -> dict[str, tuple[str, str]]:
        """SQL condition and parameter type of every filter parameter, by its name."""
        found: dict[str, tuple[str, str]] = {}
        for item in self.filters:
            if isinstance(item, DatesFilter):
                found["from_date"] = (item.from_condition, "DATE")
                found["to_date"] = (item.to_condition, "DATE")
            else:
                found[item.name] = (item.condition, "STRING" if item.kind == "choice" else "DOUBLE")
        return found

"""The two TypeScript modules of an app that come from its spec: what the server asks, what the page shows."""

from __future__ import annotations

from collections.abc import Iterable

from eval_pipeline.generation.template.spec import AppSpec, ChoiceFilter, DatesFilter, NumberFilter, Query
from eval_pipeline.generation.template.typescript import Call, Raw, literal

_MAX_CHOICE = 200
"""Characters of a filter's value."""


def queries_module(spec: AppSpec) -> str:
    """`server/src/queries.ts`: the SQL, the rows' types, the filters' types."""
    sources: dict[str, str] = {}
    dates = [item for item in spec.filters if isinstance(item, DatesFilter)]
    choices = {item.name: item.options for item in spec.filters if isinstance(item, ChoiceFilter)}
    conditions = {name: {"condition": condition, "type": kind} for name, (condition, kind) in spec.conditions().items()}
    bounds = _query(dates[0].bounds, sources, "dateBoundsRow") if dates else Raw("undefined")
    charts = {chart.id: _query(chart.query, sources, "chartRow") for chart in spec.charts}
    body = [
        _export("kpis", _query(spec.kpis, sources)),
        f"const chartRow = {literal(_row(spec.charts[0].query))};",
        f"export const chartIds = {literal([chart.id for chart in spec.charts])} as const;",
        _export("charts", charts, " satisfies Record<(typeof chartIds)[number], unknown>"),
        f"export const tableColumns = {literal([o.name for o in spec.table.query.outputs])} as const;",
        _export("table", _query(spec.table.query, sources)),
        _export("choices", {name: _query(query, sources, "choiceRow") for name, query in choices.items()}),
        "export type ChoiceId = keyof typeof choices;",
        f"export const dateBounds: DateBoundsSpec | undefined = {literal(bounds)};",
    ]
    imports = ["cell", *(["dateBoundsRow"] if dates else []), "defineQuery", "type DateBoundsSpec", "type FilterSpec"]
    froms = [f'const {name} = {literal(source.splitlines())}.join("\\n");' for source, name in sources.items()]
    return "\n".join(
        [
            "/** The queries and filters of this dashboard. Visitors' values are parameters, never part of the SQL. */",
            'import { z } from "zod";',
            f'import {{ {", ".join(imports)} }} from "./query.js";',
            "",
            *froms,
            "",
            "/** What a visitor may send. */",
            f"export const filtersInput = z.strictObject({_inputs(spec)});",
            "",
            "type FilterName = keyof z.infer<typeof filtersInput>;",
            "",
            "/** The condition that each filter adds. */",
            f"export const filters = {literal(conditions)} satisfies Record<FilterName, FilterSpec>;",
            "",
            *(["const choiceRow = z.object({ choice: cell.text });", ""] if choices else []),
            "\n\n".join(body),
            "",
        ]
    )


def dashboard_module(spec: AppSpec) -> str:
    """`client/src/dashboard.ts`: headings, formats, kinds of charts."""
    page = {
        "title": spec.title,
        "question": spec.question,
        "source": ", ".join(spec.tables),
        "accent": spec.accent,
        "layout": spec.layout,
        "filters": [_control(item) for item in spec.filters],
        "kpis": [{"name": o.name, "label": o.label, "format": o.format} for o in spec.kpis.outputs],
        "charts": [
            {
                "id": chart.id,
                "kind": chart.kind,
                "title": chart.title,
                "label": chart.label.model_dump(),
                "series": chart.series and chart.series.model_dump(),
                "x": chart.x and chart.x.model_dump(),
                "y": chart.y.model_dump(),
            }
            for chart in spec.charts
        ],
        "table": {
            "title": spec.table.title,
            "columns": [{"name": o.name, "label": o.label, "format": o.format} for o in spec.table.query.outputs],
        },
    }
    return (
        "/** What this dashboard's page shows; the compiler holds it against the API's own types. */\n"
        'import type { Dashboard } from "./spec";\n\n'
        f"export const dashboard = {literal(page)} as const satisfies Dashboard;\n"
    )


def _control(item: ChoiceFilter | NumberFilter | DatesFilter) -> dict[str, object]:
    if isinstance(item, ChoiceFilter):
        return {"kind": item.kind, "name": item.name, "label": item.label, "format": item.format}
    if isinstance(item, NumberFilter):
        return {"kind": item.kind, "name": item.name, "label": item.label, "step": item.step}
    return {"kind": item.kind, "from": "from_date", "to": "to_date", "label": item.label}


def _inputs(spec: AppSpec) -> str:
    kinds = {
        "STRING": f"z.string().min(1).max({_MAX_CHOICE}).optional()",
        "DATE": "z.iso.date().optional()",
        "DOUBLE": "z.number().nonnegative().optional()",
    }
    return literal({name: Raw(kinds[kind]) for name, (_, kind) in spec.conditions().items()})


def _query(query: Query, sources: dict[str, str], row: str | None = None) -> Call:
    """A `defineQuery` call; its FROM becomes a constant, shared by the queries that have the same."""
    name = sources.setdefault(query.from_sql, _source_name(query.from_sql, sources.values()))
    entries: dict[str, object] = {
        "row": Raw(row) if row else _row(query),
        "select": {output.name: output.sql for output in query.outputs},
        "from": Raw(name),
        "where": list(query.where) or None,
        "groupBy": list(query.group_by) or None,
        "orderBy": [
            {"expression": order.expression, "column": order.column, "descending": order.descending}
            for order in query.order_by
        ]
        or None,
        "limit": query.limit,
    }
    return Call("defineQuery", entries)


def _row(query: Query) -> Call:
    cells = {o.name: Raw("cell.number" if o.is_number else "cell.text") for o in query.outputs}
    return Call("z.object", cells)


def _source_name(source: str, taken: Iterable[str]) -> str:
    """`fromTrips`, `fromOrdersCustomerNation`."""
    tables = [line.split()[1].rsplit(".", 1)[-1] for line in source.splitlines()]
    name = "from" + "".join(part.capitalize() for table in tables for part in table.split("_"))
    return name if name not in set(taken) else f"{name}{len(set(taken))}"


def _export(name: str, value: object, suffix: str = "") -> str:
    return f"export const {name} = {literal(value)}{suffix};"

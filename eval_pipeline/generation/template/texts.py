"""Texts of an app that come from its spec: the README and the test of its own queries."""

from __future__ import annotations

import re

from eval_pipeline.generation.template.spec import AppSpec
from eval_pipeline.generation.template.typescript import literal


def readme(spec: AppSpec) -> str:
    """How to run it, what it shows, where it reads."""
    kpis = ", ".join(output.label for output in spec.kpis.outputs)
    charts = "\n".join(f"- {chart.title} ({chart.kind})" for chart in spec.charts)
    filters = ", ".join(item.label for item in spec.filters)
    tables = "\n".join(f"- `{table}`" for table in spec.tables)
    return f"""# {_plain(spec.title)}

A dashboard on Databricks: an Express and tRPC server that queries a SQL warehouse through the Statement Execution API,
and a React client.

What was asked for:

{_fenced(spec.question)}

It shows {kpis}; filters by {filters}; a sortable table; and

{charts}

from these tables:

{tables}

## Run it locally

Needs Node 20.12 or later and a Databricks SQL warehouse.

```sh
cp .env.example .env    # then fill in the host, the warehouse and a token
npm ci
npm run build
npm start
```

Then open http://localhost:8000. The server listens on all interfaces, on `PORT`, else on `DATABRICKS_APP_PORT`, else
on 8000.

| Variable | Meaning |
|---|---|
| `DATABRICKS_HOST` | Workspace URL, with https:// |
| `DATABRICKS_WAREHOUSE_ID` | SQL warehouse that runs the queries |
| `DATABRICKS_TOKEN` | Personal access token |
| `DATABRICKS_CLIENT_ID`, `DATABRICKS_CLIENT_SECRET` | Service principal, used when there is no token |
| `PORT`, `DATABRICKS_APP_PORT` | Where to listen |
| `QUERY_TIMEOUT_SECONDS` | Time that one query may take, 60 by default |
| `GENERATION_TRACE_ID` | Trace of the run that generated this app |

Without a token and a service principal the server uses the visitor's own token, which Databricks Apps forwards in
`x-forwarded-access-token`.

## Work on it

```sh
npm run typecheck    # server, client and tests
npm test             # server logic, against a small local stand-in for the API
npm run coverage
npm run dev          # client with hot reload; start the server beside it with npm start
```

`server/src/queries.ts` holds every query and filter, `client/src/dashboard.ts` what the page shows; the compiler finds
where the two differ. Liveness is `GET /healthcheck`; it says nothing about the warehouse.

## Deploy it

- Databricks Apps: `app.yaml` starts `node dist/server.js`; add a SQL warehouse as the resource `sql-warehouse`.
- Anywhere else: `docker build -t dashboard . && docker run --env-file .env -p 8000:8000 dashboard`
"""


def dashboard_test(spec: AppSpec) -> str:
    """`tests/dashboard.test.ts`: this app's queries under its own filters."""
    samples = {"STRING": "a choice' OR 1=1 --", "DATE": "2016-01-31", "DOUBLE": 2.5}
    values = {name: samples[kind] for name, (_, kind) in spec.conditions().items()}
    conditions = {name: condition for name, (condition, _) in spec.conditions().items()}
    return f"""/** This dashboard's own queries: every filter reaches every query, as a parameter and never as text. */
import {{ describe, expect, it }} from "vitest";
import {{ dashboard }} from "../client/src/dashboard";
import {{ buildStatement }} from "../server/src/query";
import * as queries from "../server/src/queries";

const values = {literal(values)};
const conditions: Record<string, string> = {literal(conditions)};
const filtered = {{ kpis: queries.kpis, table: queries.table, ...queries.charts }};

describe.each(Object.entries(filtered))("%s", (_name, query) => {{
  it("takes every filter as a typed parameter", () => {{
    const {{ statement, parameters }} = buildStatement(query, queries.filters, values);
    for (const [name, value] of Object.entries(values)) {{
      expect(statement).toContain(conditions[name]);
      expect(parameters).toContainEqual(expect.objectContaining({{ name, value: String(value) }}));
    }}
    expect(statement).not.toContain("OR 1=1");
  }});

  it("has no parameter without a filter", () => {{
    const {{ statement, parameters }} = buildStatement(query, queries.filters, {{}});
    expect(parameters).toEqual([]);
    expect(statement).toMatch(/^SELECT [\\s\\S]+\\nFROM {re.escape(spec.tables[0])} AS /);
  }});
}});

describe("the page", () => {{
  it("shows only columns that the queries select", () => {{
    expect(dashboard.kpis.map((kpi) => kpi.name)).toEqual(Object.keys(queries.kpis.select));
    expect(dashboard.table.columns.map((column) => column.name)).toEqual([...queries.tableColumns]);
    expect(dashboard.charts.map((chart) => chart.id)).toEqual([...queries.chartIds]);
  }});

  it("accepts its own filters and nothing else", () => {{
    expect(queries.filtersInput.parse(values)).toEqual(values);
    expect(queries.filtersInput.safeParse({{ ...values, other: "x" }}).success).toBe(false);
  }});
}});
"""


def _plain(text: str) -> str:
    """A heading without what Markdown would read as markup."""
    return re.sub(r"([\\\\`*_{}\[\]<>#|])", r"\\\1", " ".join(text.split()))


def _fenced(text: str) -> str:
    """A text in a fence that nothing inside it can close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"

"""A spec's queries as statements with parameters, as the app's own `buildStatement` writes them; for tests only."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from eval_pipeline.generation.template.spec import OrderBy, Query
from eval_pipeline.workspace import AppSession

Parameter = dict[str, str]


def statement(query: Query, conditions: tuple[str, ...] = (), page_rows: int | None = None) -> str:
    where = (*query.where, *conditions)
    names = [output.name for output in query.outputs]
    lines = ["SELECT " + ", ".join(f"{output.sql} AS {output.name}" for output in query.outputs), query.from_sql]
    lines += [f"WHERE {' AND '.join(where)}"] if where else []
    lines += [f"GROUP BY {', '.join(str(names.index(g) + 1) for g in query.group_by)}"] if query.group_by else []
    lines += [f"ORDER BY {', '.join(map(_order, query.order_by))}"] if query.order_by else []
    lines += ["LIMIT :page_rows OFFSET :page_offset"] if page_rows else []
    lines += [f"LIMIT {query.limit}"] if query.limit and not page_rows else []
    return "\n".join(lines)


def run(session: AppSession, base: str, sql: str, parameters: list[Parameter]) -> list[list[str | None]]:
    """Rows of a statement on the local workspace; fails with the workspace's own message."""
    body = {
        "statement": sql,
        "warehouse_id": session.warehouse_id,
        "parameters": parameters,
        "wait_timeout": "30s",
    }
    request = urllib.request.Request(
        f"{base}/api/2.0/sql/statements",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {session.token}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        answer: dict[str, Any] = json.load(reply)
    assert answer["status"]["state"] == "SUCCEEDED", f"{answer['status']}\n{sql}"
    return answer.get("result", {}).get("data_array", [])


def _order(order: OrderBy) -> str:
    return f"{order.expression or order.column} {'DESC' if order.descending else 'ASC'} NULLS LAST"

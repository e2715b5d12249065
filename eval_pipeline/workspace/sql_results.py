"""Results as the Statement Execution API delivers them: JSON or Arrow in the answer, or files behind links.

Files are JSON, Arrow or CSV; on Databricks they lie in cloud storage, here in this server, each link with a key of its
own. Arrow in the answer comes as one attachment. Compression is never used; clients are told so by the manifest.
"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
from typing import Any

from eval_pipeline.workspace import arrow
from eval_pipeline.workspace.api_errors import invalid
from eval_pipeline.workspace.statements import Delivery, Statement
from eval_pipeline.workspace.warehouse import Result

CHUNK_ROWS = 10_000
LINK_SECONDS = 900
MEDIA_TYPES = {
    "JSON_ARRAY": "application/json",
    "ARROW_STREAM": "application/vnd.apache.arrow.stream",
    "CSV": "text/csv",
}
_DISPOSITIONS = ("INLINE", "EXTERNAL_LINKS", "INLINE_OR_EXTERNAL_LINKS")


def delivery(body: dict[str, Any]) -> Delivery:
    """What a request asks for.

    Raises:
        ApiError: 400, an unknown value or a pair that does not go together.
    """
    disposition, form = body.get("disposition") or "INLINE", body.get("format") or "JSON_ARRAY"
    if disposition not in _DISPOSITIONS:
        raise invalid("disposition must be INLINE or EXTERNAL_LINKS.")
    if form not in ("JSON_ARRAY", "ARROW_STREAM", "CSV"):
        raise invalid("format must be JSON_ARRAY, ARROW_STREAM or CSV.")
    if form == "CSV" and disposition != "EXTERNAL_LINKS":
        raise invalid("The format field must be JSON_ARRAY or ARROW_STREAM when the disposition field is INLINE.")
    return Delivery(form, by_links=disposition == "EXTERNAL_LINKS")


def chunk_count(statement: Statement, result: Result) -> int:
    return 1 if _is_attached(statement) else max(1, -(-len(result.rows) // CHUNK_ROWS))


def manifest(statement: Statement, result: Result) -> dict[str, Any]:
    columns = []
    for position, column in enumerate(result.columns):
        described: dict[str, Any] = {
            "name": column.name,
            "type_text": column.type_text,
            "type_name": column.type_name,
            "position": position,
        }
        if column.precision is not None:
            described |= {"type_precision": column.precision, "type_scale": column.scale}
        columns.append(described)
    chunks = []
    for index in range(chunk_count(statement, result)):
        start, stop = _span(statement, result, index)
        chunks.append({"chunk_index": index, "row_offset": start, "row_count": stop - start})
    return {
        "format": statement.delivery.form,
        "schema": {"column_count": len(columns), "columns": columns},
        "total_chunk_count": len(chunks),
        "chunks": chunks,
        "total_row_count": len(result.rows),
        "truncated": result.is_truncated,
    }


def chunk(statement: Statement, result: Result, index: int, origin: str) -> dict[str, Any]:
    """A chunk as answers carry it; `origin` is where the client reaches this server."""
    start, stop = _span(statement, result, index)
    found: dict[str, Any] = {"chunk_index": index, "row_offset": start, "row_count": stop - start}
    if index + 1 < chunk_count(statement, result):
        link = f"/api/2.0/sql/statements/{statement.id}/result/chunks/{index + 1}?row_offset={stop}"
        found |= {"next_chunk_index": index + 1, "next_chunk_internal_link": link}
    if statement.delivery.by_links:
        path = f"/api/2.0/sql/statements/{statement.id}/result/files/{index}?key={statement.link_key}"
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=LINK_SECONDS)
        found |= {"external_link": origin + path, "expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return {"external_links": [found]}
    if _is_attached(statement):
        found["attachment"] = base64.b64encode(file(statement, result, index)).decode()
    elif start < stop:
        # An empty result has no data_array on Databricks either.
        found["data_array"] = result.rows[start:stop]
    return found


def file(statement: Statement, result: Result, index: int) -> bytes:
    """A chunk as a file of the statement's format."""
    start, stop = _span(statement, result, index)
    if statement.delivery.form == "ARROW_STREAM":
        table = statement.table or arrow.table(result.columns, result.rows)
        statement.table = table
        return arrow.stream(table.slice(start, stop - start))
    if statement.delivery.form == "JSON_ARRAY":
        return json.dumps(result.rows[start:stop], ensure_ascii=False).encode()
    text = io.StringIO()
    writer = csv.writer(text)
    if index == 0:
        writer.writerow(column.name for column in result.columns)
    writer.writerows(["null" if cell is None else cell for cell in row] for row in result.rows[start:stop])
    return text.getvalue().encode()


def _is_attached(statement: Statement) -> bool:
    return statement.delivery.form == "ARROW_STREAM" and not statement.delivery.by_links


def _span(statement: Statement, result: Result, index: int) -> tuple[int, int]:
    if _is_attached(statement):
        return 0, len(result.rows)
    start = index * CHUNK_ROWS
    return start, min(start + CHUNK_ROWS, len(result.rows))

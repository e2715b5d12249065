"""API routes that an app itself describes: an OpenAPI document, declared queries of AppKit.

Asked when the page called no route that answered, so that a broken page does not hide an API that works.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.steps.app_client import AppClient
from eval_pipeline.sandbox.browser import RecordedRequest

DOCUMENTS = ("/openapi.json", "/api/openapi.json")
MAX_ROUTES = 20
QUERY_FOLDER = ("config", "queries")
_QUERY_ROUTE = "/api/analytics/query/"


def ask_described(client: AppClient, tree: SourceTree) -> list[RecordedRequest]:
    """Calls what needs no argument; the replies in the form of a page's own requests."""
    found: list[RecordedRequest] = []
    for method, path, body in [*_openapi(client), *_declared_queries(tree)][:MAX_ROUTES]:
        headers = {"content-type": "application/json"} if body is not None else {}
        reply = client.request(method, path, body, headers)
        found.append(
            RecordedRequest(
                method,
                path,
                path,
                "fetch",
                headers,
                body,
                reply.status or None,
                reply.content_type,
                reply.body,
            )
        )
    return found


def _openapi(client: AppClient) -> Iterator[tuple[str, str, None]]:
    """GET operations without path or required parameters."""
    for document in DOCUMENTS:
        reply = client.request("GET", document)
        if not reply.is_ok or "json" not in reply.content_type:
            continue
        paths = _field(_parsed(reply.body), "paths", dict)
        for path, item in list(paths.items())[:500]:
            if not isinstance(item, dict) or "get" not in item:
                continue
            parameters = _field(item["get"], "parameters", list) + _field(item, "parameters", list)
            is_bare = not any(isinstance(p, dict) and p.get("required") for p in parameters)
            if is_bare and path.startswith("/") and "{" not in path:
                yield "GET", path, None
        return


def _declared_queries(tree: SourceTree) -> Iterator[tuple[str, str, str]]:
    """Queries of AppKit that take no parameter."""
    for path, file in tree.files.items():
        if path.parts[:-1] == QUERY_FOLDER and path.suffix == ".sql" and "@param" not in file.text:
            key = path.name.removesuffix(".sql").removesuffix(".obo")
            yield "POST", f"{_QUERY_ROUTE}{key}", '{"parameters":{}}'


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _field(node: Any, name: str, kind: type) -> Any:
    """A field of a hostile document, empty where it is missing or of another type."""
    value = node.get(name) if isinstance(node, dict) else None
    return value if isinstance(value, kind) else kind()

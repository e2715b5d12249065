"""SQL warehouses: each session has one, always running."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from eval_pipeline.workspace.api_errors import missing
from eval_pipeline.workspace.authentication import Caller, authenticate


async def list_warehouses(request: Request) -> JSONResponse:
    return JSONResponse({"warehouses": [_warehouse(request, authenticate(request))]})


async def get_warehouse(request: Request) -> JSONResponse:
    caller = authenticate(request)
    name = request.path_params["warehouse_id"]
    if name != caller.session.warehouse_id:
        raise missing(f"SQL warehouse {name} does not exist.")
    return JSONResponse(_warehouse(request, caller))


async def start_warehouse(request: Request) -> JSONResponse:
    await get_warehouse(request)
    return JSONResponse({})


def _warehouse(request: Request, caller: Caller) -> dict[str, Any]:
    name = caller.session.warehouse_id
    return {
        "id": name,
        "name": "Serverless Starter Warehouse",
        "cluster_size": "2X-Small",
        "state": "RUNNING",
        "warehouse_type": "PRO",
        "enable_serverless_compute": True,
        "auto_stop_mins": 10,
        "min_num_clusters": 1,
        "max_num_clusters": 1,
        "num_clusters": 1,
        "creator_name": "admin@example.com",
        "health": {"status": "HEALTHY"},
        "odbc_params": {
            "hostname": request.url.hostname,
            "path": f"/sql/1.0/warehouses/{name}",
            "port": request.url.port or 443,
            "protocol": "https",
        },
    }


ROUTES = (
    Route("/api/2.0/sql/warehouses", list_warehouses),
    Route("/api/2.0/sql/warehouses/{warehouse_id}", get_warehouse),
    Route("/api/2.0/sql/warehouses/{warehouse_id}/start", start_warehouse, methods=["POST"]),
)

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from .settings import Settings
from .warehouse import Warehouse, WarehouseError

STATIC = Path(__file__).parent / "static"
ZONES = """
SELECT pickup_zip, dropoff_zip, count(*) AS trips, sum(fare_amount) AS fares, avg(trip_distance) AS miles
FROM samples.nyctaxi.trips
WHERE trip_distance >= :min_miles
GROUP BY pickup_zip, dropoff_zip
ORDER BY trips DESC, fares DESC
LIMIT 25
"""


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.warehouse = Warehouse(Settings.from_env())
    yield
    await app.state.warehouse.http.aclose()


app = FastAPI(title="Zones", lifespan=lifespan)
app.mount("/static", StaticFiles(directory=STATIC), name="static")


@app.get("/")
def index() -> FileResponse:
    return FileResponse(STATIC / "index.html")


@app.get("/api/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/api/zones")
async def zones(request: Request, min_miles: Annotated[float, Query(ge=0, le=100)] = 0):
    rows = await request.app.state.warehouse.rows(
        ZONES, [{"name": "min_miles", "value": str(min_miles), "type": "DOUBLE"}]
    )
    return {
        "zones": [
            {
                "from": r["pickup_zip"],
                "to": r["dropoff_zip"],
                "trips": int(r["trips"]),
                "fares": round(float(r["fares"]), 2),
                "miles": round(float(r["miles"]), 2),
            }
            for r in rows
        ]
    }


@app.exception_handler(WarehouseError)
async def warehouse_error(_: Request, exc: WarehouseError) -> JSONResponse:
    return JSONResponse({"detail": str(exc)}, status_code=502)

"""Revenue by franchise: an API over the warehouse and the page that calls it."""

from pathlib import Path
from typing import Annotated

from databricks.sdk.errors import DatabricksError
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel

from franchises import Franchise, Warehouse, best_franchises, connect

app = FastAPI(title="Revenue by franchise")
PAGE = Path(__file__).parent / "static" / "index.html"


class Health(BaseModel):
    status: str = "ok"


@app.get("/health")
def health() -> Health:
    return Health()


@app.get("/api/franchises")
def franchises(
    warehouse: Annotated[Warehouse, Depends(connect)], limit: Annotated[int, Query(ge=1, le=50)] = 10
) -> list[Franchise]:
    try:
        return best_franchises(warehouse, limit)
    except DatabricksError as error:
        print(f"warehouse: {error}")
        raise HTTPException(502, "the warehouse could not be asked") from error


@app.get("/")
def page() -> FileResponse:
    return FileResponse(PAGE)

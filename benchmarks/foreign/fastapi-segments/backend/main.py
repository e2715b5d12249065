from pathlib import Path
from typing import Annotated

from fastapi import Body, Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from reports import Failed, Reports, Warehouse

HERE = Path(__file__).resolve().parent
app = FastAPI(title="Balances by market segment")
_reports = Reports(Warehouse())


def reports() -> Reports:
    return _reports


@app.post("/api/reports", status_code=202)
def order(
    store: Annotated[Reports, Depends(reports)], minimum: Annotated[float, Body(embed=True)] = -1_000_000
) -> dict:
    try:
        return {"id": store.order(minimum)}
    except Failed as exc:
        raise HTTPException(502, str(exc)) from exc


@app.get("/api/reports/{report_id}")
def report(report_id: str, store: Annotated[Reports, Depends(reports)]) -> dict:
    try:
        return store.get(report_id)
    except KeyError:
        raise HTTPException(404, "no such report") from None
    except Failed as exc:
        raise HTTPException(502, str(exc)) from exc


@app.get("/api/health")
def health() -> dict:
    return {"status": "ok"}


@app.get("/", include_in_schema=False)
def page() -> FileResponse:
    return FileResponse(HERE / "static" / "index.html")


app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")

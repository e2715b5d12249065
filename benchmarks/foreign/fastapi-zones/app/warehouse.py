from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from .settings import Settings


class WarehouseError(Exception):
    """The warehouse could not answer."""


class Warehouse:
    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.settings = settings
        self.http = httpx.AsyncClient(base_url=settings.host, timeout=60, transport=transport)
        self._token = ""
        self._expires = 0.0

    async def _auth(self) -> dict[str, str]:
        if time.monotonic() >= self._expires:
            reply = await self.http.post(
                "/oidc/v1/token",
                data={"grant_type": "client_credentials", "scope": "all-apis"},
                auth=(self.settings.client_id, self.settings.client_secret),
            )
            reply.raise_for_status()
            body = reply.json()
            self._token = body["access_token"]
            self._expires = time.monotonic() + int(body.get("expires_in", 3600)) - 120
        return {"Authorization": f"Bearer {self._token}"}

    async def rows(self, statement: str, parameters: list[dict[str, str]]) -> list[dict[str, Any]]:
        try:
            headers = await self._auth()
            reply = await self.http.post(
                "/api/2.0/sql/statements/",
                headers=headers,
                json={
                    "statement": statement,
                    "warehouse_id": self.settings.warehouse_id,
                    "parameters": parameters,
                    "wait_timeout": "20s",
                },
            )
            reply.raise_for_status()
            body = reply.json()
            while body["status"]["state"] in {"PENDING", "RUNNING"}:
                await asyncio.sleep(0.5)
                reply = await self.http.get(f"/api/2.0/sql/statements/{body['statement_id']}", headers=headers)
                reply.raise_for_status()
                body = reply.json()
        except httpx.HTTPError as exc:
            raise WarehouseError(str(exc)) from exc
        if body["status"]["state"] != "SUCCEEDED":
            raise WarehouseError(body["status"].get("error", {}).get("message", "statement failed"))
        names = [c["name"] for c in body["manifest"]["schema"]["columns"]]
        return [dict(zip(names, row)) for row in body.get("result", {}).get("data_array") or []]

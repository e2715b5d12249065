"""Statements to a Databricks SQL warehouse."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx


class WarehouseError(Exception):
    """The warehouse refused or failed a statement."""


@dataclass(frozen=True)
class Warehouse:
    host: str
    token: str
    warehouse_id: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Warehouse":
        host = environment.get("DATABRICKS_HOST", "")
        return cls(
            host if host.startswith("http") else f"https://{host}",
            environment.get("DATABRICKS_TOKEN", ""),
            environment.get("DATABRICKS_WAREHOUSE_ID", ""),
        )

    def rows(self, statement: str, **parameters: str) -> list[list[str]]:
        """The rows of a statement, every cell a string."""
        try:
            response = httpx.post(
                f"{self.host}/api/2.0/sql/statements",
                headers={"authorization": f"Bearer {self.token}"},
                json={
                    "statement": statement,
                    "warehouse_id": self.warehouse_id,
                    "wait_timeout": "30s",
                    "parameters": [{"name": name, "value": value} for name, value in parameters.items()],
                },
                timeout=40,
            )
            reply = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise WarehouseError(str(error)) from error
        status = reply.get("status", {})
        if status.get("state") != "SUCCEEDED":
            raise WarehouseError(status.get("error", {}).get("message", f"status {response.status_code}"))
        return reply["result"]["data_array"]

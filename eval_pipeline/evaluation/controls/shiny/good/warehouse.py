"""Statements to a Databricks SQL warehouse, through its DB-API driver."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from databricks import sql


class WarehouseError(Exception):
    """The warehouse refused or failed a statement."""


@dataclass(frozen=True)
class Warehouse:
    host: str
    token: str
    warehouse_id: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Warehouse":
        return cls(
            environment.get("DATABRICKS_HOST", "").removeprefix("https://"),
            environment.get("DATABRICKS_TOKEN", ""),
            environment.get("DATABRICKS_WAREHOUSE_ID", ""),
        )

    def rows(self, statement: str, **parameters: Any) -> list[list[Any]]:
        try:
            with (
                sql.connect(
                    server_hostname=self.host,
                    http_path=f"/sql/1.0/warehouses/{self.warehouse_id}",
                    access_token=self.token,
                ) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(statement, parameters)
                return [list(row) for row in cursor.fetchall()]
        except sql.Error as error:
            raise WarehouseError(str(error)) from error

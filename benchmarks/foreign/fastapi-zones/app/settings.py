from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    host: str
    client_id: str
    client_secret: str
    warehouse_id: str
    port: int

    @classmethod
    def from_env(cls) -> Settings:
        host = os.getenv("DATABRICKS_HOST", "").rstrip("/")
        if host and "://" not in host:
            host = f"https://{host}"
        return cls(
            host=host,
            client_id=os.getenv("DATABRICKS_CLIENT_ID", ""),
            client_secret=os.getenv("DATABRICKS_CLIENT_SECRET", ""),
            warehouse_id=os.getenv("DATABRICKS_WAREHOUSE_ID", ""),
            port=int(os.getenv("DATABRICKS_APP_PORT") or os.getenv("PORT") or "8000"),
        )

import os
import threading
import time

import httpx


class DatabricksError(Exception):
    pass


class Databricks:
    def __init__(self, transport=None):
        self._transport = transport
        self._lock = threading.Lock()
        self._token = None
        self._good_until = 0.0

    def _client(self):
        return httpx.Client(
            base_url=os.environ["DATABRICKS_HOST"].rstrip("/"), timeout=60, transport=self._transport
        )

    def _bearer(self, http):
        with self._lock:
            if self._token is None or time.time() > self._good_until:
                reply = http.post(
                    "/oidc/v1/token",
                    data={"grant_type": "client_credentials", "scope": "all-apis"},
                    auth=(os.environ["DATABRICKS_CLIENT_ID"], os.environ["DATABRICKS_CLIENT_SECRET"]),
                )
                reply.raise_for_status()
                answer = reply.json()
                self._token = answer["access_token"]
                self._good_until = time.time() + answer.get("expires_in", 3600) - 60
            return self._token

    def rows(self, statement, parameters):
        try:
            with self._client() as http:
                reply = http.post(
                    "/api/2.0/sql/statements",
                    headers={"Authorization": f"Bearer {self._bearer(http)}"},
                    json={
                        "statement": statement,
                        "parameters": parameters,
                        "warehouse_id": os.environ["DATABRICKS_WAREHOUSE_ID"],
                        "wait_timeout": "45s",
                        "on_wait_timeout": "CANCEL",
                    },
                )
                reply.raise_for_status()
                body = reply.json()
        except httpx.HTTPError as error:
            raise DatabricksError(str(error)) from error
        if body["status"]["state"] != "SUCCEEDED":
            raise DatabricksError(body["status"].get("error", {}).get("message", "failed"))
        return body.get("result", {}).get("data_array") or []

"""Run by the Thrift tests in a process of its own: talks through databricks-sql-connector as an app would.

The connector is left as it is; only port 443 is led to the workspace, as in an app's sandbox.
"""

import json
import os
import socket
import sys
from typing import Any

PORT = int(os.environ["PORT"])
_resolve = socket.getaddrinfo


def _to_the_workspace(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
    return _resolve("127.0.0.1", PORT if port == 443 else port, *rest, **options)


socket.getaddrinfo = _to_the_workspace
if "columns" in sys.argv:
    # As in an app that installs the connector without its extra.
    sys.modules["pyarrow"] = None  # pyright: ignore[reportArgumentType]


def credentials() -> dict[str, Any]:
    host = f"https://{os.environ['HOST']}"
    if "oauth" not in sys.argv:
        return {"access_token": os.environ["TOKEN"]}
    from databricks.sdk.core import Config
    from databricks.sdk.credentials_provider import oauth_service_principal

    config = Config(host=host, client_id=os.environ["CLIENT_ID"], client_secret=os.environ["CLIENT_SECRET"])
    return {"credentials_provider": lambda: oauth_service_principal(config)}


def talk() -> dict[str, Any]:
    from databricks import sql

    found: dict[str, Any] = {}
    options: dict[str, Any] = {"_tls_trusted_ca_file": os.environ["CA"], "use_sea": "sea" in sys.argv}
    path = os.environ["HTTP_PATH"]
    with (
        sql.connect(os.environ["HOST"], path, **credentials(), **options) as connection,
        connection.cursor() as opened,
    ):
        # Rows and descriptions are there after every statement below, which the connector's types do not say.
        cursor: Any = opened
        cursor.execute(
            "SELECT 1 AS n, 'a' AS s, NULL AS z, cast(1.5 AS DECIMAL(10, 2)) AS d, DATE '2024-01-02' AS day,"
            " TIMESTAMP '2024-01-02 03:04:05.5' AS at, true AS b, cast(2 AS BIGINT) AS l, 1.5D AS f"
        )
        found["types"] = [column[1] for column in cursor.description]
        found["row"] = [repr(value) for value in cursor.fetchone()]
        cursor.execute(
            "SELECT count(*) FROM samples.tpch.nation WHERE n_regionkey = :r AND n_name <> :n", {"r": 2, "n": "it's"}
        )
        found["named"] = cursor.fetchone()[0]
        if "sea" not in sys.argv:
            cursor.execute("SELECT ? AS a, '?' AS q, ? AS b -- ?", [7, "x"])
            found["positional"] = list(cursor.fetchone())
        cursor.execute("SELECT id FROM range(25000) ORDER BY id")
        some = cursor.fetchmany(3)
        rest = cursor.fetchall()
        found["many"] = [row[0] for row in some], len(rest), rest[-1][0]
        cursor.execute("USE CATALOG samples")
        cursor.execute("USE SCHEMA tpch")
        cursor.execute("SELECT count(*) FROM region")
        found["used"] = cursor.fetchone()[0]
        cursor.execute("SELECT n_nationkey, n_name FROM nation WHERE false")
        found["nothing"] = cursor.fetchall()
        if "columns" not in sys.argv:
            cursor.execute("SELECT l_quantity, l_shipdate FROM lineitem LIMIT 10")
            table = cursor.fetchall_arrow()
            found["arrow"] = [str(table.schema.types), table.num_rows]
        cursor.execute_async("SELECT count(*) FROM samples.tpch.nation")
        cursor.get_async_execution_result()
        found["later"] = cursor.fetchone()[0]
        try:
            cursor.execute("SELECT * FROM samples.tpch.nope")
        except Exception as error:
            found["error"] = [type(error).__name__, str(error)]
        if "sea" not in sys.argv:
            cursor.tables(catalog_name="samples", schema_name="tpch")
            found["tables"] = sorted(row[2] for row in cursor.fetchall())
            cursor.columns(catalog_name="samples", schema_name="tpch", table_name="region")
            found["columns"] = [row[3] for row in cursor.fetchall()]
    return found


if __name__ == "__main__":
    print(json.dumps(talk(), default=str))

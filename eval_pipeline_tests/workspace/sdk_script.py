"""Run by the SDK tests, in this process or under an older SDK: talks to a workspace as an app's Python code would."""

import json
import sys
import urllib.request
from typing import Any


def talk(host: str, warehouse_id: str, **credentials: str) -> dict[str, object]:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.core import Config
    from databricks.sdk.service.sql import Disposition, StatementParameterListItem
    from databricks.sdk.version import __version__

    settings: dict[str, Any] = {"host": host, "retry_timeout_seconds": 10, "http_timeout_seconds": 10, **credentials}
    client = WorkspaceClient(config=Config(**settings))
    api = client.statement_execution
    done = api.execute_statement("SELECT 1 AS n, 'a' AS s, NULL AS z", warehouse_id, wait_timeout="30s")
    assert done.status and done.status.state and done.manifest and done.manifest.schema and done.result
    bound = api.execute_statement(
        "SELECT count(*) FROM nation WHERE n_regionkey = :region",
        warehouse_id,
        catalog="samples",
        schema="tpch",
        parameters=[StatementParameterListItem(name="region", value="2", type="INT")],
    )
    failed = api.execute_statement("SELECT * FROM samples.tpch.nope", warehouse_id)
    fetched = api.get_statement(done.statement_id or "")
    large = api.execute_statement("SELECT id FROM range(15000)", warehouse_id, wait_timeout="30s")
    chunk = api.get_statement_result_chunk_n(large.statement_id or "", 1)
    linked = api.execute_statement("SELECT 1 AS n", warehouse_id, disposition=Disposition.EXTERNAL_LINKS)
    links = linked.result.external_links if linked.result else None
    with urllib.request.urlopen(links[0].external_link or "" if links else "") as file:
        by_link = json.load(file)
    api.cancel_execution(done.statement_id or "")
    raised = []
    for attempt in (
        lambda: api.execute_statement("SELECT 1", "0000000000000000"),
        lambda: api.get_statement("nope"),
        lambda: api.execute_statement("SELECT 1", warehouse_id, wait_timeout="1s"),
    ):
        try:
            attempt()
        except Exception as error:
            raised.append(type(error).__name__)
    assert bound.result and failed.status and failed.status.error and fetched.result
    return {
        "version": __version__,
        "state": done.status.state.value,
        "rows": done.result.data_array,
        "types": [c.type_name.value if c.type_name else None for c in done.manifest.schema.columns or []],
        "bound": bound.result.data_array,
        "failed": failed.status.error.message,
        "error_code": failed.status.error.error_code.value if failed.status.error.error_code else None,
        "fetched": fetched.result.data_array,
        "by_link": by_link,
        "chunk": len(chunk.data_array or []),
        "raised": raised,
        "warehouses": [(w.id, w.state.value if w.state else None) for w in client.warehouses.list()],
        "me": client.current_user.me().user_name,
    }


if __name__ == "__main__":
    print(json.dumps(talk(sys.argv[1], sys.argv[2], **json.loads(sys.argv[3]))))

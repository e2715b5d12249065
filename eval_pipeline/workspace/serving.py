"""`eval-pipeline workspace serve`: the local workspace for a person's own experiments, until interrupted."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable

from eval_pipeline.model import InputError
from eval_pipeline.workspace.server import LocalWorkspace
from eval_pipeline.workspace.warehouse import Warehouse


def serve(
    port: int = 0,
    *,
    seed: int | None = None,
    upstream: Warehouse | None = None,
    write: Callable[[str], None] = print,
    stop: threading.Event | None = None,
) -> None:
    """Serves the workspace on loopback and says how to reach it; blocks until interrupted or `stop` is set.

    Args:
        port: of the http listener; 0 takes a free one.
        seed: of the sample data; None draws one.
        write: takes each line that is said.

    Raises:
        InputError: the port is taken, not allowed or not a port.
    """
    if not 0 <= port <= 65535:
        raise InputError(f"not a port: {port} (0 to 65535; 0 takes a free one)")
    try:
        workspace = LocalWorkspace(upstream, port=port)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        problem = "is already in use" if error.errno == errno.EADDRINUSE else "may not be used by this user"
        raise InputError(f"port {port} {problem}: choose another with --port, or 0 for a free one") from error
    with workspace:
        session = workspace.open_session("serve", seed=seed)
        write(f"DATABRICKS_HOST={workspace.http_url}")
        write(f"DATABRICKS_TOKEN={session.token}")
        write(f"DATABRICKS_CLIENT_ID={session.client_id}")
        write(f"DATABRICKS_CLIENT_SECRET={session.client_secret}")
        write(f"DATABRICKS_WAREHOUSE_ID={session.warehouse_id}")
        try:
            (stop or threading.Event()).wait()
        except KeyboardInterrupt:
            write("stopped")

"""The local Databricks workspace: what apps under test talk to.

First group: SQL statements with OAuth, over sample data or in front of a real warehouse. Importing this package is
cheap; the server is loaded when a name that needs it is first used, DuckDB and sqlglot only in the worker processes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from eval_pipeline.workspace.datasets import DATASETS, SAMPLE_SCHEMA_VERSION, Column, Dataset

if TYPE_CHECKING:
    from eval_pipeline.workspace.compute import Compute
    from eval_pipeline.workspace.server import LocalWorkspace
    from eval_pipeline.workspace.serving import serve
    from eval_pipeline.workspace.sessions import OUR_ERROR_CODES, AppSession, RejectedRequest, StatementRecord
    from eval_pipeline.workspace.upstream import DatabricksWarehouse
    from eval_pipeline.workspace.warehouse import Warehouse

_HOMES = {
    "OUR_ERROR_CODES": "sessions",
    "AppSession": "sessions",
    "Compute": "compute",
    "DatabricksWarehouse": "upstream",
    "LocalWorkspace": "server",
    "RejectedRequest": "sessions",
    "StatementRecord": "sessions",
    "Warehouse": "warehouse",
    "serve": "serving",
}

__all__ = [
    "DATASETS",
    "OUR_ERROR_CODES",
    "SAMPLE_SCHEMA_VERSION",
    "AppSession",
    "Column",
    "Compute",
    "DatabricksWarehouse",
    "Dataset",
    "LocalWorkspace",
    "RejectedRequest",
    "StatementRecord",
    "Warehouse",
    "serve",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)

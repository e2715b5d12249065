"""The Thrift endpoint: TCLIService over HTTP, as databricks-sql-connector and @databricks/sql speak it.

Statements run as those of the Statement Execution API do: the same sessions, credentials, limits and log. The Thrift
classes are databricks-sql-connector's, imported when a client first calls.
"""

from eval_pipeline.workspace.thrift.routes import ROUTES
from eval_pipeline.workspace.thrift.sessions import ThriftSessions

__all__ = ["ROUTES", "ThriftSessions"]

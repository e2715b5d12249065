"""TCLIService: the calls that the SQL connectors make, each a method that takes the call's request.

Imported when a Thrift client first calls, as the Thrift classes take a while.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from databricks.sql.thrift_api.TCLIService import ttypes as t

from eval_pipeline.workspace.api_errors import ApiError, invalid
from eval_pipeline.workspace.authentication import Caller
from eval_pipeline.workspace.thrift import rows
from eval_pipeline.workspace.thrift.sessions import Arrowed, ClientSession, Operation
from eval_pipeline.workspace.warehouse import Failure, Query, Result

if TYPE_CHECKING:
    from eval_pipeline.workspace.server import LocalWorkspace

DIRECT_SECONDS = 5.0
"""How long a call waits for its statement before the client has to poll, as on Databricks."""
POLL_SECONDS = 2.0
"""How long a poll waits for news; a client that asks again at once then costs nothing."""
MAX_BATCH_ROWS = 100_000
MAX_PARAMETERS = 256

_OK = t.TStatus(statusCode=t.TStatusCode.SUCCESS_STATUS)
_STATES = {
    "PENDING": t.TOperationState.PENDING_STATE,
    "RUNNING": t.TOperationState.RUNNING_STATE,
    "SUCCEEDED": t.TOperationState.FINISHED_STATE,
    "FAILED": t.TOperationState.ERROR_STATE,
    "CANCELED": t.TOperationState.CANCELED_STATE,
}
# Parameters came with version 8.
_VERSION = t.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V9
# A positional marker, and what may hold a question mark that is none. Every form also ends with the text, so that
# hostile text is read once.
_MARKERS = re.compile(
    r"'(?:[^'\\]|\\.)*(?:'|\Z)|\"(?:[^\"\\]|\\.)*(?:\"|\Z)|`[^`]*(?:`|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)|\?", re.DOTALL
)


class Service:
    """The calls of one authenticated request."""

    def __init__(self, workspace: LocalWorkspace, caller: Caller, user_agent: str) -> None:
        self._statements = workspace.sql_statements
        self._held = workspace.thrift
        self._caller = caller
        self._owner = caller.session
        self._user_agent = user_agent

    async def OpenSession(self, request: t.TOpenSessionReq) -> t.TOpenSessionResp:
        space = request.initialNamespace
        session = ClientSession(_name(space.catalogName), _name(space.schemaName)) if space else ClientSession()
        guid = self._held.open(self._owner, session)
        return t.TOpenSessionResp(
            status=_OK,
            serverProtocolVersion=_VERSION,
            sessionHandle=t.TSessionHandle(sessionId=_handle(guid), serverProtocolVersion=_VERSION),
            configuration={},
            initialNamespace=space,
            canUseMultipleCatalogs=True,
        )

    async def CloseSession(self, request: t.TCloseSessionReq) -> t.TCloseSessionResp:
        self._held.close(self._owner, _guid(request.sessionHandle, "sessionId"))
        return t.TCloseSessionResp(status=_OK)

    async def GetInfo(self, request: t.TGetInfoReq) -> t.TGetInfoResp:
        known: dict[int, str] = {
            t.TGetInfoType.CLI_SERVER_NAME: "Spark SQL",
            t.TGetInfoType.CLI_DBMS_NAME: "Spark SQL",
            t.TGetInfoType.CLI_DBMS_VER: "3.5.0",
        }
        text = known.get(request.infoType or 0, "")
        return t.TGetInfoResp(status=_OK, infoValue=t.TGetInfoValue(stringValue=text))

    async def ExecuteStatement(self, request: t.TExecuteStatementReq) -> t.TExecuteStatementResp:
        session = self._held.session(self._owner, _guid(request.sessionHandle, "sessionId"))
        if session is None:
            return t.TExecuteStatementResp(status=_invalid_handle("session"))
        try:
            query = _query(request, session)
            statement = self._statements.submit(self._caller, self._user_agent, query)
        except ApiError as error:
            if error.status == 429:
                raise
            return t.TExecuteStatementResp(status=_refusal(error.message))
        wanted = request.useArrowNativeTypes
        operation = Operation(t.TOperationType.EXECUTE_STATEMENT, statement)
        if request.canReadArrowResult:
            # Unset means no, as Thrift has it.
            operation.arrow = Arrowed(
                decimals=bool(wanted and wanted.decimalAsArrow), timestamps=bool(wanted and wanted.timestampAsArrow)
            )
        guid = self._held.add(self._owner, operation)
        if statement.task is not None and (request.getDirectResults is not None or not request.runAsync):
            seconds = DIRECT_SECONDS if request.runAsync else None
            await asyncio.wait([statement.task], timeout=seconds)
        if statement.state == "SUCCEEDED":
            session.follow(query.sql)
        answer = t.TExecuteStatementResp(status=_OK, operationHandle=_operation_handle(guid, operation))
        failure = statement.result.failure if statement.result else None
        if failure is not None and request.getDirectResults is None and not request.runAsync:
            answer.status = _status(failure)
        answer.directResults = await self._direct(request.getDirectResults, guid, operation)
        return answer

    async def GetCatalogs(self, request: t.TGetCatalogsReq) -> t.TGetCatalogsResp:
        return await self._answer(t.TGetCatalogsResp, t.TOperationType.GET_CATALOGS, "catalogs", request)

    async def GetSchemas(self, request: t.TGetSchemasReq) -> t.TGetSchemasResp:
        return await self._answer(t.TGetSchemasResp, t.TOperationType.GET_SCHEMAS, "schemas", request)

    async def GetTables(self, request: t.TGetTablesReq) -> t.TGetTablesResp:
        return await self._answer(t.TGetTablesResp, t.TOperationType.GET_TABLES, "tables", request)

    async def GetColumns(self, request: t.TGetColumnsReq) -> t.TGetColumnsResp:
        return await self._answer(t.TGetColumnsResp, t.TOperationType.GET_COLUMNS, "columns", request)

    async def GetTableTypes(self, request: t.TGetTableTypesReq) -> t.TGetTableTypesResp:
        return await self._answer(t.TGetTableTypesResp, t.TOperationType.GET_TABLE_TYPES, "table_types", request)

    async def GetOperationStatus(self, request: t.TGetOperationStatusReq) -> t.TGetOperationStatusResp:
        operation = self._operation(request)
        if operation is None:
            return t.TGetOperationStatusResp(status=_invalid_handle("operation"))
        if operation.statement is not None and operation.statement.task is not None:
            await asyncio.wait([operation.statement.task], timeout=POLL_SECONDS)
        return _operation_status(operation)

    async def GetResultSetMetadata(self, request: t.TGetResultSetMetadataReq) -> t.TGetResultSetMetadataResp:
        operation = self._operation(request)
        if operation is None:
            return t.TGetResultSetMetadataResp(status=_invalid_handle("operation"))
        result = await _finished(operation)
        if isinstance(result, t.TStatus):
            return t.TGetResultSetMetadataResp(status=result)
        return await asyncio.to_thread(_metadata, operation, result)

    async def FetchResults(self, request: t.TFetchResultsReq) -> t.TFetchResultsResp:
        operation = self._operation(request)
        if operation is None:
            return t.TFetchResultsResp(status=_invalid_handle("operation"))
        result = await _finished(operation)
        if isinstance(result, t.TStatus):
            return t.TFetchResultsResp(status=result)
        if request.orientation == t.TFetchOrientation.FETCH_FIRST:
            operation.position = 0
        return await asyncio.to_thread(_fetch, operation, result, request.maxRows, request.includeResultSetMetadata)

    async def CloseOperation(self, request: t.TCloseOperationReq) -> t.TCloseOperationResp:
        operation = self._operation(request)
        if operation is not None and operation.statement is not None:
            self._statements.cancel(operation.statement)
        self._held.drop(self._owner, _guid(request.operationHandle, "operationId"))
        return t.TCloseOperationResp(status=_OK)

    async def CancelOperation(self, request: t.TCancelOperationReq) -> t.TCancelOperationResp:
        operation = self._operation(request)
        if operation is None:
            return t.TCancelOperationResp(status=_invalid_handle("operation"))
        if operation.statement is not None:
            self._statements.cancel(operation.statement)
        return t.TCancelOperationResp(status=_OK)

    def _operation(self, request: Any) -> Operation | None:
        return self._held.operation(self._owner, _guid(request.operationHandle, "operationId"))

    async def _answer(self, make: Any, kind: int, what: str, request: Any) -> Any:
        """Answers a question about the catalog, which the Statement Execution API has no counterpart to."""
        from eval_pipeline.workspace.thrift import catalog

        if self._held.session(self._owner, _guid(request.sessionHandle, "sessionId")) is None:
            return make(status=_invalid_handle("session"))
        operation = Operation(kind, ready=getattr(catalog, what)(request))
        guid = self._held.add(self._owner, operation)
        answer = make(status=_OK, operationHandle=_operation_handle(guid, operation))
        answer.directResults = await self._direct(request.getDirectResults, guid, operation)
        return answer

    async def _direct(self, wanted: Any, guid: bytes, operation: Operation) -> t.TSparkDirectResults | None:
        """What the client would ask for next, in the same answer."""
        if wanted is None:
            return None
        direct = t.TSparkDirectResults(operationStatus=_operation_status(operation))
        result = operation.result
        if operation.state == "SUCCEEDED" and result is not None:
            direct.resultSetMetadata = await asyncio.to_thread(_metadata, operation, result)
            direct.resultSet = await asyncio.to_thread(_fetch, operation, result, wanted.maxRows, False)
            if not direct.resultSet.hasMoreRows:
                direct.closeOperation = t.TCloseOperationResp(status=_OK)
                self._held.drop(self._owner, guid)
        return direct


async def _finished(operation: Operation) -> Result | t.TStatus:
    """The result, waited for; or why there is none."""
    if operation.statement is not None and operation.statement.task is not None:
        await asyncio.wait([operation.statement.task])
    result = operation.result
    if result is not None and result.failure is not None:
        return _status(result.failure)
    if result is None or operation.state != "SUCCEEDED":
        return _refusal(f"The operation has no result: it is {operation.state}.")
    return result


def _metadata(operation: Operation, result: Result) -> t.TGetResultSetMetadataResp:
    from eval_pipeline.workspace import arrow

    answer = t.TGetResultSetMetadataResp(
        status=_OK,
        schema=rows.schema(result),
        resultFormat=t.TSparkRowSetType.COLUMN_BASED_SET,
        lz4Compressed=False,
        isStagingOperation=False,
    )
    if operation.arrow is not None:
        answer.resultFormat = t.TSparkRowSetType.ARROW_BASED_SET
        answer.arrowSchema = arrow.schema_message(rows.arrow_table(operation, result))
    return answer


def _fetch(operation: Operation, result: Result, limit: Any, with_metadata: Any) -> t.TFetchResultsResp:
    count = min(max(1, int(limit or MAX_BATCH_ROWS)), MAX_BATCH_ROWS)
    start = operation.position
    stop = min(start + count, len(result.rows))
    operation.position = stop
    return t.TFetchResultsResp(
        status=_OK,
        hasMoreRows=stop < len(result.rows),
        results=rows.row_set(operation, result, start, stop),
        resultSetMetadata=_metadata(operation, result) if with_metadata else None,
    )


def _query(request: t.TExecuteStatementReq, session: ClientSession) -> Query:
    """Raises ApiError for a statement or parameters that cannot be read."""
    sql = request.statement
    if not isinstance(sql, str) or not sql.strip():
        raise ApiError(
            400, "INVALID_PARAMETER_VALUE", "[PARSE_EMPTY_STATEMENT] Syntax error, unexpected empty statement."
        )
    given = request.parameters or []
    if len(given) > MAX_PARAMETERS:
        raise invalid(f"More than {MAX_PARAMETERS} parameters.")
    parameters: dict[str, tuple[str | None, str]] = {}
    numbered = 0
    for item in given:
        name = item.name
        if not name:
            numbered += 1
            name = _positional(numbered)
        parameters[name] = (_value(item.value), item.type or "STRING")
    limit = request.resultRowLimit
    return Query(
        sql=_name_markers(sql) if numbered else sql,
        parameters=parameters,
        catalog=session.catalog,
        schema=session.schema,
        row_limit=limit if isinstance(limit, int) and limit > 0 else None,
    )


def _value(value: t.TSparkParameterValue | None) -> str | None:
    if value is None:
        return None
    if value.booleanValue is not None:
        return "true" if value.booleanValue else "false"
    if value.doubleValue is not None:
        return repr(value.doubleValue)
    return value.stringValue


def _positional(number: int) -> str:
    return f"positional_{number}"


def _name_markers(sql: str) -> str:
    """The statement with its `?` markers as named ones, which is what the engine binds."""
    count = 0

    def named(match: re.Match[str]) -> str:
        nonlocal count
        if match.group() != "?":
            return match.group()
        count += 1
        return f":{_positional(count)}"

    return _MARKERS.sub(named, sql)


def _name(value: Any) -> str | None:
    text = (value.identifier if hasattr(value, "identifier") else value) or None
    return text.strip("`") if isinstance(text, str) else None


def _guid(handle: Any, field: str) -> bytes:
    found = getattr(getattr(handle, field, None), "guid", None)
    return found if isinstance(found, bytes) else b""


def _handle(guid: bytes) -> t.THandleIdentifier:
    return t.THandleIdentifier(guid=guid, secret=guid)


def _operation_handle(guid: bytes, operation: Operation) -> t.TOperationHandle:
    return t.TOperationHandle(operationId=_handle(guid), operationType=operation.kind, hasResultSet=True)


def _operation_status(operation: Operation) -> t.TGetOperationStatusResp:
    answer = t.TGetOperationStatusResp(status=_OK, operationState=_STATES[operation.state], hasResultSet=True)
    result = operation.result
    if result is not None and result.failure is not None:
        # `hasResultSet` stays: without it @databricks/sql asks for rows first and reports the wrong error.
        answer.sqlState = result.failure.sqlstate
        answer.errorMessage = _server_text(result.failure)
        answer.displayMessage = result.failure.message
    return answer


def _server_text(failure: Failure) -> str:
    return f"org.apache.hive.service.cli.HiveSQLException: Error running query: {failure.message}"


def _status(failure: Failure) -> t.TStatus:
    return t.TStatus(
        statusCode=t.TStatusCode.ERROR_STATUS,
        sqlState=failure.sqlstate,
        errorMessage=_server_text(failure),
        displayMessage=failure.message,
    )


def _refusal(message: str) -> t.TStatus:
    return t.TStatus(statusCode=t.TStatusCode.ERROR_STATUS, sqlState="42000", errorMessage=message)


def _invalid_handle(what: str) -> t.TStatus:
    code = t.TStatusCode.INVALID_HANDLE_STATUS
    return t.TStatus(statusCode=code, sqlState="HY000", errorMessage=f"Invalid {what} handle: it is closed or unknown.")

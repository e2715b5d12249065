"""Errors of the REST API, in Databricks' form: an HTTP status and `{error_code, message}`."""

from __future__ import annotations

from starlette.responses import JSONResponse


class ApiError(Exception):
    """A request that is refused."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.code, self.message, self.headers = status, code, message, headers
        super().__init__(message)

    def response(self) -> JSONResponse:
        return JSONResponse({"error_code": self.code, "message": self.message}, self.status, headers=self.headers)


def invalid(message: str) -> ApiError:
    return ApiError(400, "INVALID_PARAMETER_VALUE", message)


def missing(message: str) -> ApiError:
    return ApiError(404, "RESOURCE_DOES_NOT_EXIST", message)

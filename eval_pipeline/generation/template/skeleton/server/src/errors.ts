/** What can go wrong between the app and the SQL warehouse, in words that a visitor can act on. */
import { TRPCError } from "@trpc/server";

export type FailureKind =
  | "configuration"
  | "unauthorized"
  | "forbidden"
  | "missing"
  | "statement"
  | "busy"
  | "timeout"
  | "unreachable"
  | "unexpected";

const CODES = {
  configuration: "PRECONDITION_FAILED",
  unauthorized: "UNAUTHORIZED",
  forbidden: "FORBIDDEN",
  missing: "NOT_FOUND",
  statement: "BAD_GATEWAY",
  busy: "SERVICE_UNAVAILABLE",
  timeout: "GATEWAY_TIMEOUT",
  unreachable: "BAD_GATEWAY",
  unexpected: "BAD_GATEWAY",
} as const satisfies Record<FailureKind, TRPCError["code"]>;

export class WarehouseError extends Error {
  override readonly name = "WarehouseError";

  constructor(
    readonly kind: FailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The error that the browser gets: our own failures by kind, anything else without its details. */
export function toTrpcError(error: unknown): TRPCError {
  if (error instanceof TRPCError) return error;
  if (error instanceof WarehouseError) return new TRPCError({ code: CODES[error.kind], message: error.message, cause: error });
  return new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: "Something went wrong on the server.", cause: error });
}

/** The failure behind an HTTP status of the workspace. */
export function failureOfStatus(status: number, message: string): WarehouseError {
  const detail = shorten(message);
  if (status === 401) {
    return new WarehouseError("unauthorized", "Databricks did not accept the credentials. Check the token or the client secret.");
  }
  if (status === 403) return new WarehouseError("forbidden", `These credentials may not use the SQL warehouse. ${detail}`.trim());
  if (status === 404) return new WarehouseError("missing", `The SQL warehouse was not found. Check DATABRICKS_WAREHOUSE_ID. ${detail}`.trim());
  if (status === 429 || status === 503) return new WarehouseError("busy", "The SQL warehouse is busy. Try again in a moment.");
  return new WarehouseError("unexpected", `Databricks answered with status ${status}. ${detail}`.trim());
}

/** The failure of a statement that the warehouse took and could not run. */
export function failureOfStatement(code: string | undefined, message: string | undefined): WarehouseError {
  const detail = shorten(message ?? "");
  if (/TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND/.test(detail)) {
    return new WarehouseError("missing", `A table of this dashboard is not in the workspace. ${detail}`);
  }
  if (/INSUFFICIENT_PERMISSIONS|PERMISSION_DENIED/.test(`${code} ${detail}`)) {
    return new WarehouseError("forbidden", `These credentials may not read the tables. ${detail}`);
  }
  return new WarehouseError("statement", `The query failed: ${detail || code || "no reason given"}`);
}

function shorten(text: string): string {
  const line = text.split("\n", 1)[0]?.trim() ?? "";
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** What the environment says; read once at start, never while answering. */

export interface WarehouseSettings {
  /** `https://…`, without a slash at the end. */
  readonly host: string;
  readonly warehouseId: string;
  readonly token?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly timeoutMs: number;
}

export interface Config {
  readonly port: number;
  readonly warehouse: WarehouseSettings;
  /** Settings without which no query can run; empty when all are there. */
  readonly missing: readonly string[];
  readonly generationTraceId?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings. Empty strings count as not set, as `.env` files leave them. */
export function readConfig(env: Environment): Config {
  const get = (name: string): string | undefined => env[name]?.trim() || undefined;
  const port = Number(get("PORT") ?? get("DATABRICKS_APP_PORT") ?? 8000);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error("PORT must be a whole number from 0 to 65535");
  }
  const timeoutSeconds = Number(get("QUERY_TIMEOUT_SECONDS") ?? 60);
  if (!(timeoutSeconds > 0)) throw new Error("QUERY_TIMEOUT_SECONDS must be a number above 0");

  const host = get("DATABRICKS_HOST");
  const warehouseId = get("DATABRICKS_WAREHOUSE_ID");
  return {
    port,
    warehouse: {
      host: host ? withScheme(host) : "",
      warehouseId: warehouseId ?? "",
      token: get("DATABRICKS_TOKEN"),
      clientId: get("DATABRICKS_CLIENT_ID"),
      clientSecret: get("DATABRICKS_CLIENT_SECRET"),
      timeoutMs: timeoutSeconds * 1000,
    },
    missing: [
      ...(host ? [] : ["DATABRICKS_HOST"]),
      ...(warehouseId ? [] : ["DATABRICKS_WAREHOUSE_ID"]),
    ],
    generationTraceId: get("GENERATION_TRACE_ID"),
  };
}

function withScheme(host: string): string {
  const url = /^https?:\/\//i.test(host) ? host : `https://${host}`;
  return url.replace(/\/+$/, "");
}

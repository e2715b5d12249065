/** Runs statements through the Databricks SQL Statement Execution API: waits, collects all chunks, retries, times out. */
import { z } from "zod";
import { tokenSource, type TokenSource } from "./auth.js";
import type { Config, WarehouseSettings } from "./config.js";
import { failureOfStatement, failureOfStatus, WarehouseError } from "./errors.js";

export type ParameterType = "STRING" | "DATE" | "DOUBLE" | "INT";

export interface Parameter {
  readonly name: string;
  readonly value: string;
  readonly type: ParameterType;
}

/** SQL with named markers (`:name`) and the values for them; values are never part of the text. */
export interface Statement {
  readonly statement: string;
  readonly parameters: readonly Parameter[];
}

/** A row by column name; the API sends every cell as text. */
export type Row = Readonly<Record<string, string | null>>;

/** Rows beyond this are not asked for: a page shows far fewer. */
const MAX_ROWS = 20_000;
const MAX_ATTEMPTS = 4;

const cells = z.array(z.array(z.string().nullable()));
const chunk = z.object({ data_array: cells.optional(), next_chunk_index: z.number().int().nullish() });
const statementReply = z.object({
  statement_id: z.string(),
  status: z.object({
    state: z.enum(["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "CLOSED"]),
    error: z.object({ error_code: z.string().optional(), message: z.string().optional() }).optional(),
  }),
  manifest: z.object({ schema: z.object({ columns: z.array(z.object({ name: z.string() })).optional() }).optional() }).optional(),
  result: chunk.optional(),
});

export class Warehouse {
  private readonly settings: WarehouseSettings;
  private readonly missing: readonly string[];
  private readonly tokens: TokenSource;

  constructor(config: Pick<Config, "warehouse" | "missing">) {
    this.settings = config.warehouse;
    this.missing = config.missing;
    this.tokens = tokenSource(config.warehouse);
  }

  /** Runs one statement and gives all its rows. Throws a `WarehouseError`. */
  async query(statement: Statement, forwardedToken?: string): Promise<Row[]> {
    if (this.missing.length > 0) {
      throw new WarehouseError("configuration", `Not configured yet: set ${this.missing.join(" and ")} and start again.`);
    }
    const deadline = Date.now() + this.settings.timeoutMs;
    const call = <T extends z.ZodType>(schema: T, method: string, path: string, body?: object): Promise<z.infer<T>> =>
      this.call(schema, method, `/api/2.0/sql/statements${path}`, body, deadline, forwardedToken);

    let reply = await call(statementReply, "POST", "", {
      warehouse_id: this.settings.warehouseId,
      statement: statement.statement,
      parameters: statement.parameters,
      disposition: "INLINE",
      format: "JSON_ARRAY",
      wait_timeout: "10s",
      on_wait_timeout: "CONTINUE",
    });
    const id = encodeURIComponent(reply.statement_id);
    for (let pause = 50; reply.status.state === "PENDING" || reply.status.state === "RUNNING"; pause = Math.min(pause * 2, 1000)) {
      if (Date.now() + pause >= deadline) {
        await this.cancel(id, forwardedToken);
        throw new WarehouseError("timeout", `The query took longer than ${this.settings.timeoutMs / 1000} seconds. Narrow the filters and try again.`);
      }
      await sleep(pause);
      reply = await call(statementReply, "GET", `/${id}`);
    }
    if (reply.status.state !== "SUCCEEDED") {
      throw failureOfStatement(reply.status.error?.error_code ?? reply.status.state, reply.status.error?.message);
    }

    const columns = reply.manifest?.schema?.columns?.map((column) => column.name) ?? [];
    const rows = [...(reply.result?.data_array ?? [])];
    let next = reply.result?.next_chunk_index;
    while (next != null && rows.length < MAX_ROWS) {
      const more = await call(chunk, "GET", `/${id}/result/chunks/${next}`);
      rows.push(...(more.data_array ?? []));
      next = more.next_chunk_index;
    }
    return rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])));
  }

  /** One API call: a refused token is renewed once; 429, 503 and lost connections are tried again until the deadline. */
  private async call<T extends z.ZodType>(
    schema: T,
    method: string,
    path: string,
    body: object | undefined,
    deadline: number,
    forwardedToken: string | undefined,
  ): Promise<z.infer<T>> {
    let refresh = false;
    for (let attempt = 1; ; attempt++) {
      const token = await this.tokens(forwardedToken, refresh);
      let reply: Response;
      try {
        reply = await this.send(method, path, body, token, Math.max(1, deadline - Date.now()));
      } catch (error) {
        if (error instanceof DOMException && error.name === "TimeoutError") {
          throw new WarehouseError("timeout", "Databricks did not answer in time. Try again in a moment.", { cause: error });
        }
        if (attempt < MAX_ATTEMPTS && (await backOff(attempt, undefined, deadline))) continue;
        throw new WarehouseError("unreachable", "Databricks could not be reached. Check DATABRICKS_HOST and the network.", { cause: error });
      }
      if (reply.ok) {
        const parsed = schema.safeParse(await reply.json().catch(() => undefined));
        if (parsed.success) return parsed.data;
        throw new WarehouseError("unexpected", "Databricks sent an answer that this app cannot read.", { cause: parsed.error });
      }
      const failure = failureOfStatus(reply.status, await messageOf(reply));
      if (failure.kind === "unauthorized" && !refresh) {
        refresh = true;
        continue;
      }
      if (failure.kind === "busy" && attempt < MAX_ATTEMPTS && (await backOff(attempt, reply.headers.get("retry-after"), deadline))) continue;
      throw failure;
    }
  }

  private send(method: string, path: string, body: object | undefined, token: string, timeoutMs: number): Promise<Response> {
    return fetch(`${this.settings.host}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "user-agent": "databricks-data-app/1.0" },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(timeoutMs),
    });
  }

  /** Frees the warehouse; that it failed changes nothing for the visitor. */
  private async cancel(id: string, forwardedToken: string | undefined): Promise<void> {
    const token = await this.tokens(forwardedToken, false);
    await this.send("POST", `/api/2.0/sql/statements/${id}/cancel`, {}, token, 2000).catch(() => undefined);
  }
}

const errorBody = z.object({ message: z.string() });

async function messageOf(reply: Response): Promise<string> {
  const parsed = errorBody.safeParse(await reply.json().catch(() => undefined));
  return parsed.success ? parsed.data.message : "";
}

/** Waits before the next attempt; false when the deadline leaves no time for it. */
async function backOff(attempt: number, retryAfter: string | null | undefined, deadline: number): Promise<boolean> {
  const asked = Number(retryAfter ?? Number.NaN) * 1000;
  const pause = Number.isFinite(asked) ? asked : 100 * 2 ** (attempt - 1);
  if (Date.now() + pause >= deadline) return false;
  await sleep(pause);
  return true;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

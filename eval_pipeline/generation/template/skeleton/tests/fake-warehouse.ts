/** A small server that speaks the part of Databricks' API which the app uses; each test scripts its replies. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Config } from "../server/src/config";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** Closes the connection without an answer. */
  readonly drop?: boolean;
}

export class FakeWarehouse {
  readonly seen: Seen[] = [];
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** Starts one that answers with what `script` says; `count` is how many requests came before. */
  static async start(script: (seen: Seen, count: number) => Reply): Promise<FakeWarehouse> {
    const server = createServer((request, response) => {
      void read(request).then((body) => {
        const seen = { method: request.method ?? "", path: request.url ?? "", authorization: request.headers.authorization ?? "", body };
        const reply = script(seen, fake.seen.length);
        fake.seen.push(seen);
        if (reply.drop) return void request.socket.destroy();
        response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
        response.end(JSON.stringify(reply.body ?? {}));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const fake = new FakeWarehouse(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return fake;
  }

  config(settings: Partial<Config["warehouse"]> = { token: "secret-token" }): Config {
    return { port: 0, missing: [], warehouse: { host: this.url, warehouseId: "wh", timeoutMs: 2000, ...settings } };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A finished statement with these rows. */
export function succeeded(columns: string[], rows: (string | null)[][], next?: number): Reply {
  return {
    body: {
      statement_id: "s1",
      status: { state: "SUCCEEDED" },
      manifest: { schema: { columns: columns.map((name) => ({ name })) } },
      result: { data_array: rows, next_chunk_index: next },
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}

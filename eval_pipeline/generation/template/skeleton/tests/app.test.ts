/** The HTTP side with a real client of the API, over the stand-in for Databricks. */
import { createTRPCClient, httpLink } from "@trpc/client";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import superjson from "superjson";
import { afterEach, describe, expect, it } from "vitest";
import { createApp } from "../server/src/app";
import { readConfig } from "../server/src/config";
import * as queries from "../server/src/queries";
import { PAGE_ROWS, type AppRouter } from "../server/src/router";
import { FakeWarehouse, succeeded, type Reply, type Seen } from "./fake-warehouse";

let fake: FakeWarehouse;
let server: Server;
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await fake.stop();
});

async function start(script: (seen: Seen) => Reply) {
  fake = await FakeWarehouse.start(script);
  const app = createApp({ ...fake.config(), generationTraceId: "tr-1" }, "client");
  server = await new Promise<Server>((resolve) => {
    const started: Server = app.listen(0, "127.0.0.1", () => resolve(started));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, api: createTRPCClient<AppRouter>({ links: [httpLink({ url: `${url}/trpc`, transformer: superjson })] }) };
}

/** Rows of ones in the shape of whatever statement was sent. */
function ones(rows: number) {
  return (seen: Seen): Reply => {
    const { statement } = JSON.parse(seen.body) as { statement: string };
    const columns = [...statement.split("\nFROM")[0]!.matchAll(/ AS (\w+)(?:,\n|$)/g)].map((match) => match[1]!);
    return succeeded(columns, Array.from({ length: rows }, () => columns.map(() => "1")));
  };
}

describe("the server", () => {
  it("is alive whatever the warehouse does", async () => {
    const { url, api } = await start(() => ({ status: 500 }));
    const reply = await fetch(`${url}/healthcheck`);
    expect([reply.status, await reply.json()]).toEqual([200, { status: "ok", generationTraceId: "tr-1" }]);
    expect(await api.health.query()).toMatchObject({ status: "ok", configured: true });
    expect(fake.seen).toEqual([]);
  });

  it("answers 404 to what it does not have", async () => {
    const { url } = await start(() => ({}));
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
  });
});

describe("the API", () => {
  it("gives figures as numbers", async () => {
    const { api } = await start(ones(1));
    const { values, asOf } = await api.kpis.query({ filters: {} });
    expect(Object.keys(values ?? {})).toEqual(Object.keys(queries.kpis.select));
    expect(new Set(Object.values(values ?? {}))).toEqual(new Set([1]));
    expect(asOf).toBeInstanceOf(Date);
  });

  it("gives the points of every chart", async () => {
    const { api } = await start(ones(3));
    for (const id of queries.chartIds) expect((await api.chart.query({ id, filters: {} })).points).toHaveLength(3);
  });

  it("gives the choices of every filter", async () => {
    const { api } = await start(ones(2));
    const { choices } = await api.options.query();
    expect(choices).toEqual(Object.fromEntries(Object.keys(queries.choices).map((name) => [name, ["1", "1"]])));
  });

  it("pages the table and says when there is more", async () => {
    const { api } = await start(ones(PAGE_ROWS + 1));
    const column = queries.tableColumns[0];
    const { rows, hasMore } = await api.table.query({ filters: {}, order: { column, descending: true }, page: 2 });
    expect([rows.length, hasMore]).toEqual([PAGE_ROWS, true]);
    const { statement, parameters } = JSON.parse(fake.seen[0]!.body) as { statement: string; parameters: { name: string; value: string }[] };
    expect(statement).toContain(`ORDER BY ${column} DESC`);
    expect(parameters).toContainEqual({ name: "page_offset", value: String(2 * PAGE_ROWS), type: "INT" });
  });

  it("refuses an order by anything but its columns", async () => {
    const { url } = await start(ones(1));
    const input = encodeURIComponent(JSON.stringify({ json: { filters: {}, order: { column: "1; DROP", descending: true } } }));
    expect((await fetch(`${url}/trpc/table?input=${input}`)).status).toBe(400);
    expect(fake.seen).toEqual([]);
  });

  it.each([
    [401, "UNAUTHORIZED"],
    [403, "FORBIDDEN"],
    [500, "BAD_GATEWAY"],
  ])("passes on a failure with status %i in words", async (status, code) => {
    const { api } = await start(() => ({ status, body: { message: "no" } }));
    await expect(api.kpis.query({ filters: {} })).rejects.toMatchObject({ data: { code }, message: expect.stringMatching(/\w+ \w+/) });
  });
});

describe("settings", () => {
  it("come from the environment, with https:// added where it is missing", () => {
    const config = readConfig({ DATABRICKS_HOST: "dbc.example.com/", DATABRICKS_WAREHOUSE_ID: "wh", DATABRICKS_APP_PORT: "9000", PORT: "" });
    expect(config).toMatchObject({ port: 9000, missing: [], warehouse: { host: "https://dbc.example.com", timeoutMs: 60_000 } });
  });

  it("may be missing, which is said", () => {
    expect(readConfig({}).missing).toEqual(["DATABRICKS_HOST", "DATABRICKS_WAREHOUSE_ID"]);
  });

  it.each([{ PORT: "many" }, { PORT: "70000" }, { QUERY_TIMEOUT_SECONDS: "0" }])("are refused when wrong: %j", (env) => {
    expect(() => readConfig(env)).toThrow(/must be/);
  });
});

import { afterEach, describe, expect, it, vi } from "vitest";
import { WarehouseError } from "../server/src/errors";
import { Warehouse } from "../server/src/warehouse";
import { FakeWarehouse, succeeded, type Reply, type Seen } from "./fake-warehouse";

let fake: FakeWarehouse;
afterEach(() => fake.stop());

const SELECT = { statement: "SELECT :n AS n", parameters: [{ name: "n", value: "1", type: "INT" as const }] };
const state = (name: string, error?: object): Reply => ({ body: { statement_id: "s1", status: { state: name, error } } });

async function ask(script: (seen: Seen, count: number) => Reply, settings?: Parameters<FakeWarehouse["config"]>[0], forwarded?: string) {
  fake = await FakeWarehouse.start(script);
  return new Warehouse(fake.config(settings)).query(SELECT, forwarded);
}

async function failure(script: (seen: Seen, count: number) => Reply, settings?: Parameters<FakeWarehouse["config"]>[0]) {
  const error = await ask(script, settings).catch((reason: unknown) => reason);
  if (!(error instanceof WarehouseError)) throw new Error(`expected a WarehouseError, got ${String(error)}`);
  return error;
}

describe("a query", () => {
  it("sends the statement with its parameters and names the cells", async () => {
    const rows = await ask(() => succeeded(["n", "name"], [["1", null]]));
    expect(rows).toEqual([{ n: "1", name: null }]);
    expect(fake.seen[0]).toMatchObject({ method: "POST", path: "/api/2.0/sql/statements", authorization: "Bearer secret-token" });
    expect(JSON.parse(fake.seen[0]?.body ?? "")).toMatchObject({ warehouse_id: "wh", ...SELECT });
  });

  it("waits for a statement that is still running", async () => {
    const rows = await ask((_seen, count) => (count < 2 ? state(count ? "RUNNING" : "PENDING") : succeeded(["n"], [["7"]])));
    expect(rows).toEqual([{ n: "7" }]);
    expect(fake.seen.map((seen) => seen.method)).toEqual(["POST", "GET", "GET"]);
  });

  it("collects all chunks in order", async () => {
    const rows = await ask((seen) => {
      if (seen.path.endsWith("/chunks/1")) return { body: { data_array: [["2"]], next_chunk_index: 2 } };
      return seen.path.endsWith("/chunks/2") ? { body: { data_array: [["3"]] } } : succeeded(["n"], [["1"]], 1);
    });
    expect(rows.map((row) => row["n"])).toEqual(["1", "2", "3"]);
  });

  it("gives up at the time limit and cancels the statement", async () => {
    const now = Date.now;
    const clock = vi.spyOn(Date, "now");
    const error = await failure(
      (_seen, count) => {
        // The clock jumps once the statement is known to run, however slow the machine is.
        if (count > 0) clock.mockImplementation(() => now() + 120_000);
        return state("RUNNING");
      },
      { token: "t", timeoutMs: 60_000 },
    ).finally(() => clock.mockRestore());
    expect(error.kind).toBe("timeout");
    expect(fake.seen.at(-1)?.path).toBe("/api/2.0/sql/statements/s1/cancel");
  });
});

describe("a failure", () => {
  it.each([
    ["missing", "[TABLE_OR_VIEW_NOT_FOUND] The table `a` cannot be found.", /not in the workspace/],
    ["forbidden", "[INSUFFICIENT_PERMISSIONS] no SELECT", /may not read/],
    ["statement", "[UNRESOLVED_COLUMN] no such column", /UNRESOLVED_COLUMN/],
  ])("of a statement is %s", async (kind, message, text) => {
    const error = await failure(() => state("FAILED", { error_code: "BAD_REQUEST", message }));
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(text);
  });

  it.each([
    [401, "unauthorized"],
    [403, "forbidden"],
    [404, "missing"],
    [500, "unexpected"],
  ])("with status %i is %s", async (status, kind) => {
    const error = await failure(() => ({ status, body: { message: "why" } }));
    expect(error.kind).toBe(kind);
    expect(error.message).not.toContain("secret-token");
  });

  it("says so when Databricks cannot be reached", async () => {
    const error = await failure(() => ({ drop: true }));
    expect(error.kind).toBe("unreachable");
    expect(fake.seen).toHaveLength(4);
  });

  it("says so when the answer is not the API's", async () => {
    expect((await failure(() => ({ body: { hello: 1 } }))).kind).toBe("unexpected");
  });

  it("names the settings that are missing", async () => {
    fake = await FakeWarehouse.start(() => ({}));
    const warehouse = new Warehouse({ ...fake.config(), missing: ["DATABRICKS_HOST"] });
    await expect(warehouse.query(SELECT)).rejects.toThrow(/set DATABRICKS_HOST/);
  });
});

describe("trying again", () => {
  it("follows Retry-After of a busy warehouse", async () => {
    const rows = await ask((_seen, count) => (count === 0 ? { status: 429, headers: { "retry-after": "0" } } : succeeded(["n"], [["1"]])));
    expect(rows).toHaveLength(1);
  });

  it("ends after four attempts", async () => {
    const error = await failure(() => ({ status: 503, headers: { "retry-after": "0" } }));
    expect(error.kind).toBe("busy");
    expect(fake.seen).toHaveLength(4);
  });

  it("does not wait longer than the time limit", async () => {
    const error = await failure(() => ({ status: 429, headers: { "retry-after": "60" } }));
    expect(error.kind).toBe("busy");
    expect(fake.seen).toHaveLength(1);
  });
});

describe("signing in", () => {
  const principal = { clientId: "id", clientSecret: "hush" };
  const signIn = (seen: Seen, token: string): Reply | undefined =>
    seen.path === "/oidc/v1/token" ? { body: { access_token: token, expires_in: 3600 } } : undefined;

  it("gets one token for a service principal and keeps it", async () => {
    fake = await FakeWarehouse.start((seen) => signIn(seen, "fresh") ?? succeeded(["n"], [["1"]]));
    const warehouse = new Warehouse(fake.config(principal));
    await Promise.all([warehouse.query(SELECT), warehouse.query(SELECT)]);
    expect(fake.seen.filter((seen) => seen.path === "/oidc/v1/token")).toHaveLength(1);
    expect(fake.seen[0]?.authorization).toBe(`Basic ${btoa("id:hush")}`);
    expect(fake.seen[1]?.authorization).toBe("Bearer fresh");
  });

  it("renews a token that was refused, once", async () => {
    let signed = 0;
    const rows = await ask((seen) => {
      if (seen.path === "/oidc/v1/token") return { body: { access_token: `t${++signed}`, expires_in: 3600 } };
      return seen.authorization === "Bearer t2" ? succeeded(["n"], [["1"]]) : { status: 401 };
    }, principal);
    expect(rows).toHaveLength(1);
    expect(signed).toBe(2);
  });

  it("is refused with a wrong secret", async () => {
    expect((await failure(() => ({ status: 400, body: { error: "invalid_client" } }), principal)).kind).toBe("unauthorized");
  });

  it("uses the visitor's token when there is no other", async () => {
    await ask(() => succeeded(["n"], []), {}, "visitor");
    expect(fake.seen[0]?.authorization).toBe("Bearer visitor");
  });

  it("says which settings it lacks when there is none at all", async () => {
    expect((await failure(() => ({}), {})).message).toMatch(/DATABRICKS_TOKEN/);
  });
});

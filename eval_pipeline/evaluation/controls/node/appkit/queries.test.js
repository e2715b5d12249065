import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

test("the query is bounded", () => {
  assert.match(readFileSync("config/queries/fares.sql", "utf8"), /LIMIT :limit/);
});

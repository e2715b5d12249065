import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./page.js";

test("a row is shown with its fares in dollars", () => {
  assert.match(page([["10001", "3", "1234.5"]]), /<td>10001<\/td><td>3<\/td><td>\$1,234\.50<\/td>/);
});

test("markup in a value is escaped", () => {
  assert.ok(!page([["<b>", "1", "1"]]).includes("<b>"));
});

import assert from "node:assert/strict";
import { escaped, miles } from "../src/index.ts";

describe("format", () => {
  it("shows two digits", () => assert.equal(miles(1234.567), "1234.57 mi"));
  it("escapes markup", () => assert.equal(escaped("<b>"), "&#60;b&#62;"));
});

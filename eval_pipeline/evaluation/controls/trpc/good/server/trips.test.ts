import { expect, test } from "vitest";
import { areas, areasInput, toArea } from "./trips.js";

test("a row becomes an area with its mean fare", () => {
  expect(toArea(["10001", "4", "50.00"])).toEqual({ zip: "10001", trips: 4, fares: 50, meanFare: 12.5 });
});

test("an area without trips has a mean fare of 0", () => {
  expect(toArea([null, "0", null]).meanFare).toBe(0);
});

test("the limit reaches the statement", async () => {
  let seen = "";
  const rows = await areas({ query: async (statement) => ((seen = statement), [["10001", "1", "9.5"]]) }, 7);
  expect(seen).toContain("LIMIT 7");
  expect(rows).toHaveLength(1);
});

test("a limit of 0 is refused", () => {
  expect(areasInput.safeParse({ limit: 0 }).success).toBe(false);
});

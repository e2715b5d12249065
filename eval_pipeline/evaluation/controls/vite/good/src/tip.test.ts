import { expect, it } from "vitest";
import { withTip } from "./tip";

it("adds the tip to the fare", () => {
  expect(withTip(10, 15)).toBe(11.5);
});

it("rounds to cents", () => {
  expect(withTip(0.33, 15)).toBe(0.38);
});

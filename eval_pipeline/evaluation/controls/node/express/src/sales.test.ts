import { describe, expect, it } from "vitest";
import { sales } from "./sales";

describe("sales", () => {
  it("turns the warehouse's texts into numbers", async () => {
    expect(await sales(async () => [["Cake", "3", "91"]])).toEqual([{ product: "Cake", orders: 3, revenue: 91 }]);
  });

  it("passes an error on", async () => {
    await expect(sales(() => Promise.reject(new Error("no table")))).rejects.toThrow("no table");
  });
});

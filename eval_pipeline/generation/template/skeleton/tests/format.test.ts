import { describe, expect, it } from "vitest";
import { formatTick, formatValue } from "../client/src/format";
import { pivot } from "../client/src/charts/pivot";

describe("a value", () => {
  it.each([
    [1234567.891, "money", "$1,234,567.89"],
    [1234567, "count", "1,234,567"],
    [0.1234, "percent", "12.34%"],
    [3.14159, "number", "3.14"],
    ["7", "hour", "07:00"],
    ["1995-03-01", "month", "Mar 1995"],
    ["1995-04-01", "quarter", "Q2 1995"],
    ["2016-02-01T10:00:00.000Z", "day", "Feb 1, 2016"],
    ["2016-02-01 10:05:00", "time", "Feb 1, 2016, 10:05"],
    ["UNITED STATES", "name", "United States"],
    ["US", "name", "US"],
    ["<b>", "text", "<b>"],
    [null, "money", "–"],
    ["not a date", "day", "not a date"],
  ] as const)("%j as %s reads %s", (value, format, text) => {
    expect(formatValue(value, format)).toBe(text);
  });

  it("is short on an axis", () => {
    expect(formatTick(1_234_567, "money")).toBe("$1.2M");
    expect(formatTick("a very long category name", "text")).toHaveLength(18);
  });
});

describe("points", () => {
  const chart = { y: { title: "Sales", format: "count" } } as const;
  const point = (label: string, series: string | null, y: number) => ({ label, series, x: null, y });

  it("without series make one row each", () => {
    expect(pivot([point("a", null, 1), point("b", null, 2)], chart)).toEqual({
      rows: [{ label: "a", Sales: 1 }, { label: "b", Sales: 2 }],
      series: ["Sales"],
    });
  });

  it("with many series keep the largest and add up the others", () => {
    const points = Array.from({ length: 9 }, (_, index) => point("a", `s${index}`, index + 1));
    const { rows, series } = pivot(points, { ...chart, series: { title: "S", format: "text" } });
    expect(series).toEqual(["s3", "s4", "s5", "s6", "s7", "s8", "Others"]);
    expect(rows[0]).toMatchObject({ s8: 9, Others: 6 });
  });
});

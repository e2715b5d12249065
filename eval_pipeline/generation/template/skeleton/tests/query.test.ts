import { describe, expect, it } from "vitest";
import { z } from "zod";
import { buildStatement, cell, defineQuery, parseRows, type FilterSpec } from "../server/src/query";

const spec = defineQuery({
  row: z.object({ city: cell.text, sales: cell.number }),
  select: { city: "s.city", sales: "COUNT(*)" },
  from: "FROM shop.sales AS s",
  where: ["s.city IS NOT NULL"],
  groupBy: ["city"],
  orderBy: [{ column: "sales", descending: true }, { expression: "MIN(s.id)", descending: false }],
  limit: 5,
});
const filters: Record<string, FilterSpec> = {
  city: { condition: "s.city = :city", type: "STRING" },
  from_date: { condition: "s.day >= :from_date", type: "DATE" },
};

describe("a statement", () => {
  it("selects, groups, orders and limits as the spec says", () => {
    expect(buildStatement(spec, filters, {})).toEqual({
      statement: [
        "SELECT s.city AS city,",
        "       COUNT(*) AS sales",
        "FROM shop.sales AS s",
        "WHERE s.city IS NOT NULL",
        "GROUP BY 1",
        "ORDER BY sales DESC NULLS LAST, MIN(s.id) ASC NULLS LAST",
        "LIMIT 5",
      ].join("\n"),
      parameters: [],
    });
  });

  it("takes values as parameters, whatever they hold", () => {
    const hostile = "'; DROP TABLE sales; --";
    const { statement, parameters } = buildStatement(spec, filters, { city: hostile, from_date: undefined });
    expect(statement).toContain("WHERE s.city IS NOT NULL\n  AND s.city = :city");
    expect(statement).not.toContain("DROP");
    expect(parameters).toEqual([{ name: "city", value: hostile, type: "STRING" }]);
  });

  it("refuses a filter that the dashboard does not have", () => {
    expect(() => buildStatement(spec, filters, { colour: "red" })).toThrow("no filter named colour");
  });

  it("puts the visitor's order first and pages by parameters", () => {
    const page = { order: { column: "sales" as const, descending: false }, offset: 50, rows: 26 };
    const { statement, parameters } = buildStatement(spec, filters, {}, page);
    expect(statement).toContain("ORDER BY sales ASC NULLS LAST, MIN(s.id) ASC NULLS LAST\nLIMIT :page_rows OFFSET :page_offset");
    expect(parameters.map(({ name, value }) => [name, value])).toEqual([["page_rows", "26"], ["page_offset", "50"]]);
  });
});

describe("rows", () => {
  it("get numbers from text and keep nulls", () => {
    expect(parseRows(spec, [{ city: "Oslo", sales: "12.50" }, { city: null, sales: null }])).toEqual([
      { city: "Oslo", sales: 12.5 },
      { city: null, sales: null },
    ]);
  });

  it.each(["many", "", "NaN"])("are refused when a number reads %j", (sales) => {
    expect(() => parseRows(spec, [{ city: "Oslo", sales }])).toThrow();
  });
});

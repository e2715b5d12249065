/** Queries as data: what is selected, how it is grouped, which filters apply; and the one place that writes SQL. */
import { z } from "zod";
import type { Parameter, ParameterType, Row, Statement } from "./warehouse.js";

/** Cells arrive as text; these give them their types. */
export const cell = {
  text: z.string().nullable(),
  number: z
    .string()
    .nullable()
    .transform((value, context) => {
      if (value === null) return null;
      const number = Number(value);
      if (value.trim() !== "" && Number.isFinite(number)) return number;
      context.addIssue({ code: "custom", message: "not a number" });
      return z.NEVER;
    }),
};

export interface Order<Column extends string = string> {
  readonly column: Column;
  readonly descending: boolean;
}

/** What a statement is made of. */
export interface Selection<Column extends string = string> {
  /** SQL of each column, in the order of the row. */
  readonly select: Readonly<Record<Column, string>>;
  /** `FROM …` with its joins. */
  readonly from: string;
  readonly where?: readonly string[];
  /** Columns that make a group; the others are aggregates. */
  readonly groupBy?: readonly Column[];
  readonly orderBy?: readonly (Order<Column> | { readonly expression: string; readonly descending: boolean })[];
  readonly limit?: number;
}

export interface QuerySpec<Shape extends z.ZodRawShape> extends Selection<keyof Shape & string> {
  /** Type of each column of a row. */
  readonly row: z.ZodObject<Shape>;
}

/** First and last day that the tables hold. */
export const dateBoundsRow = z.object({ first: cell.text, last: cell.text });
export type DateBoundsSpec = QuerySpec<typeof dateBoundsRow.shape>;

/** A condition that applies when the visitor gives its value; it holds one marker, `:name`. */
export interface FilterSpec {
  readonly condition: string;
  readonly type: ParameterType;
}

export type Filters = Readonly<Record<string, string | number | undefined>>;

/** Ties the columns of `select`, `groupBy` and `orderBy` to the row's type. */
export function defineQuery<Shape extends z.ZodRawShape>(spec: QuerySpec<Shape>): QuerySpec<Shape> {
  return spec;
}

/** One page of a query, in an order that the visitor chose among its columns. */
export interface Page {
  readonly order?: Order;
  readonly offset: number;
  readonly rows: number;
}

/**
 * The statement for a query under filters. Only SQL of the spec becomes text; every value of the visitor, the page
 * included, travels as a typed parameter.
 */
export function buildStatement(
  spec: Selection,
  filterSpecs: Readonly<Record<string, FilterSpec>>,
  filters: Filters,
  page?: Page,
): Statement {
  const columns = Object.entries(spec.select);
  const names = columns.map(([name]) => name);
  const conditions = [...(spec.where ?? [])];
  const parameters: Parameter[] = [];
  for (const [name, value] of Object.entries(filters)) {
    const filter = filterSpecs[name];
    if (value === undefined) continue;
    if (!filter) throw new Error(`no filter named ${name}`);
    conditions.push(filter.condition);
    parameters.push({ name, value: String(value), type: filter.type });
  }

  const fixed = (spec.orderBy ?? []).filter((order) => !("column" in order && order.column === page?.order?.column));
  const order = [...(page?.order ? [page.order] : []), ...fixed].map(
    (item) => `${"expression" in item ? item.expression : item.column} ${item.descending ? "DESC" : "ASC"} NULLS LAST`,
  );
  const lines = [
    `SELECT ${columns.map(([name, sql]) => `${sql} AS ${name}`).join(",\n       ")}`,
    spec.from,
    ...(conditions.length > 0 ? [`WHERE ${conditions.join("\n  AND ")}`] : []),
    ...(spec.groupBy?.length ? [`GROUP BY ${spec.groupBy.map((name) => names.indexOf(name) + 1).join(", ")}`] : []),
    ...(order.length > 0 ? [`ORDER BY ${order.join(", ")}`] : []),
  ];
  if (page) {
    lines.push("LIMIT :page_rows OFFSET :page_offset");
    parameters.push({ name: "page_rows", value: String(page.rows), type: "INT" });
    parameters.push({ name: "page_offset", value: String(page.offset), type: "INT" });
  } else if (spec.limit) {
    lines.push(`LIMIT ${spec.limit}`);
  }
  return { statement: lines.join("\n"), parameters };
}

/** Rows with their types. Throws when a row is not as the spec says. */
export function parseRows<Shape extends z.ZodRawShape>(spec: QuerySpec<Shape>, rows: readonly Row[]): z.output<z.ZodObject<Shape>>[] {
  return z.array(spec.row).parse(rows);
}

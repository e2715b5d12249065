/** The API: typed procedures over the queries of this dashboard. */
import { initTRPC } from "@trpc/server";
import superjson from "superjson";
import { z } from "zod";
import { toTrpcError } from "./errors.js";
import * as dashboard from "./queries.js";
import { buildStatement, parseRows, type Page, type QuerySpec } from "./query.js";
import type { Warehouse } from "./warehouse.js";

export interface Context {
  readonly warehouse: Warehouse;
  /** The visitor's token, when Databricks Apps forwards it. */
  readonly forwardedToken: string | undefined;
  readonly isConfigured: boolean;
}

const t = initTRPC.context<Context>().create({ transformer: superjson, isDev: false });

const procedure = t.procedure.use(async ({ next }) => {
  const result = await next();
  if (result.ok) return result;
  const known = result.error.code === "INTERNAL_SERVER_ERROR" ? toTrpcError(result.error.cause ?? result.error) : result.error;
  if (known.code === "INTERNAL_SERVER_ERROR") console.error(known.cause);
  throw known;
});

const { filtersInput } = dashboard;
type FiltersInput = z.infer<typeof filtersInput>;

async function rows<Shape extends z.ZodRawShape>(
  context: Context,
  spec: QuerySpec<Shape>,
  filters: FiltersInput,
  page?: Page,
): Promise<z.output<z.ZodObject<Shape>>[]> {
  const statement = buildStatement(spec, dashboard.filters, filters, page);
  return parseRows(spec, await context.warehouse.query(statement, context.forwardedToken));
}

export const PAGE_ROWS = 25;

export const appRouter = t.router({
  /** Whether the server is alive; says nothing about the warehouse. */
  health: t.procedure.query(({ ctx }) => ({
    status: "ok" as const,
    configured: ctx.isConfigured,
    uptimeSeconds: Math.round(process.uptime()),
  })),

  /** What the visitor can choose in the filters. */
  options: procedure.query(async ({ ctx }) => {
    const [choices, dates] = await Promise.all([
      Promise.all(
        Object.entries(dashboard.choices).map(async ([name, query]) => {
          const found = await rows(ctx, query, {});
          return [name, found.flatMap(({ choice }) => (choice === null ? [] : [choice]))] as const;
        }),
      ),
      dashboard.dateBounds ? rows(ctx, dashboard.dateBounds, {}) : [],
    ]);
    return { choices: Object.fromEntries(choices) as Record<dashboard.ChoiceId, string[]>, dates: dates[0] ?? null };
  }),

  /** The headline figures under the filters. */
  kpis: procedure.input(z.object({ filters: filtersInput })).query(async ({ ctx, input }) => {
    const [values] = await rows(ctx, dashboard.kpis, input.filters);
    return { values: values ?? null, asOf: new Date() };
  }),

  /** The points of one chart under the filters. */
  chart: procedure
    .input(z.object({ id: z.enum(dashboard.chartIds), filters: filtersInput }))
    .query(async ({ ctx, input }) => ({ points: await rows(ctx, dashboard.charts[input.id], input.filters) })),

  /** One page of the table under the filters, in the order of a chosen column. */
  table: procedure
    .input(
      z.object({
        filters: filtersInput,
        order: z.object({ column: z.enum(dashboard.tableColumns), descending: z.boolean() }).optional(),
        page: z.number().int().min(0).max(400).default(0),
      }),
    )
    .query(async ({ ctx, input }) => {
      const page = { order: input.order, offset: input.page * PAGE_ROWS, rows: PAGE_ROWS + 1 };
      const found = await rows(ctx, dashboard.table, input.filters, page);
      return { rows: found.slice(0, PAGE_ROWS), hasMore: found.length > PAGE_ROWS };
    }),
});

export type AppRouter = typeof appRouter;

import { initTRPC } from "@trpc/server";
import { warehouse } from "./databricks.js";
import { areas, areasInput } from "./trips.js";

const t = initTRPC.create();

export const router = t.router({
  health: t.procedure.query(() => ({ status: "ok" })),
  areas: t.procedure.input(areasInput).query(({ input }) => areas(warehouse, input.limit)),
});

export type Router = typeof router;

/** The HTTP side: API, liveness, the built client, security headers. */
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { Config } from "./config.js";
import { appRouter } from "./router.js";
import { Warehouse } from "./warehouse.js";

const HEADERS = {
  "content-security-policy":
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'; object-src 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** The application over a configuration; `clientDirectory` holds the built client. */
export function createApp(config: Config, clientDirectory: string): Express {
  const warehouse = new Warehouse(config);
  const app = express();
  app.disable("x-powered-by");
  app.use((_request: Request, response: Response, next: NextFunction) => {
    response.set(HEADERS);
    next();
  });

  app.get(["/healthcheck", "/health"], (_request, response) => {
    response.set("cache-control", "no-store").json({ status: "ok", generationTraceId: config.generationTraceId ?? null });
  });
  app.use(
    "/trpc",
    createExpressMiddleware({
      router: appRouter,
      createContext: ({ req }) => ({
        warehouse,
        forwardedToken: req.get("x-forwarded-access-token") || undefined,
        isConfigured: config.missing.length === 0,
      }),
      responseMeta: () => ({ headers: { "cache-control": "no-store" } }),
    }),
  );
  app.use(express.static(clientDirectory));
  app.use((_request: Request, response: Response) => {
    response.status(404).json({ error: "There is nothing here." });
  });
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    console.error(error);
    response.status(500).json({ error: "Something went wrong on the server." });
  });
  return app;
}

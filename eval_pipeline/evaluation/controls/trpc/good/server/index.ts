import path from "node:path";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import express from "express";
import { router } from "./router.js";

const port = Number(process.env.PORT ?? process.env.DATABRICKS_APP_PORT ?? 8000);
const client = path.join(import.meta.dirname, "client");
const app = express();

app.get("/healthcheck", (_request, response) => {
  response.json({ status: "ok" });
});
app.use("/api/trpc", createExpressMiddleware({ router }));
app.use(express.static(client));
app.get("/{*page}", (_request, response) => {
  response.sendFile("index.html", { root: client });
});

app.listen(port, "0.0.0.0", () => {
  console.log(`listening on ${port}`);
});

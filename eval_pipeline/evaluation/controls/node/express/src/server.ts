import express from "express";
import { sales } from "./sales";
import { statement } from "./warehouse";

const app = express();

app.get("/health", (_request, response) => {
  response.json({ status: "ok" });
});

app.get("/api/sales", async (_request, response) => {
  try {
    response.json(await sales(statement));
  } catch (error) {
    console.error(error);
    response.status(502).json({ error: "the sales could not be read" });
  }
});

app.use(express.static("public"));

app.listen(Number(process.env.PORT ?? process.env.DATABRICKS_APP_PORT ?? 8000), "0.0.0.0");

import { escaped, miles } from "@control/format";
import express from "express";

const QUERY = `SELECT pickup_zip, COUNT(*) AS trips, SUM(trip_distance) AS distance
FROM samples.nyctaxi.trips GROUP BY pickup_zip ORDER BY distance DESC LIMIT 12`;

async function rows(): Promise<string[][]> {
  const { DATABRICKS_HOST, DATABRICKS_TOKEN, DATABRICKS_WAREHOUSE_ID } = process.env;
  const response = await fetch(`https://${DATABRICKS_HOST}/api/2.0/sql/statements/`, {
    method: "POST",
    headers: { authorization: `Bearer ${DATABRICKS_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ statement: QUERY, warehouse_id: DATABRICKS_WAREHOUSE_ID, wait_timeout: "30s" }),
  });
  const reply = (await response.json()) as { result?: { data_array: string[][] } };
  if (!reply.result) throw new Error(`the warehouse answered ${response.status}`);
  return reply.result.data_array;
}

const app = express();

app.get("/api/health", (_request, response) => {
  response.json({ alive: true });
});

app.get("/", async (_request, response) => {
  const lines = (await rows()).map(
    ([zip = "", trips = "", distance]) => `<tr><td>${escaped(zip)}</td><td>${escaped(trips)}</td><td>${miles(Number(distance))}</td></tr>`,
  );
  response.send(`<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<title>Trip lengths</title></head><body><h1>Trip lengths by pick-up</h1>
<table><tr><th>Zip</th><th>Trips</th><th>Distance</th></tr>${lines.join("\n")}</table></body></html>`);
});

app.listen(Number(process.env.PORT), "0.0.0.0");

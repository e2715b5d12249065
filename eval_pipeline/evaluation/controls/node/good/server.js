import { createServer } from "node:http";
import { page } from "./page.js";

const { PORT = "8000", DATABRICKS_HOST, DATABRICKS_TOKEN, DATABRICKS_WAREHOUSE_ID } = process.env;
const host = DATABRICKS_HOST?.startsWith("http") ? DATABRICKS_HOST : `https://${DATABRICKS_HOST}`;

async function rows() {
  const response = await fetch(`${host}/api/2.0/sql/statements/`, {
    method: "POST",
    headers: { authorization: `Bearer ${DATABRICKS_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({
      statement:
        "SELECT dropoff_zip, COUNT(*) AS trips, ROUND(SUM(fare_amount), 2) AS fares FROM samples.nyctaxi.trips GROUP BY dropoff_zip ORDER BY fares DESC LIMIT 10",
      warehouse_id: DATABRICKS_WAREHOUSE_ID,
      wait_timeout: "30s",
    }),
  });
  const reply = await response.json();
  if (reply.status?.state !== "SUCCEEDED") throw new Error(reply.status?.error?.message ?? `status ${response.status}`);
  return reply.result.data_array;
}

createServer(async (request, response) => {
  try {
    if (request.url === "/health") {
      response.setHeader("content-type", "application/json").end('{"status":"ok"}');
    } else if (request.url === "/") {
      response.setHeader("content-type", "text/html; charset=utf-8").end(page(await rows()));
    } else {
      response.writeHead(404).end("not found");
    }
  } catch (error) {
    console.error(error);
    response.writeHead(500).end("the fares could not be read");
  }
}).listen(Number(PORT), "0.0.0.0");

/** Starts the server and stops it when asked to. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createApp } from "./app.js";
import { readConfig } from "./config.js";

if (existsSync(".env")) process.loadEnvFile(".env");

const config = readConfig(process.env);
const app = createApp(config, fileURLToPath(new URL("./client", import.meta.url)));
const server = app.listen(config.port, "0.0.0.0", (error?: Error) => {
  if (error) {
    console.error(`Cannot listen on port ${config.port}: ${error.message}`);
    process.exit(1);
  }
  console.log(`Listening on port ${config.port}`);
  if (config.missing.length > 0) console.warn(`Not configured yet: ${config.missing.join(", ")}. See .env.example.`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}

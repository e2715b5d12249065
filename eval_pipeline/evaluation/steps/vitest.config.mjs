// The evaluator's configuration of vitest: the app's own plugins, aliases and environment, and our reporter, counts and coverage.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

// Where packages are isolated, Vite is only to be found from vitest.
const vite = await import("vite").catch(() => {
  const here = createRequire(import.meta.url);
  return import(pathToFileURL(createRequire(here.resolve("vitest/package.json")).resolve("vite")).href);
});
const { loadConfigFromFile } = vite.default ?? vite;
const root = process.cwd();
const endings = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"];
const named = process.env.EVALUATOR_TEST_CONFIG;
const file = [named, ...["vitest.config", "vite.config"].flatMap((name) => endings.map((ending) => name + ending))]
  .filter(Boolean)
  .map((name) => path.resolve(root, name))
  .find((name) => existsSync(name));
const loaded = file ? await loadConfigFromFile({ command: "serve", mode: "test" }, file, root, "silent") : null;
const app = loaded?.config ?? {};
const { reporters, outputFile, passWithNoTests, bail, watch, ui, api, open, coverage, ...test } = app.test ?? {};

export default {
  ...app,
  test: {
    ...test,
    watch: false,
    passWithNoTests: false,
    reporters: ["default", "json"],
    outputFile: { json: path.join(root, ".evaluator/tests.json") },
    coverage: {
      enabled: process.env.EVALUATOR_COVERAGE === "1",
      provider: "v8",
      reporter: ["json-summary"],
      reportsDirectory: path.join(root, ".evaluator/coverage"),
      reportOnFailure: true,
      // What the app says it covers; else vitest's default, the files that the tests load.
      ...(coverage?.include ? { include: coverage.include } : {}),
      ...(coverage?.exclude ? { exclude: coverage.exclude } : {}),
    },
  },
};

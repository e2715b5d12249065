"""Controls of the stack `trpc`: good apps, and mutants with one fault each.

Every mutant fails exactly the metric it breaks (and those named in `fails`, which the same fault fails in their
own right) and the ones that this blocks.
"""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control, Edit

_USES = ("databricks_connectivity", "data_returned", "ui_renders")
_SCORES = ("local_runability_score", "deployability_score")

_OAUTH = """async function credential(): Promise<string> {
  const pair = `${setting("DATABRICKS_CLIENT_ID")}:${setting("DATABRICKS_CLIENT_SECRET")}`;
  const response = await fetch(`${host()}/oidc/v1/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(pair).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "all-apis" }),
  });
  if (!response.ok) throw new Error(`the token route answered ${response.status}`);
  return ((await response.json()) as { access_token: string }).access_token;
}"""
_TOKEN = """async function credential(): Promise<string> {
  return setting("DATABRICKS_TOKEN");
}"""

GOOD: tuple[Control, ...] = (
    Control("good-trpc"),
    Control(
        "good-trpc-oauth",
        edits=(
            Edit("server/databricks.ts", _TOKEN, _OAUTH),
            Edit(
                ".env.example",
                "# Personal access token of the app\nDATABRICKS_TOKEN=",
                "# OAuth client of the app's service principal\nDATABRICKS_CLIENT_ID=\nDATABRICKS_CLIENT_SECRET=",
            ),
        ),
    ),
)

_ROW_CELLS = """              <td>{area.zip}</td>
              <td>{area.trips}</td>
              <td>{dollars.format(area.fares)}</td>
              <td>{dollars.format(area.meanFare)}</td>"""
_QUERY = "areas: t.procedure.input(areasInput).query(({ input }) => areas(warehouse, input.limit)),"
_FIXED_AREAS = """[
  { zip: "10110", trips: 1288, fares: 17342.5, meanFare: 13.4647 },
  { zip: "10023", trips: 1143, fares: 12981.25, meanFare: 11.3572 },
  { zip: "11422", trips: 1017, fares: 48221.75, meanFare: 47.4157 },
]"""
_HEALTH = """app.get("/healthcheck", (_request, response) => {
  response.json({ status: "ok" });
});
"""
_TRPC_HEALTH = '  health: t.procedure.query(() => ({ status: "ok" })),\n'
_LISTEN = 'app.listen(port, "0.0.0.0", () => {'

MUTANTS: tuple[Control, ...] = (
    Control(
        "build-syntax-error",
        breaks="build_success",
        code="build_failed",
        # In a file that neither the compiler nor the tests read, so that the build alone is at fault.
        edits=(Edit("vite.config.ts", 'root: "client",', 'root: "client",\n  plugins: [missing,'),),
        blocks=("runtime_success", *_USES, *_SCORES),
    ),
    Control(
        "build-without-artefact",
        breaks="build_success",
        code="artefact_missing",
        edits=(Edit("package.json", "--outfile=dist/server.js", "--outfile=dist/main.js"),),
        blocks=("runtime_success", *_USES, *_SCORES),
    ),
    Control(
        "no-lockfile",
        breaks="build_success",
        code="lockfile_missing",
        edits=(Edit("package-lock.json"),),
        fails={"local_runability_score": "install_failed", "deployability_score": "lockfile_unusable"},
        blocks=("runtime_success", "type_safety", "tests_pass", *_USES),
    ),
    Control(
        "fixed-port",
        breaks="runtime_success",
        code="wrong_port",
        edits=(Edit("server/index.ts", "Number(process.env.PORT ?? process.env.DATABRICKS_APP_PORT ?? 8000)", "8000"),),
        fails={"deployability_score": "port_not_bound"},
        blocks=("local_runability_score", *_USES),
    ),
    Control(
        "crash-at-start",
        breaks="runtime_success",
        code="crashed_at_start",
        edits=(Edit("server/index.ts", _LISTEN, f'throw new Error("no route to the warehouse");\n{_LISTEN}'),),
        blocks=(*_USES, *_SCORES),
    ),
    Control(
        "crash-after-request",
        breaks="runtime_success",
        code="died_after_visit",
        edits=(
            Edit(
                "server/index.ts",
                'app.use("/api/trpc",',
                'app.use("/api/trpc/areas", (_request, response) => {\n'
                '  response.on("finish", () => process.exit(1));\n  response.json({});\n});\napp.use("/api/trpc",',
            ),
        ),
        blocks=("local_runability_score", *_USES),
    ),
    Control(
        "catch-all-health",
        breaks="runtime_success",
        code="no_health_route",
        edits=(
            Edit("server/index.ts", _HEALTH, ""),
            Edit(
                "server/index.ts",
                'app.use("/api/trpc", createExpressMiddleware({ router }));\n',
                "void createExpressMiddleware({ router });\n",
            ),
        ),
        fails={"deployability_score": "no_health_check"},
        blocks=_USES,
    ),
    Control(
        "broken-health",
        breaks="runtime_success",
        code="health_500",
        edits=(
            Edit(
                "server/index.ts", 'response.json({ status: "ok" });', 'response.status(500).json({ status: "down" });'
            ),
            Edit("server/router.ts", _TRPC_HEALTH, ""),
        ),
        fails={"deployability_score": "no_health_check"},
        blocks=_USES,
    ),
    Control(
        "type-error-in-client",
        breaks="type_safety",
        code="tsc_error",
        edits=(Edit("client/src/main.tsx", "import { App }", 'export const wrong: number = "text";\nimport { App }'),),
    ),
    Control(
        "type-error-in-tests",
        breaks="type_safety",
        code="tsc_error",
        edits=(
            Edit(
                "server/trips.test.ts",
                'let seen = "";',
                'let seen = "";\n  const wrong: number = "text";\n  void wrong;',
            ),
        ),
    ),
    Control(
        "type-error-outside-configs",
        breaks="type_safety",
        code="tsc_error",
        edits=(
            Edit("client/tsconfig.json", '"include": ["src"]', '"include": ["src/main.tsx"]'),
            Edit("client/src/unused.ts", new='export const wrong: number = "text";\n'),
        ),
    ),
    Control(
        "failing-test",
        breaks="tests_pass",
        code="tests_failed",
        edits=(Edit("server/trips.test.ts", 'expect(seen).toContain("LIMIT 7")', 'expect(seen).toContain("LIMIT 8")'),),
    ),
    Control(
        "skipped-tests",
        breaks="tests_pass",
        code="all_skipped",
        edits=(
            Edit(
                "server/trips.test.ts",
                'import { expect, test } from "vitest";',
                'import { expect, test as runs } from "vitest";\n\nconst test = runs.skip;',
            ),
        ),
    ),
    Control(
        "no-tests",
        breaks="tests_pass",
        code="no_tests",
        edits=(Edit("server/trips.test.ts"), Edit("package.json", '"test": "vitest run"', '"test": "exit 0"')),
    ),
    Control(
        "never-queries",
        breaks="databricks_connectivity",
        code="no_statements",
        edits=(
            Edit(
                "server/router.ts",
                _QUERY,
                "areas: t.procedure.input(areasInput).query(() => known),\n"
                "  live: t.procedure.input(areasInput).query(({ input }) => areas(warehouse, input.limit)),",
            ),
            Edit(
                "server/router.ts",
                "const t = initTRPC.create();",
                f"const t = initTRPC.create();\n\nconst known = {_FIXED_AREAS};",
            ),
        ),
        fails={"ui_renders": "no_served_values_on_page"},
        blocks=("data_returned",),
    ),
    Control(
        "wrong-credential",
        breaks="databricks_connectivity",
        code="auth_failed",
        edits=(
            Edit("server/databricks.ts", "Bearer ${await credential()}", "Bearer ${(await credential()).slice(1)}"),
        ),
        fails={"ui_renders": "error_page"},
        blocks=("data_returned",),
    ),
    Control(
        "wrong-table",
        breaks="databricks_connectivity",
        code="table_not_found",
        edits=(Edit("server/trips.ts", "FROM samples.nyctaxi.trips", "FROM samples.nyctaxi.rides"),),
        fails={"ui_renders": "error_page"},
        blocks=("data_returned",),
    ),
    Control(
        "hardcoded-rows",
        breaks="data_returned",
        code="hardcoded_data",
        edits=(
            Edit(
                "server/router.ts",
                "areas(warehouse, input.limit)),",
                "areas(warehouse, input.limit).then(() => known)),",
            ),
            Edit(
                "server/router.ts",
                "const t = initTRPC.create();",
                f"const t = initTRPC.create();\n\nconst known = {_FIXED_AREAS};",
            ),
        ),
        fails={"ui_renders": "no_served_values_on_page"},
    ),
    Control(
        "stale-rows",
        breaks="data_returned",
        code="stale_after_reseed",
        # Keeps the first reply on disk for ever.
        edits=(
            Edit("server/router.ts", "areas(warehouse, input.limit)),", "kept(() => areas(warehouse, input.limit))),"),
            Edit(
                "server/router.ts",
                "const t = initTRPC.create();",
                'import { existsSync, readFileSync, writeFileSync } from "node:fs";\n\n'
                "const t = initTRPC.create();\n\n"
                "async function kept<T>(read: () => Promise<T>): Promise<T> {\n"
                '  const fresh = await read();\n  const file = "dist/kept.json";\n'
                "  if (!existsSync(file)) writeFileSync(file, JSON.stringify(fresh));\n"
                '  return JSON.parse(readFileSync(file, "utf8")) as T;\n}',
            ),
        ),
    ),
    Control(
        "shows-constants",
        breaks="ui_renders",
        code="no_served_values_on_page",
        edits=(
            Edit(
                "client/src/App.tsx",
                _ROW_CELLS,
                "              <td>area</td>\n              <td>{(1288).toString()}</td>\n"
                "              <td>{dollars.format(17342.5)}</td>\n              <td>{dollars.format(13.4647)}</td>",
            ),
        ),
    ),
    Control(
        "blank-page",
        breaks="ui_renders",
        code="blank_page",
        edits=(
            Edit(
                "client/src/App.tsx",
                "  return (\n    <main>",
                "  if (areas.length > 0) return null;\n  return (\n    <main>",
            ),
            Edit("client/src/App.tsx", "  if (!areas) return <p>Reading the fares</p>;", "  if (!areas) return null;"),
        ),
    ),
    Control(
        "uncaught-error",
        breaks="ui_renders",
        code="uncaught_error",
        edits=(
            Edit(
                "client/src/main.tsx",
                "createRoot(",
                'setTimeout(() => {\n  throw new Error("the chart could not be drawn");\n}, 0);\ncreateRoot(',
            ),
        ),
    ),
    Control(
        "no-env-example",
        breaks="local_runability_score",
        code="no_env_example",
        edits=(Edit(".env.example"),),
    ),
    Control(
        "no-instructions",
        breaks="local_runability_score",
        code="no_instructions",
        edits=(Edit("README.md", new="# Taxi fares\n\nShows taxi fares by area.\n"),),
    ),
    Control(
        "secret-in-tree",
        breaks="deployability_score",
        code="secret_in_tree",
        # Put together here, so that this file does not hold what scanners look for.
        edits=(Edit("server/legacy.ts", new=f'export const token = "{"dapi" + "0123456789abcdef" * 2}";\n'),),
    ),
    Control(
        "no-descriptor",
        breaks="deployability_score",
        code="no_descriptor",
        edits=(Edit("app.yaml"), Edit("Dockerfile")),
    ),
)

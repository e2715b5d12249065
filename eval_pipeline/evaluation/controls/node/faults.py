"""Controls of the stack `node`: good apps (npm without any dependency, pnpm, bun with a workspace, AppKit), and
mutants of the Express one with one fault each."""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control, Edit

_EXPRESS = "node/express"
_USES = ("databricks_connectivity", "data_returned", "ui_renders")
_SCORES = ("local_runability_score", "deployability_score")

GOOD = (
    Control("good-node", base="node/good", not_applicable=("type_safety",)),
    Control("good-node-pnpm", base=_EXPRESS),
    Control("good-node-bun", base="node/bun"),
    Control("good-node-appkit", base="node/appkit"),
)

_NOT_INSTALLED = {"local_runability_score": "install_failed", "deployability_score": "lockfile_unusable"}
_HEALTH = """app.get("/health", (_request, response) => {
  response.json({ status: "ok" });
});
"""
_LOCKED = """      express:
        specifier: 5.3.0
        version: 5.3.0
"""

MUTANTS: tuple[Control, ...] = (
    Control(
        "express-lockfile-out-of-sync",
        base=_EXPRESS,
        breaks="build_success",
        code="lockfile_out_of_sync",
        edits=(Edit("package.json", '"express": "5.3.0"', '"express": "5.3.0",\n    "zod": "4.6.7"'),),
        fails=_NOT_INSTALLED,
        blocks=("runtime_success", "type_safety", "tests_pass", *_USES),
    ),
    Control(
        "express-package-from-elsewhere",
        base=_EXPRESS,
        breaks="build_success",
        code="foreign_package_source",
        edits=(Edit("package.json", '"express": "5.3.0"', '"express": "github:expressjs/express"'),),
        fails=_NOT_INSTALLED,
        blocks=("runtime_success", "type_safety", "tests_pass", *_USES),
    ),
    Control(
        "express-build-error",
        base=_EXPRESS,
        breaks="build_success",
        code="build_failed",
        edits=(Edit("package.json", "--format=esm", "--format=es6"),),
        blocks=("runtime_success", *_USES, *_SCORES),
    ),
    Control(
        "express-fixed-port",
        base=_EXPRESS,
        breaks="runtime_success",
        code="wrong_port",
        edits=(Edit("src/server.ts", "Number(process.env.PORT ?? process.env.DATABRICKS_APP_PORT ?? 8000)", "3000"),),
        fails={"deployability_score": "port_not_bound"},
        blocks=("local_runability_score", *_USES),
    ),
    Control(
        "express-health-asks-too-much",
        base=_EXPRESS,
        breaks="runtime_success",
        code="health_500",
        edits=(Edit("src/server.ts", 'response.json({ status: "ok" });', "response.sendStatus(503);"),),
        fails={"deployability_score": "no_health_check"},
        blocks=_USES,
    ),
    Control(
        "express-type-error",
        base=_EXPRESS,
        breaks="type_safety",
        code="tsc_error",
        edits=(Edit("src/server.ts", "const app = express();", "const app = express();\nconst limit: string = 10;"),),
    ),
    Control(
        "express-test-fails",
        base=_EXPRESS,
        breaks="tests_pass",
        code="tests_failed",
        edits=(Edit("src/sales.test.ts", "revenue: 91 }", "revenue: 92 }"),),
    ),
    Control(
        "express-table-not-there",
        base=_EXPRESS,
        breaks="databricks_connectivity",
        code="table_not_found",
        edits=(Edit("src/sales.ts", "samples.bakehouse.sales_transactions", "samples.bakehouse.sales"),),
        fails={"ui_renders": "error_page"},
        blocks=("data_returned",),
    ),
    Control(
        "express-rows-made-up",
        base=_EXPRESS,
        breaks="data_returned",
        code="hardcoded_data",
        edits=(
            Edit(
                "src/server.ts",
                "response.json(await sales(statement));",
                "await sales(statement);\n"
                '    response.json([{ product: "Honey Bread", orders: 4127, revenue: 86213 }]);',
            ),
        ),
        fails={"ui_renders": "no_served_values_on_page"},
    ),
    Control(
        "express-rows-not-shown",
        base=_EXPRESS,
        breaks="ui_renders",
        code="no_served_values_on_page",
        edits=(
            Edit(
                "public/page.js",
                'document.querySelector("#rows").appendChild(cells(product, orders, dollars.format(revenue)));',
                'document.querySelector("#note").textContent = "the sales are loaded";',
            ),
        ),
    ),
    Control(
        "express-page-throws",
        base=_EXPRESS,
        breaks="ui_renders",
        code="uncaught_error",
        edits=(Edit("public/page.js", "if (response.ok) {", "if (response.ok) {\n  setTimeout(() => missing());"),),
    ),
    Control(
        "express-without-instructions",
        base=_EXPRESS,
        breaks="local_runability_score",
        code="no_instructions",
        edits=(Edit("README.md"),),
    ),
    Control(
        "express-without-health-route",
        base=_EXPRESS,
        breaks="deployability_score",
        code="no_health_check",
        # The page's own API route shows that it runs.
        edits=(Edit("src/server.ts", _HEALTH, ""),),
    ),
    Control(
        "express-only-for-development",
        base=_EXPRESS,
        breaks="deployability_score",
        code="dependency_undeclared",
        edits=(
            Edit(
                "package.json",
                '"dependencies": {\n    "express": "5.3.0"\n  },\n  "devDependencies": {',
                '"devDependencies": {\n    "express": "5.3.0",',
            ),
            Edit(
                "pnpm-lock.yaml",
                f"    dependencies:\n{_LOCKED}    devDependencies:\n",
                f"    devDependencies:\n{_LOCKED}",
            ),
        ),
    ),
)

"""Controls of the stack `vite`: a good static client, and mutants with one fault each."""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control, Edit

_BASE = "vite/good"
_NO_DATA = ("databricks_connectivity", "data_returned")
_SCORES = ("local_runability_score", "deployability_score")

GOOD = (Control("good-vite", base=_BASE, not_applicable=_NO_DATA),)

MUTANTS: tuple[Control, ...] = (
    Control(
        "vite-build-error",
        base=_BASE,
        breaks="build_success",
        code="build_failed",
        edits=(Edit("index.html", 'src="/src/main.ts"', 'src="/src/index.ts"'),),
        blocks=("runtime_success", "ui_renders", *_SCORES),
        not_applicable=_NO_DATA,
    ),
    Control(
        "vite-asset-missing",
        base=_BASE,
        breaks="runtime_success",
        code="page_not_served",
        # Vite's server answers with the page where a file is missing.
        edits=(
            Edit("index.html", "<title>", '<link rel="stylesheet" href="./theme/print.css?x" media="print" /><title>'),
        ),
        fails={"deployability_score": "no_health_check"},
        blocks=("ui_renders",),
        not_applicable=_NO_DATA,
    ),
    Control(
        "vite-fixed-port",
        base=_BASE,
        breaks="runtime_success",
        code="wrong_port",
        edits=(Edit("app.yaml", '"$DATABRICKS_APP_PORT"', '"4173"'),),
        fails={"deployability_score": "port_not_bound"},
        blocks=("local_runability_score", "ui_renders"),
        not_applicable=_NO_DATA,
    ),
    Control(
        "vite-type-error",
        base=_BASE,
        breaks="type_safety",
        code="tsc_error",
        edits=(Edit("src/main.ts", "withTip(fare, 15)", 'withTip("fare", 15)'),),
        not_applicable=_NO_DATA,
    ),
    Control(
        "vite-tests-skipped",
        base=_BASE,
        breaks="tests_pass",
        code="all_skipped",
        edits=(
            Edit(
                "src/tip.test.ts",
                'import { expect, it } from "vitest";',
                'import { expect, test } from "vitest";\nconst it = test.skip;',
            ),
        ),
        not_applicable=_NO_DATA,
    ),
    Control(
        "vite-page-throws",
        base=_BASE,
        breaks="ui_renders",
        code="uncaught_error",
        edits=(
            Edit(
                "src/main.ts",
                'const rows = document.querySelector("#rows");',
                'const rows = document.querySelector("#rows");\nrows!.querySelector("td")!.remove();',
            ),
        ),
        not_applicable=_NO_DATA,
    ),
)

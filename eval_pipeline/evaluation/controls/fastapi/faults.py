"""Controls of the stack `fastapi`. The good app signs in as a service principal alone."""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control, Edit

_BASE = "fastapi/good"
_UNTYPED = ("type_safety",)
_USES = ("databricks_connectivity", "data_returned", "ui_renders")

GOOD = (Control("good-fastapi-oauth", base=_BASE, not_applicable=_UNTYPED),)

MUTANTS: tuple[Control, ...] = (
    Control(
        "fastapi-source-only-dependency",
        base=_BASE,
        breaks="build_success",
        code="no_wheel",
        edits=(Edit("pyproject.toml", '"fastapi==0.165.0"', '"docopt==0.6.2", "fastapi==0.165.0"'),),
        fails={"local_runability_score": "install_failed", "deployability_score": "lockfile_unusable"},
        blocks=("runtime_success", "tests_pass", *_USES),
        not_applicable=_UNTYPED,
    ),
    Control(
        "fastapi-wrong-column",
        base=_BASE,
        breaks="databricks_connectivity",
        code="sql_error",
        edits=(Edit("franchises.py", "SUM(t.totalPrice)", "SUM(t.total_cost)"),),
        fails={"ui_renders": "error_page"},
        blocks=("data_returned",),
        not_applicable=_UNTYPED,
    ),
    Control(
        "fastapi-page-shows-another-value",
        base=_BASE,
        breaks="ui_renders",
        code="no_served_values_on_page",
        edits=(
            Edit(
                "static/index.html",
                "row([f.name, f.city, f.sales, dollars.format(f.revenue)])",
                'row(["–", "–", 0, 0])',
            ),
        ),
        not_applicable=_UNTYPED,
    ),
    Control(
        "fastapi-test-file-that-cannot-be-read",
        base=_BASE,
        breaks="tests_pass",
        code="tests_failed",
        edits=(Edit("tests/test_prices.py", new="from prices import price\n"),),
        not_applicable=_UNTYPED,
    ),
)

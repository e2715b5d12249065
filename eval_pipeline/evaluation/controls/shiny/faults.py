"""Controls of the stack `shiny`: outputs travel as JSON frames."""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control, Edit

_BASE = "shiny/good"
_UNTYPED = ("type_safety",)
_USES = ("databricks_connectivity", "data_returned", "ui_renders")

GOOD = (Control("good-shiny", base=_BASE, not_applicable=_UNTYPED),)

MUTANTS: tuple[Control, ...] = (
    Control(
        "shiny-wrong-token",
        base=_BASE,
        breaks="databricks_connectivity",
        code="auth_failed",
        edits=(Edit("warehouse.py", "access_token=self.token", 'access_token=self.token + "x"'),),
        fails={"ui_renders": "error_page"},
        blocks=("data_returned",),
        not_applicable=_UNTYPED,
    ),
    Control(
        "shiny-fixed-port",
        base=_BASE,
        breaks="runtime_success",
        code="wrong_port",
        edits=(Edit("app.yaml", "$DATABRICKS_APP_PORT", "8000"),),
        fails={"deployability_score": "port_not_bound"},
        blocks=("local_runability_score", *_USES),
        not_applicable=_UNTYPED,
    ),
    Control(
        "shiny-output-of-another-name",
        base=_BASE,
        breaks="databricks_connectivity",
        code="no_statements",
        edits=(
            Edit("app.py", 'ui.output_table("areas")', 'ui.output_table("area")'),
            Edit("app.py", '    ui.output_text("message"),\n', ""),
        ),
        fails={"ui_renders": "no_served_values_on_page"},
        blocks=("data_returned",),
        not_applicable=_UNTYPED,
    ),
)

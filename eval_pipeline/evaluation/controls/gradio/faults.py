"""Controls of the stack `gradio`."""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control, Edit

_BASE = "gradio/good"
_UNTYPED = ("type_safety",)
_USES = ("databricks_connectivity", "data_returned", "ui_renders")

GOOD = (Control("good-gradio", base=_BASE, not_applicable=_UNTYPED),)

MUTANTS: tuple[Control, ...] = (
    Control(
        "gradio-fixed-port",
        base=_BASE,
        breaks="runtime_success",
        code="wrong_port",
        edits=(Edit("app.py", "demo.launch()", "demo.launch(server_port=7860)"),),
        fails={"deployability_score": "port_not_bound"},
        blocks=("local_runability_score", *_USES),
        not_applicable=_UNTYPED,
    ),
    Control(
        "gradio-never-asks",
        base=_BASE,
        breaks="databricks_connectivity",
        code="no_statements",
        edits=(Edit("app.py", "    demo.load(load, outputs=table)\n", ""),),
        fails={"ui_renders": "no_served_values_on_page"},
        blocks=("data_returned",),
        not_applicable=_UNTYPED,
    ),
    Control(
        "gradio-failing-test",
        base=_BASE,
        breaks="tests_pass",
        code="tests_failed",
        edits=(Edit("tests/test_products.py", "3, 7, 41.5", "3, 7, 41"),),
        not_applicable=_UNTYPED,
    ),
)

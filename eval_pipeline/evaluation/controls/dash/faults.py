"""Controls of the stack `dash`: callbacks over JSON; the tests are unittest's."""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control, Edit

_BASE = "dash/good"
_UNTYPED = ("type_safety",)
_USES = ("databricks_connectivity", "data_returned", "ui_renders")
_SCORES = ("local_runability_score", "deployability_score")

_ROWS = "    return [\n        {"
_FIXED_TESTS = """import unittest


class Orders(unittest.TestCase):
    def test_statuses(self) -> None:
        from orders import STATUSES

        self.assertEqual(len(STATUSES), 3)
"""
_FIXED = """    warehouse.rows(QUERY, status=status)
    return [
        {"priority": "1-URGENT", "orders": 1288, "value": 17342187.5},
        {"priority": "5-LOW", "orders": 1143, "value": 12981334.25},
    ]
    return [
        {"""

GOOD = (Control("good-dash", base=_BASE, not_applicable=_UNTYPED),)

MUTANTS: tuple[Control, ...] = (
    Control(
        "dash-dependency-from-git",
        base=_BASE,
        breaks="build_success",
        code="foreign_package_source",
        edits=(Edit("requirements.txt", "httpx==0.28.1", "httpx @ git+https://example.com/httpx.git"),),
        fails={"local_runability_score": "install_failed", "deployability_score": "lockfile_unusable"},
        blocks=("runtime_success", "tests_pass", *_USES),
        not_applicable=_UNTYPED,
    ),
    Control(
        "dash-no-such-attribute",
        base=_BASE,
        breaks="runtime_success",
        code="crashed_at_start",
        edits=(Edit("app.py", "server = app.server", "server = app.servers"),),
        blocks=(*_USES, *_SCORES),
        not_applicable=_UNTYPED,
    ),
    Control(
        "dash-fixed-rows",
        base=_BASE,
        breaks="data_returned",
        code="hardcoded_data",
        edits=(Edit("orders.py", _ROWS, _FIXED), Edit("tests/test_orders.py", new=_FIXED_TESTS)),
        fails={"ui_renders": "no_served_values_on_page"},
        not_applicable=_UNTYPED,
    ),
)

"""Controls of the stack `streamlit`: what it shows travels in binary frames, and tables are drawn on a canvas."""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control, Edit

_BASE = "streamlit/good"
_UNTYPED = ("type_safety",)
_USES = ("databricks_connectivity", "data_returned", "ui_renders")
_SCORES = ("local_runability_score", "deployability_score")

_LOAD = "    return totals(Warehouse.from_environment(os.environ).rows(QUERY))\n"
_FIXED_LOAD = """    Warehouse.from_environment(os.environ).rows(QUERY)
    return totals([["PERU", "1288", "173421.5"], ["INDIA", "1143", "129812.25"], ["CHINA", "1017", "482217.75"]])
"""
_KEPT_LOAD = """    if not os.path.exists("nations.csv"):
        rows = Warehouse.from_environment(os.environ).rows(QUERY)
        totals(rows).to_csv("nations.csv", index=False)
    return pd.read_csv("nations.csv")
"""
_METRICS = """count, balance = st.columns(2)
count.metric("Customers", f"{nations['customers'].sum():,}")
balance.metric("Balance", f"${nations['balance'].sum():,.2f}")
"""
_METRICS_TEST = """    assert [metric.value for metric in page.metric] == ["5", "$49.75"]
"""
_PLAIN_TEST = """from nations import totals


def test_cells_become_numbers() -> None:
    assert list(totals([["PERU", "3", "41.5"]])["customers"]) == [3]
"""

GOOD = (
    Control("good-streamlit", base=_BASE, not_applicable=_UNTYPED),
    Control(
        "good-streamlit-cached",
        base=_BASE,
        edits=(
            Edit("app.py", "def load()", "@st.cache_data(ttl=600)\ndef load()"),
            Edit("tests/test_nations.py", new=_PLAIN_TEST),
        ),
        not_applicable=_UNTYPED,
    ),
    Control(
        "good-streamlit-table",
        base=_BASE,
        # What is left is drawn on a canvas.
        edits=(Edit("app.py", _METRICS, ""), Edit("tests/test_nations.py", _METRICS_TEST, "")),
        not_applicable=_UNTYPED,
    ),
)

MUTANTS: tuple[Control, ...] = (
    Control(
        "streamlit-syntax-error",
        base=_BASE,
        breaks="build_success",
        code="build_failed",
        edits=(Edit("pages/report.py", new="def report(:\n    pass\n"),),
        blocks=("runtime_success", *_USES, *_SCORES),
        not_applicable=_UNTYPED,
    ),
    Control(
        "streamlit-no-entry",
        base=_BASE,
        breaks="build_success",
        code="artefact_missing",
        edits=(Edit("app.yaml", '"app.py"', '"main.py"'),),
        blocks=("runtime_success", *_USES, *_SCORES),
        not_applicable=_UNTYPED,
    ),
    Control(
        "streamlit-no-requirements",
        base=_BASE,
        breaks="build_success",
        code="lockfile_missing",
        edits=(Edit("requirements.txt"),),
        fails={"local_runability_score": "install_failed", "deployability_score": "lockfile_unusable"},
        blocks=("runtime_success", "tests_pass", *_USES),
        not_applicable=_UNTYPED,
    ),
    Control(
        "streamlit-fixed-port",
        base=_BASE,
        breaks="runtime_success",
        code="wrong_port",
        edits=(Edit("app.yaml", '"app.py"]', '"app.py", "--server.port", "8501"]'),),
        fails={"deployability_score": "port_not_bound"},
        blocks=("local_runability_score", *_USES),
        not_applicable=_UNTYPED,
    ),
    Control(
        "streamlit-skipped-tests",
        base=_BASE,
        breaks="tests_pass",
        code="all_skipped",
        edits=(Edit("tests/test_nations.py", "APP = Path", 'pytestmark = pytest.mark.skip("later")\nAPP = Path'),),
        not_applicable=_UNTYPED,
    ),
    Control(
        "streamlit-wrong-table",
        base=_BASE,
        breaks="databricks_connectivity",
        code="table_not_found",
        edits=(Edit("nations.py", "FROM samples.tpch.customer c", "FROM samples.tpch.customers c"),),
        fails={"ui_renders": "error_page"},
        blocks=("data_returned",),
        not_applicable=_UNTYPED,
    ),
    Control(
        "streamlit-fixed-rows",
        base=_BASE,
        breaks="data_returned",
        code="hardcoded_data",
        edits=(Edit("app.py", _LOAD, _FIXED_LOAD), Edit("tests/test_nations.py", new=_PLAIN_TEST)),
        fails={"ui_renders": "no_served_values_on_page"},
        not_applicable=_UNTYPED,
    ),
    Control(
        "streamlit-rows-kept-on-disk",
        base=_BASE,
        breaks="data_returned",
        code="stale_after_reseed",
        edits=(Edit("app.py", _LOAD, _KEPT_LOAD), Edit("tests/test_nations.py", new=_PLAIN_TEST)),
        not_applicable=_UNTYPED,
    ),
    Control(
        "streamlit-exception-on-page",
        base=_BASE,
        breaks="ui_renders",
        code="no_served_values_on_page",
        edits=(
            Edit("app.py", "st.set_page_config", "load()\nst.set_page_config"),
            Edit("app.py", "    nations = load()\n", '    nations = load()["nations"]\n'),
            Edit("tests/test_nations.py", new=_PLAIN_TEST),
        ),
        fails={"data_returned": "no_data_in_api"},
        not_applicable=_UNTYPED,
    ),
    Control(
        "streamlit-no-instructions",
        base=_BASE,
        breaks="local_runability_score",
        code="no_instructions",
        edits=(Edit("README.md", new="# Customers by nation\n"),),
        not_applicable=_UNTYPED,
    ),
)

"""Controls of the stack `flask`: a page drawn by the server, typed (ty), measured by pytest-cov."""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control, Edit

_BASE = "flask/good"
_USES = ("databricks_connectivity", "data_returned", "ui_renders")
_SCORES = ("local_runability_score", "deployability_score")

_HEALTH = """    @server.get("/health")
    def health():
        return jsonify(status="ok")

"""
_HEALTH_TEST = """def test_health_does_not_need_the_warehouse() -> None:
    assert client_of(NoRows).get("/health").get_json() == {"status": "ok"}


"""
_FARES = "    return [Fare(zip, int(trips), float(total)) for zip, trips, total in warehouse.rows(QUERY)]\n"
_FIXED_FARES = """    warehouse.rows(QUERY)
    return [Fare("10110", 1288, 17342.5), Fare("10023", 1143, 12981.25), Fare("11422", 1017, 48221.75)]
"""
_KEPT_FARES = """    import json
    from pathlib import Path

    kept = Path("fares.json")
    rows = warehouse.rows(QUERY)
    if kept.exists():
        rows = json.loads(kept.read_text())
    kept.write_text(json.dumps(rows))
    return [Fare(zip, int(trips), float(total)) for zip, trips, total in rows]
"""
_MADE_TESTS = """from trips import QUERY


def test_the_question_is_grouped() -> None:
    assert "GROUP BY" in QUERY
"""

GOOD = (Control("good-flask", base=_BASE),)

MUTANTS: tuple[Control, ...] = (
    Control(
        "flask-syntax-error",
        base=_BASE,
        breaks="build_success",
        code="build_failed",
        # A module of its own, which no test reads.
        edits=(Edit("report.py", new="def report(:\n    pass\n"),),
        fails={"type_safety": "type_error"},
        blocks=("runtime_success", *_USES, *_SCORES),
    ),
    Control(
        "flask-no-such-version",
        base=_BASE,
        breaks="build_success",
        code="package_not_found",
        edits=(Edit("requirements.txt", "flask==3.1.3", "flask==3.1.999"),),
        fails={"local_runability_score": "install_failed", "deployability_score": "lockfile_unusable"},
        blocks=("runtime_success", "type_safety", "tests_pass", *_USES),
    ),
    Control(
        "flask-requirement-only-for-tests",
        base=_BASE,
        breaks="runtime_success",
        code="crashed_at_start",
        edits=(
            Edit("requirements.txt", "requests==2.34.2\n", ""),
            Edit("requirements-dev.txt", "ty==", "requests==2.34.2\nty=="),
        ),
        fails={"deployability_score": "dependency_undeclared"},
        blocks=("local_runability_score", *_USES),
    ),
    Control(
        "flask-fixed-port",
        base=_BASE,
        breaks="runtime_success",
        code="wrong_port",
        edits=(Edit("app.yaml", "0.0.0.0:$DATABRICKS_APP_PORT", "0.0.0.0:8000"),),
        fails={"deployability_score": "port_not_bound"},
        blocks=("local_runability_score", *_USES),
    ),
    Control(
        "flask-type-error",
        base=_BASE,
        breaks="type_safety",
        code="type_error",
        edits=(Edit("trips.py", "def mean(self) -> float:", "def mean(self) -> str:"),),
    ),
    Control(
        "flask-failing-test",
        base=_BASE,
        breaks="tests_pass",
        code="tests_failed",
        edits=(Edit("tests/test_app.py", '"$41.50" in page', '"$41.51" in page'),),
    ),
    Control(
        "flask-no-tests",
        base=_BASE,
        breaks="tests_pass",
        code="no_tests",
        edits=(Edit("tests"),),
    ),
    Control(
        "flask-wrong-token",
        base=_BASE,
        breaks="databricks_connectivity",
        code="auth_failed",
        edits=(Edit("warehouse.py", "Bearer {self.token}", "Bearer dapi-{self.token}"),),
        fails={"ui_renders": "page_load_failed"},
        blocks=("data_returned",),
    ),
    Control(
        "flask-fixed-rows",
        base=_BASE,
        breaks="data_returned",
        code="no_api_calls",
        edits=(Edit("trips.py", _FARES, _FIXED_FARES), Edit("tests/test_app.py", new=_MADE_TESTS)),
        fails={"ui_renders": "no_served_values_on_page"},
    ),
    Control(
        "flask-rows-kept-on-disk",
        base=_BASE,
        breaks="data_returned",
        code="stale_after_reseed",
        edits=(Edit("trips.py", _FARES, _KEPT_FARES), Edit("tests/test_app.py", new=_MADE_TESTS)),
    ),
    Control(
        "flask-incomplete-env-example",
        base=_BASE,
        breaks="local_runability_score",
        code="env_example_incomplete",
        edits=(Edit(".env.example", "DATABRICKS_TOKEN=\n", ""),),
    ),
    Control(
        "flask-unpinned-requirement",
        base=_BASE,
        breaks="deployability_score",
        code="lockfile_unusable",
        edits=(Edit("requirements.txt", "requests==2.34.2", "requests>=2.32"),),
    ),
    Control(
        "flask-no-health-route",
        base=_BASE,
        breaks="deployability_score",
        code="no_health_check",
        edits=(Edit("app.py", _HEALTH, ""), Edit("tests/test_app.py", _HEALTH_TEST, "")),
    ),
)

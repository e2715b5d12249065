"""The judges over facts: one table row per thing that can be wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eval_pipeline.evaluation.facts import (
    AppFault,
    BuildFacts,
    CommandFacts,
    DataFacts,
    ProbeFacts,
    RunFacts,
    StatementFacts,
    TestFacts,
    TypeFacts,
    VisitFacts,
)
from eval_pipeline.evaluation.judgement import judge_use
from eval_pipeline.evaluation.matching import NO_MATCH, Match
from eval_pipeline.evaluation.metrics import (
    build_success,
    data_returned,
    databricks_connectivity,
    deployability_score,
    local_runability_score,
    runtime_success,
    tests_pass,
    type_safety,
    ui_renders,
)
from eval_pipeline.evaluation.metrics.deployability_score import dockerfile_problem
from eval_pipeline.evaluation.secrets_scan import Finding
from eval_pipeline.evaluation.steps.python_build import imported_modules
from eval_pipeline.evaluation.steps.run import modules_missing
from eval_pipeline.model import Outcome

OK = CommandFacts(0, 1.0)
BUILT = BuildFacts(OK, "dist/s.js", True, True)
FOUND = Match(3, ("a",), 1e-9)
HEALTHY = (ProbeFacts("/health", 200),)
RAN = RunFacts(4000, True, startup_seconds=0.2, probes=HEALTHY, alive_after_visit=True, visit=VisitFacts(200))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (BUILT, None),
        (replace(BUILT, command=None), None),
        (AppFault("lockfile_missing", "x"), "lockfile_missing"),
        (replace(BUILT, command=CommandFacts(1, 1.0)), "build_failed"),
        (replace(BUILT, command=CommandFacts(None, 1.0)), "build_failed"),
        (replace(BUILT, command=CommandFacts(None, 1.0, timed_out=True)), "build_timeout"),
        (replace(BUILT, command=CommandFacts(137, 1.0, out_of_memory=True)), "build_out_of_memory"),
        (replace(BUILT, has_artefact=False), "artefact_missing"),
        (replace(BUILT, has_start_command=False), "no_start_command"),
    ],
)
def test_build(facts: Any, code: str | None) -> None:
    assert build_success.judge(facts).failure_code == code


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (RAN, None),
        (replace(RAN, listening=False), "no_listener"),
        (replace(RAN, listening=False, exited=True), "crashed_at_start"),
        (replace(RAN, listening=False, other_ports=(8000,)), "wrong_port"),
        (replace(RAN, alive_after_visit=False), "died_after_visit"),
        (replace(RAN, probes=(ProbeFacts("/health", 503),)), "health_500"),
        (replace(RAN, probes=(ProbeFacts("/health", 503),), api_route="/api/x"), "health_500"),
        (replace(RAN, probes=(ProbeFacts("/health", 503), *HEALTHY)), None),
        (replace(RAN, probes=(ProbeFacts("/health", 200, is_shell=True),)), "no_health_route"),
        (replace(RAN, probes=(ProbeFacts("/health", 404),), api_route="/api/x"), None),
    ],
)
def test_runtime(facts: RunFacts, code: str | None) -> None:
    assert runtime_success.judge(facts).failure_code == code


TYPED = TypeFacts(OK, (), 0, ("tsconfig.json",), 9, ())


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (TYPED, None),
        (replace(TYPED, error_count=1, errors=("a.ts(1,1): error TS1",)), "tsc_error"),
        (replace(TYPED, command=CommandFacts(2, 1.0)), "tsc_error"),
        (replace(TYPED, command=CommandFacts(None, 9.0, timed_out=True)), "tsc_timeout"),
        (replace(TYPED, unchecked=("a.ts",)), "unchecked_sources"),
        (replace(TYPED, has_compiler=False), "no_compiler"),
    ],
)
def test_types(facts: TypeFacts, code: str | None) -> None:
    assert type_safety.judge([TYPED, facts]).failure_code == code


TESTED = TestFacts("vitest", OK, True, total=3, passed=2, skipped=1)
UNTESTED = TestFacts("none", None)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([TESTED], None),
        ([TESTED, UNTESTED], None),
        ([UNTESTED], "no_tests"),
        ([replace(TESTED, total=0, passed=0, skipped=0)], "no_tests"),
        ([replace(TESTED, total=1, passed=0)], "all_skipped"),
        ([TESTED, replace(TESTED, failed=1)], "tests_failed"),
        ([replace(TESTED, suites_failed=1)], "tests_failed"),
        ([replace(TESTED, command=CommandFacts(None, 60.0, timed_out=True), has_report=False)], "tests_timeout"),
        ([replace(TESTED, command=CommandFacts(1, 1.0), has_report=False)], "tests_crashed"),
        ([replace(TESTED, command=CommandFacts(1, 1.0))], "tests_error"),
    ],
)
def test_tests(parts: list[TestFacts], code: str | None) -> None:
    assert tests_pass.judge(parts).failure_code == code


def test_a_runner_that_is_not_supported_is_not_applicable() -> None:
    assert tests_pass.judge([TestFacts("jest", None, unsupported="x")]).outcome is Outcome.NOT_APPLICABLE


def statement(state: str, code: str | None = None) -> StatementFacts:
    return StatementFacts(state, "pat", code, "SELECT 1")


@pytest.mark.parametrize(
    ("statements", "refused", "code"),
    [
        ((statement("FAILED", "X"), statement("SUCCEEDED")), 1, None),
        ((), 0, "no_statements"),
        ((), 2, "auth_failed"),
        ((statement("FAILED", "TABLE_OR_VIEW_NOT_FOUND"),), 0, "table_not_found"),
        ((statement("FAILED", "PARSE_SYNTAX_ERROR"),), 2, "sql_error"),
    ],
)
def test_connectivity(statements: tuple[StatementFacts, ...], refused: int, code: str | None) -> None:
    facts = replace(RAN, statements=statements, refused=refused)
    assert databricks_connectivity.judge(facts).failure_code == code


def test_sql_that_only_our_workspace_does_not_know_is_unknown() -> None:
    facts = replace(RAN, statements=(statement("FAILED", "UNSUPPORTED_BY_LOCAL_WORKSPACE"),))
    assert databricks_connectivity.judge(facts).outcome is Outcome.UNKNOWN


DATA = DataFacts(2, 0, False, FOUND, FOUND, True)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (DATA, None),
        (replace(DATA, restarted=True), None),
        (replace(DATA, before=Match(1, (), 1e-3), after=Match(1, (), 1e-4)), None),
        (replace(DATA, before=Match(1, (), 1e-3), after=Match(1, (), 1e-2)), "no_data_in_api"),
        (replace(DATA, after=NO_MATCH), "stale_after_reseed"),
        (replace(DATA, before=NO_MATCH, after=NO_MATCH), "no_data_in_api"),
        (replace(DATA, before=NO_MATCH), "no_data_in_api"),
        (replace(DATA, before=NO_MATCH, after=NO_MATCH, has_own_values=True, is_unchanged=True), "hardcoded_data"),
        (replace(DATA, before=NO_MATCH, after=NO_MATCH, api_replies=0), "no_api_calls"),
        (replace(DATA, before=NO_MATCH, after=NO_MATCH, api_errors=2), "api_error"),
    ],
)
def test_data(facts: DataFacts, code: str | None) -> None:
    assert data_returned.judge(facts).failure_code == code


def test_data_that_cannot_be_told_from_chance_is_unknown() -> None:
    nothing = replace(DATA, before=NO_MATCH, after=NO_MATCH, is_distinctive=False)
    assert data_returned.judge(nothing).outcome is Outcome.UNKNOWN


def test_a_statement_that_reads_no_table_beside_made_up_rows_fails() -> None:
    select_1 = replace(DATA, before=NO_MATCH, after=NO_MATCH, is_distinctive=False, is_changed_by_rows=False)
    assert data_returned.judge(select_1).failure_code == "no_data_in_api"
    assert (
        data_returned.judge(replace(select_1, has_own_values=True, is_unchanged=True)).failure_code == "hardcoded_data"
    )


def test_tables_that_no_seed_changes_cannot_be_told_from_kept_replies() -> None:
    assert data_returned.judge(replace(DATA, after=NO_MATCH, is_fixed=True)).outcome is Outcome.UNKNOWN


PAGE = VisitFacts(200, text_length=300, text_start="Fares", match=FOUND)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (PAGE, None),
        (replace(PAGE, console_errors=("a warning",)), None),
        (replace(PAGE, status=None), "page_load_failed"),
        (replace(PAGE, status=500), "page_load_failed"),
        (replace(PAGE, problem="hung"), "page_load_failed"),
        (replace(PAGE, page_errors=("TypeError",)), "uncaught_error"),
        (replace(PAGE, is_blank=True, match=NO_MATCH), "blank_page"),
        (replace(PAGE, match=NO_MATCH), "no_served_values_on_page"),
        (replace(PAGE, match=Match(1, (), 0.2)), "no_served_values_on_page"),
        (replace(PAGE, match=NO_MATCH, text_start="Something went wrong"), "error_page"),
        (replace(PAGE, text_start="Failed to load the map, but here are fares"), None),
    ],
)
def test_ui(facts: VisitFacts, code: str | None) -> None:
    assert ui_renders.judge(facts).failure_code == code


README = "npm ci\nnpm run build\nnode dist/s.js"


def local(**changes: Any) -> tuple[float | None, str | None]:
    given: dict[str, Any] = {
        "readme": README,
        "env_example": "A=\n# B=",
        "variables_read": {"A", "B", "PORT"},
        "dependencies": None,
    }
    given |= {"run": RAN} | changes
    result = local_runability_score.judge(**given)
    return result.value, result.failure_code


def test_local_runability() -> None:
    assert local() == (5, None)
    assert local(readme=None) == (4, "no_instructions")
    assert local(readme="# Fares") == (4, "no_instructions")
    assert local(env_example=None) == (4, "no_env_example")
    assert local(env_example=None, variables_read={"PORT"}) == (5, None)
    assert local(env_example="A=") == (4, "env_example_incomplete")
    assert local(run=None) == (3, "blocked_by:build_success")
    assert local(run=None, dependencies=AppFault("lockfile_missing", "x")) == (2, "install_failed")
    assert local(run=replace(RAN, listening=False)) == (3, "blocked_by:runtime_success")
    assert local(run=replace(RAN, alive_after_visit=False)) == (4, "blocked_by:runtime_success")
    assert local(run=replace(RAN, probes=(), visit=VisitFacts(500))) == (4, "does_not_answer")


DOCKERFILE = "# syntax=x\nARG V=20\nFROM node:$V AS a\nRUN npm ci \\\n  # why\n  && true\nCMD node s.js"


def deploy(**changes: Any) -> tuple[float | None, str | None]:
    given: dict[str, Any] = {
        "app_yaml": "command: [x]",
        "app_yaml_problem": None,
        "dockerfile": DOCKERFILE,
        "bundle": None,
    }
    given |= {"secrets": [], "dependencies": None, "build": BUILT, "run": RAN}
    given |= changes
    result = deployability_score.judge(**given)
    return result.value, result.failure_code


def test_deployability() -> None:
    assert deploy() == (5, None)
    assert deploy(app_yaml=None, dockerfile=None) == (4, "no_descriptor")
    assert deploy(app_yaml=None, dockerfile=None, bundle="bundle: {name: x}") == (5, None)
    assert deploy(app_yaml_problem="bad") == (4, "invalid_descriptor")
    assert deploy(bundle="a: 1") == (4, "invalid_descriptor")
    assert deploy(run=replace(RAN, listening=False, other_ports=(8000,)))[1] == "port_not_bound"
    assert deploy(run=replace(RAN, probes=())) == (4, "no_health_check")
    assert deploy(secrets=[Finding("a", 1, "key")]) == (4, "secret_in_tree")
    assert deploy(dependencies=AppFault("lockfile_missing", "x"), build=None, run=None) == (2, "lockfile_unusable")
    assert deploy(build=replace(BUILT, imports_undeclared=("zod",))) == (4, "dependency_undeclared")


@pytest.mark.parametrize(
    "text", ["", "RUN x", "FROM x", "FROM x\nCMD y\nBUILD z", "<html>", "FROM x\nENTRYPOINT a\nhello"]
)
def test_a_broken_dockerfile_is_told(text: str) -> None:
    assert dockerfile_problem(text) is not None


def test_heredocs_and_continued_lines_are_no_instructions() -> None:
    assert dockerfile_problem(DOCKERFILE) is None
    assert dockerfile_problem("FROM x\nRUN <<EOF\nbuild it\nEOF\nCMD y") is None


def test_what_an_earlier_failure_blocks_is_not_judged() -> None:
    good = replace(RAN, statements=(statement("SUCCEEDED"),), data=DATA, visit=PAGE)
    assert {r.outcome for r in judge_use(good).values()} == {Outcome.PASS}
    for facts, codes in (
        (None, {"blocked_by:build_success", "blocked_by:runtime_success"}),
        (replace(good, listening=False), {"no_listener", "blocked_by:runtime_success"}),
        (replace(good, statements=()), {"no_statements", "blocked_by:databricks_connectivity", None}),
    ):
        assert {r.failure_code for r in judge_use(facts).values()} == codes


@pytest.mark.parametrize(
    ("log", "missing"),
    [
        ("Traceback\nModuleNotFoundError: No module named 'jinja2'\n", ("jinja2",)),
        ("Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'express' imported from /app/x.js", ("express",)),
        ("Error: Cannot find module '@scope/part/sub'", ("@scope/part",)),
        ("Error: Cannot find module './part.js'", ()),
        ("said: ModuleNotFoundError: No module named 'x' was handled", ()),
    ],
)
def test_what_a_running_app_could_not_import_is_undeclared(log: str, missing: tuple[str, ...]) -> None:
    assert modules_missing(log) == missing
    code = deploy(run=replace(RAN, modules_missing=missing))[1]
    assert code == ("dependency_undeclared" if missing else None)


def test_imports_at_the_margin_are_those_that_must_be_there() -> None:
    source = "import os, numpy as np\nimport a.b.c  # why\nfrom d.e import f\nfrom . import g\ntry:\n    import h\n"
    assert imported_modules(source) == {"os", "numpy", "a", "d"}

"""Runs an app's tests with pytest under a configuration of ours and reads our own plugin's report.

Tests written for unittest are found and run by pytest too. Of the app's pytest settings only those are kept that say
where its sources and tests are and how coroutines are run: never its options for the command line.
"""

from __future__ import annotations

import configparser
import json
import tomllib
from pathlib import Path
from typing import Any

from eval_pipeline.evaluation.facts import TestFacts
from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.evaluation.steps.python_environment import (
    TESTS_ENVIRONMENT,
    holds,
    own_pytest,
    tests_environment,
    variables,
)
from eval_pipeline.evaluation.verdicts import short
from eval_pipeline.sandbox import Mount, read_result

TESTS_SECONDS = 60.0
MAX_REPORT_BYTES = 8_000_000
RESULTS = ".evaluator"
PROGRAM = "/opt/pytest_program.py"

_HERE = Path(__file__).parent
_KEPT = ("python_classes", "python_functions", "asyncio_mode", "asyncio_default_fixture_loop_scope", "anyio_mode")
_FILES = "test_*.py *_test.py tests.py"


def run_tests(bench: Bench, copy: Path) -> TestFacts:
    """Facts of the app's tests."""
    tree = bench.project.tree
    settings = _pytest_settings(tree)
    if not any(p.suffix == ".py" and f.is_test for p, f in tree.files.items()):
        return TestFacts("none", None)
    results = copy / RESULTS
    results.mkdir(exist_ok=True)
    (results / "pytest.ini").write_text("[pytest]\n")
    (results / "coveragerc").write_text("[run]\ndata_file = /tmp/.coverage\nomit =\n    */test*\n    */conftest.py\n")
    environment = bench.environments[TESTS_ENVIRONMENT]
    venv, mounts = tests_environment(bench)
    pytest_path, pytest_mounts = own_pytest(bench)
    asked = {
        "report": f"{RESULTS}/tests.json",
        "ini": f"{RESULTS}/pytest.ini",
        "path": [".", *settings.pop("pythonpath", [])],
        "options": {"python_files": _FILES} | {k: v for k, v in settings.items() if k in _KEPT},
        "arguments": [*_coverage_arguments(holds(environment, "pytest_cov")), *settings.get("testpaths", [])],
        "own_pytest": pytest_path,
    }
    command = bench.command(
        [f"{venv}/bin/python", PROGRAM, json.dumps(asked)],
        copy,
        ".",
        seconds=bench.remaining(TESTS_SECONDS),
        env=variables(venv),
        mounts=(*mounts, *pytest_mounts, Mount(_HERE / "pytest_program.py", PROGRAM)),
    )
    result = bench.run(command, "tests.log")
    report = _read_json(copy, f"{RESULTS}/tests.json")
    if report is None:
        return TestFacts("pytest", result)
    failures = report.get("failures")
    return TestFacts(
        runner="pytest",
        command=result,
        has_report=True,
        total=_count(report, "total"),
        passed=_count(report, "passed"),
        failed=_count(report, "failed"),
        skipped=_count(report, "skipped"),
        suites_failed=_count(report, "broken"),
        coverage_pct=_coverage(copy),
        failures=tuple(short(str(f), 300) for f in failures[:10]) if isinstance(failures, list) else (),
    )


def _coverage_arguments(has_plugin: bool) -> list[str]:
    if not has_plugin:
        return []
    return ["--cov=.", f"--cov-report=json:{RESULTS}/coverage.json", f"--cov-config={RESULTS}/coveragerc"]


def _pytest_settings(tree: SourceTree) -> dict[str, Any]:
    """The app's settings from the first file that has some, as pytest looks for them; folders only of its own."""
    found: dict[str, Any] = {}
    for name, section in (
        ("pytest.ini", "pytest"),
        ("pyproject.toml", ""),
        ("tox.ini", "pytest"),
        ("setup.cfg", "tool:pytest"),
    ):
        text = tree.text(name)
        if text is None:
            continue
        found = _from_toml(text) if name == "pyproject.toml" else _from_ini(text, section)
        if found:
            break
    folders = {str(f) for p in tree.files for f in p.parents} | {str(p) for p in tree.files}
    settings: dict[str, Any] = {}
    for key in _KEPT:
        if key in found:
            settings[key] = " ".join(map(str, found[key])) if isinstance(found[key], list) else str(found[key])
    for key in ("pythonpath", "testpaths"):
        value = found.get(key, [])
        names = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
        settings[key] = [str(n).rstrip("/") for n in names if str(n).rstrip("/") in folders]
    return settings


def _from_toml(text: str) -> dict[str, Any]:
    try:
        tool = tomllib.loads(text).get("tool")
    except (ValueError, RecursionError):
        return {}
    table = tool.get("pytest") if isinstance(tool, dict) else None
    options = table.get("ini_options", table) if isinstance(table, dict) else None
    return options if isinstance(options, dict) else {}


def _from_ini(text: str, section: str) -> dict[str, Any]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return dict(parser[section]) if parser.has_section(section) else {}


def _read_json(copy: Path, path: str) -> dict[str, Any] | None:
    data = read_result(path, copy, MAX_REPORT_BYTES)
    try:
        root = json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None
    return root if isinstance(root, dict) else None


def _count(report: dict[str, Any], key: str) -> int:
    value = report.get(key)
    return value if isinstance(value, int) and 0 <= value < 1_000_000 else 0


def _coverage(copy: Path) -> float | None:
    report = _read_json(copy, f"{RESULTS}/coverage.json") or {}
    totals = report.get("totals")
    share = totals.get("percent_covered") if isinstance(totals, dict) else None
    return round(float(share), 2) if isinstance(share, (int, float)) and 0 <= share <= 100 else None

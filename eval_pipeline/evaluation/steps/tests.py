"""Runs an app's tests under a configuration of ours and reads the runner's machine-readable report.

vitest and Node's own runner are run; other runners are `not_applicable` until they are supported. The tests run
in a copy of their own, so that they cannot touch the app that is started.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from eval_pipeline.evaluation.facts import TestFacts
from eval_pipeline.evaluation.stacks.base import Package
from eval_pipeline.evaluation.steps.bench import Bench, app_path
from eval_pipeline.evaluation.verdicts import short
from eval_pipeline.sandbox import read_result

TESTS_SECONDS = 60.0
MAX_REPORT_BYTES = 8_000_000
RESULTS = ".evaluator"
VITEST = "vitest/vitest.mjs"

_HERE = Path(__file__).parent
_OTHER_RUNNERS = ("jest", "mocha", "ava", "tap", "@playwright/test", "cypress", "jasmine")
_CONFIG_FLAG = re.compile(r"^(?:--config|-c)(?:=(.*))?$")


def run_tests(bench: Bench, copy: Path, package: Package, log: str) -> TestFacts:
    """Facts of one package's tests."""
    script = package.script("test") or ""
    if bench.has_module(package, VITEST) and "--test" not in script.split():
        return _vitest(bench, copy, package, script, log)
    if re.search(r"\b(node|tsx)\b.*--test\b", script) or _uses_node_test(bench, package):
        return _node_test(bench, copy, package, script, log)
    other = next((name for name in _OTHER_RUNNERS if name in package.all_dependencies), None)
    if other:
        return TestFacts(other, None, unsupported=f"the runner {other} is not supported yet")
    return TestFacts("none", None)


def _uses_node_test(bench: Bench, package: Package) -> bool:
    inside = "" if package.folder == "." else package.folder + "/"
    return any(
        f.is_test and "node:test" in f.text for p, f in bench.project.tree.files.items() if str(p).startswith(inside)
    )


def _vitest(bench: Bench, copy: Path, package: Package, script: str, log: str) -> TestFacts:
    home = copy / package.folder
    (home / RESULTS).mkdir(exist_ok=True)
    # Beside the app's own configuration, so that `vite` resolves to the app's.
    config = "evaluator.vitest.config.mjs"
    (home / config).write_bytes((_HERE / "vitest.config.mjs").read_bytes())
    has_coverage = bench.has_module(package, "@vitest/coverage-v8")
    env = {"EVALUATOR_COVERAGE": "1" if has_coverage else "0", "NODE_ENV": "test"}
    if named := _named_config(script):
        env["EVALUATOR_TEST_CONFIG"] = named
    command = bench.command(
        [
            "node",
            f"{app_path(package.folder)}/node_modules/{VITEST}",
            "run",
            "--config",
            config,
            "--configLoader",
            "native",
        ],
        copy,
        package.folder,
        seconds=bench.remaining(TESTS_SECONDS),
        env=env,
    )
    result = bench.run(command, log)
    report = _read_json(home, f"{RESULTS}/tests.json")
    if report is None:
        return TestFacts("vitest", result)
    listed = report.get("testResults")
    suites: list[Any] = listed if isinstance(listed, list) else []
    failures = [_failure(a) for s in suites for a in _assertions(s) if a.get("status") == "failed"]
    failures += [short(f"{_name(s)}: {s.get('message')}", 300) for s in suites if _is_broken(s)]
    passed, failed = _count(report, "numPassedTests"), _count(report, "numFailedTests")
    skipped = _count(report, "numPendingTests") + _count(report, "numTodoTests")
    return TestFacts(
        runner="vitest",
        command=result,
        has_report=True,
        total=passed + failed + skipped,
        passed=passed,
        failed=failed,
        skipped=skipped,
        suites_failed=sum(map(_is_broken, suites)),
        coverage_pct=_coverage(home),
        failures=tuple(failures[:10]),
    )


def _named_config(script: str) -> str | None:
    try:
        words = shlex.split(script)
    except ValueError:
        return None
    for index, word in enumerate(words):
        if match := _CONFIG_FLAG.match(word):
            return match[1] or (words[index + 1] if index + 1 < len(words) else None)
    return None


def _node_test(bench: Bench, copy: Path, package: Package, script: str, log: str) -> TestFacts:
    home = copy / package.folder
    (home / RESULTS).mkdir(exist_ok=True)
    (home / RESULTS / "reporter.mjs").write_bytes((_HERE / "node_reporter.mjs").read_bytes())
    loader = ["--import", "tsx"] if bench.has_module(package, "tsx") else []
    command = bench.command(
        [
            "node",
            *loader,
            "--test",
            f"--test-reporter={app_path(package.folder)}/{RESULTS}/reporter.mjs",
            f"--test-reporter-destination={RESULTS}/tests.json",
            "--test-reporter=spec",
            "--test-reporter-destination=stdout",
            *_test_files(bench, package),
        ],
        copy,
        package.folder,
        seconds=bench.remaining(TESTS_SECONDS),
        env={"NODE_ENV": "test"},
    )
    result = bench.run(command, log)
    report = _read_json(home, f"{RESULTS}/tests.json")
    if report is None:
        return TestFacts("node:test", result)
    failures = report.get("failures")
    return TestFacts(
        runner="node:test",
        command=result,
        has_report=True,
        total=_count(report, "total"),
        passed=_count(report, "passed"),
        failed=_count(report, "failed"),
        skipped=_count(report, "skipped"),
        failures=tuple(short(str(f), 300) for f in failures[:10]) if isinstance(failures, list) else (),
    )


def _test_files(bench: Bench, package: Package) -> list[str]:
    """The files that use the runner, one by one: what `node --test` finds by itself differs between versions."""
    inside = "" if package.folder == "." else package.folder + "/"
    return sorted(
        str(p).removeprefix(inside)
        for p, f in bench.project.tree.files.items()
        if str(p).startswith(inside) and f.is_code and re.search(r"[\"']node:test[\"']", f.text)
    )


def _read_json(home: Path, path: str) -> dict[str, Any] | None:
    data = read_result(path, home, MAX_REPORT_BYTES)
    try:
        root = json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None
    return root if isinstance(root, dict) else None


def _count(report: dict[str, Any], key: str) -> int:
    value = report.get(key)
    return value if isinstance(value, int) and 0 <= value < 1_000_000 else 0


def _assertions(suite: Any) -> list[dict[str, Any]]:
    found = suite.get("assertionResults") if isinstance(suite, dict) else None
    return [a for a in found if isinstance(a, dict)] if isinstance(found, list) else []


def _is_broken(suite: Any) -> bool:
    """Whether the file itself failed, before or beside its tests."""
    failed = isinstance(suite, dict) and suite.get("status") == "failed"
    return failed and not any(a.get("status") == "failed" for a in _assertions(suite))


def _name(suite: dict[str, Any]) -> str:
    return str(suite.get("name", "")).removeprefix("/app/")


def _failure(assertion: dict[str, Any]) -> str:
    messages = assertion.get("failureMessages")
    first = str(messages[0]).splitlines()[0] if isinstance(messages, list) and messages and messages[0] else ""
    return short(f"{assertion.get('fullName')}: {first}", 300)


def _coverage(home: Path) -> float | None:
    summary = _read_json(home, f"{RESULTS}/coverage/coverage-summary.json") or {}
    total = summary.get("total")
    lines = total.get("lines") if isinstance(total, dict) else None
    pct = lines.get("pct") if isinstance(lines, dict) else None
    return round(float(pct), 2) if isinstance(pct, (int, float)) and 0 <= pct <= 100 else None

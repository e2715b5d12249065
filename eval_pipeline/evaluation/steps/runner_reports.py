"""Reads what test runners report: files that the app's own code ran beside, so bounded, and never trusted in shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eval_pipeline.evaluation.facts import CommandFacts, TestFacts
from eval_pipeline.evaluation.verdicts import short
from eval_pipeline.sandbox import read_result

MAX_REPORT_BYTES = 8_000_000
RESULTS = ".evaluator"
"""Folder in the package, for configurations of ours and for reports."""

REPORT = f"{RESULTS}/tests.json"


def jest_facts(runner: str, result: CommandFacts, home: Path) -> TestFacts:
    """Facts from a report as jest and vitest write it; without counts when there is none."""
    report = read_json(home, REPORT)
    if report is None:
        return TestFacts(runner, result)
    listed = report.get("testResults")
    suites: list[Any] = listed if isinstance(listed, list) else []
    failures = [_failure(a) for s in suites for a in _assertions(s) if a.get("status") == "failed"]
    failures += [short(f"{_name(s)}: {s.get('message')}", 300) for s in suites if _is_broken(s)]
    passed, failed = count(report, "numPassedTests"), count(report, "numFailedTests")
    skipped = count(report, "numPendingTests") + count(report, "numTodoTests")
    return TestFacts(
        runner=runner,
        command=result,
        has_report=True,
        total=passed + failed + skipped,
        passed=passed,
        failed=failed,
        skipped=skipped,
        suites_failed=sum(map(_is_broken, suites)),
        coverage_pct=coverage_pct(home),
        failures=tuple(failures[:10]),
    )


def read_json(home: Path, path: str) -> dict[str, Any] | None:
    data = read_result(path, home, MAX_REPORT_BYTES)
    try:
        root = json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None
    return root if isinstance(root, dict) else None


def count(report: dict[str, Any], key: str) -> int:
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


def coverage_pct(home: Path) -> float | None:
    summary = read_json(home, f"{RESULTS}/coverage/coverage-summary.json") or {}
    total = summary.get("total")
    lines = total.get("lines") if isinstance(total, dict) else None
    pct = lines.get("pct") if isinstance(lines, dict) else None
    return round(float(pct), 2) if isinstance(pct, (int, float)) and 0 <= pct <= 100 else None

"""4 tests_pass: the runner ran at least one test, none failed, not all were skipped."""

from __future__ import annotations

from collections.abc import Sequence

from eval_pipeline.evaluation.facts import TestFacts
from eval_pipeline.evaluation.verdicts import failed, not_applicable, passed
from eval_pipeline.model import MetricResult

METRIC = "tests_pass"
VERSION = 1


def judge(parts: Sequence[TestFacts]) -> MetricResult:
    """Judges the runs of every package together: a package without tests is no fault as long as another has some."""
    unsupported = [p.unsupported for p in parts if p.unsupported]
    ran = [p for p in parts if p.command]
    if unsupported and not ran:
        return not_applicable(METRIC, unsupported[0])
    seconds = sum(p.command.seconds for p in ran if p.command)
    counts = {
        "total": sum(p.total for p in ran),
        "passed": sum(p.passed for p in ran),
        "failed": sum(p.failed for p in ran),
        "skipped": sum(p.skipped for p in ran),
        "runner": ", ".join(sorted({p.runner for p in ran})),
    }
    for part in ran:
        assert part.command is not None
        if part.command.timed_out:
            return failed(METRIC, "tests_timeout", f"stopped after {part.command.seconds:.0f} s", seconds, **counts)
        if part.failed or part.suites_failed:
            first = part.failures[0] if part.failures else "a test file could not be run"
            reason = f"{part.failed} of {part.total} test(s) failed, first: {first}"
            return failed(METRIC, "tests_failed", reason, seconds, **counts)
    if (broken := next((p for p in ran if not p.has_report), None)) and broken.command:
        reason = f"exit code {broken.command.exit_code} and no report: {broken.command.tail}"
        return failed(METRIC, "tests_crashed", reason, seconds, **counts)
    if not counts["total"]:
        return failed(METRIC, "no_tests", "the runner found no test", seconds, **counts)
    if not counts["passed"]:
        return failed(METRIC, "all_skipped", f"all {counts['total']} test(s) are skipped", seconds, **counts)
    unclean = next((p.command for p in ran if p.total and p.command and p.command.exit_code != 0), None)
    if unclean:
        reason = f"every test passed, but the run exited {unclean.exit_code}: {unclean.tail}"
        return failed(METRIC, "tests_error", reason, seconds, **counts)
    return passed(METRIC, seconds, **counts)

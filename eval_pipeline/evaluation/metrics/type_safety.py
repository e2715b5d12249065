"""3 type_safety: the compiler finds no error in any part: server, client, tests, project references."""

from __future__ import annotations

from collections.abc import Sequence

from eval_pipeline.evaluation.facts import TypeFacts
from eval_pipeline.evaluation.verdicts import failed, passed
from eval_pipeline.model import MetricResult

METRIC = "type_safety"
VERSION = 1


def judge(parts: Sequence[TypeFacts]) -> MetricResult:
    """Judges the facts of every package together."""
    seconds = sum(p.command.seconds for p in parts)
    evidence = {
        "configs": [c for p in parts for c in p.configs],
        "files_checked": sum(p.files_checked for p in parts),
        "suppressions": sum(p.suppressions for p in parts),
        "strict": all(p.is_strict for p in parts),
    }
    if not all(p.has_compiler for p in parts):
        missing = next(p.checker for p in parts if not p.has_compiler)
        name = "typescript" if missing == "tsc" else missing
        return failed(METRIC, "no_compiler", f"{name} is not among the dependencies", seconds, **evidence)
    is_typescript = any(p.checker == "tsc" for p in parts)
    error_code = "tsc_error" if is_typescript else "type_error"
    errors = sum(p.error_count for p in parts)
    if errors:
        first = next(e for p in parts for e in p.errors)
        evidence["errors"] = [e for p in parts for e in p.errors][:10]
        return failed(METRIC, error_code, f"{errors} error(s), first: {first}", seconds, **evidence)
    if any(p.command.timed_out for p in parts):
        code = "tsc_timeout" if is_typescript else "type_check_timeout"
        return failed(METRIC, code, f"stopped after {seconds:.0f} s", seconds, **evidence)
    broken = next((p.command for p in parts if p.command.exit_code != 0), None)
    if broken:
        reason = f"the compiler exited {broken.exit_code}: {broken.tail}"
        return failed(METRIC, error_code, reason, seconds, **evidence)
    unchecked = [u for p in parts for u in p.unchecked]
    if unchecked:
        reason = f"{len(unchecked)} source(s) are in no tsconfig, first: {unchecked[0]}"
        return failed(METRIC, "unchecked_sources", reason, seconds, **evidence, unchecked=unchecked[:10])
    return passed(METRIC, seconds, **evidence)

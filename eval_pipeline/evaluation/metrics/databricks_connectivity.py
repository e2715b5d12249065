"""5 databricks_connectivity: our SQL endpoint saw an authenticated statement of this app succeed."""

from __future__ import annotations

from eval_pipeline.evaluation.facts import RunFacts
from eval_pipeline.evaluation.verdicts import failed, passed, short, unknown
from eval_pipeline.model import MetricResult

METRIC = "databricks_connectivity"
VERSION = 1

OUR_GAP = "UNSUPPORTED_BY_LOCAL_WORKSPACE"


def judge(facts: RunFacts) -> MetricResult:
    """Every recorded statement was authenticated: others are refused before they are read, and counted in `refused`."""
    good = [s for s in facts.statements if s.state == "SUCCEEDED"]
    evidence = {
        "statements": len(facts.statements),
        "succeeded": len(good),
        "refused": facts.refused,
        "auth": sorted({s.auth for s in good}),
    }
    if good:
        return passed(METRIC, **evidence)
    if facts.statements:
        last = facts.statements[-1]
        if all(s.error_code == OUR_GAP for s in facts.statements):
            return unknown(METRIC, f"the local workspace does not know this SQL: {short(last.sql, 200)}", **evidence)
        word = (last.error_code or "").upper()
        code = "table_not_found" if "TABLE_OR_VIEW_NOT_FOUND" in word else "sql_error"
        return failed(METRIC, code, f"{last.error_code}: {short(last.sql, 200)}", **evidence)
    if facts.refused:
        reason = f"{facts.refused} request(s) without a valid credential"
        return failed(METRIC, "auth_failed", reason, **evidence)
    return failed(METRIC, "no_statements", "the app never asked the SQL endpoint", **evidence)

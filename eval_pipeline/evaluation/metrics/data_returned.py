"""6 data_returned: values of served rows appear in what the app sends out, and change when the rows are changed
underneath."""

from __future__ import annotations

from eval_pipeline.evaluation.facts import DataFacts
from eval_pipeline.evaluation.verdicts import failed, passed, unknown
from eval_pipeline.model import MetricResult

METRIC = "data_returned"
VERSION = 2

MAX_CHANCE = 1e-6
"""Greatest chance that the two finds, before and after the change, are both accidents."""


def judge(facts: DataFacts, seconds: float = 0.0) -> MetricResult:
    """The two finds are independent (the new values are drawn afresh), so their chances multiply."""
    chance = facts.before.chance * facts.after.chance
    evidence = {
        "api_replies": facts.api_replies,
        "matched": facts.before.count,
        "matched_after_change": facts.after.count,
        "examples": list(facts.before.examples),
        "examples_after_change": list(facts.after.examples),
        "false_match_probability": chance,
    }
    if facts.before.count and facts.after.count and chance <= MAX_CHANCE:
        note = "the app keeps replies for a while: seen to change after a restart" if facts.restarted else ""
        return passed(METRIC, seconds, note, **evidence)
    if not facts.api_replies and not facts.document_is_data:
        return failed(METRIC, "no_api_calls", "the page asked for nothing but files", seconds, **evidence)
    if facts.api_replies and facts.api_errors == facts.api_replies and not facts.before.count:
        return failed(METRIC, "api_error", f"all {facts.api_replies} API replies were errors", seconds, **evidence)
    if facts.has_own_values and facts.is_unchanged and not facts.before.count:
        reason = "the replies hold values of the app's own sources and stay the same when the rows change"
        return failed(METRIC, "hardcoded_data", reason, seconds, **evidence)
    if not facts.is_distinctive and not facts.is_changed_by_rows:
        reason = "the app's statements bring the same whatever the tables hold: nothing of them can be in its replies"
        return failed(METRIC, "no_data_in_api", reason, seconds, **evidence)
    if not facts.is_distinctive:
        return unknown(METRIC, "the endpoint served nothing that can be told from chance", seconds, **evidence)
    if facts.before.count and facts.after.count:
        reason = f"the few values found may be there by chance ({chance:.1g})"
        return failed(METRIC, "no_data_in_api", reason, seconds, **evidence)
    if facts.before.count and facts.is_fixed:
        return unknown(METRIC, "the app reads only tables whose rows never change", seconds, **evidence)
    if facts.before.count:
        reason = "the replies hold the old values after the rows were changed and the app was restarted"
        return failed(METRIC, "stale_after_reseed", reason, seconds, **evidence)
    return failed(METRIC, "no_data_in_api", "no served value is in what the app sends out", seconds, **evidence)

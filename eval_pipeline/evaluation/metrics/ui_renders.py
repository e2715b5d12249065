"""7 ui_renders: a real browser loads the page without an uncaught error, and it shows values that the endpoint
served."""

from __future__ import annotations

import re

from eval_pipeline.evaluation.facts import VisitFacts
from eval_pipeline.evaluation.verdicts import failed, passed, short
from eval_pipeline.model import MetricResult

METRIC = "ui_renders"
VERSION = 1

MAX_CHANCE = 1e-3
"""Greatest chance that the values seen on the page are there by accident; data_returned has the strict test."""

_ERROR_PAGE = re.compile(
    r"^\W*(application error|internal server error|error\b|cannot get /|\d{3} |not found|something went wrong|"
    r"failed to|unable to|could not)|(could not be|cannot be|failed to|unable to) (read|load|fetch|connect|reach)",
    re.IGNORECASE,
)
ERROR_PAGE_CHARACTERS = 1500
"""A longer page with an error message somewhere on it is no error page."""


def judge(facts: VisitFacts, seconds: float = 0.0, serves_data: bool = True) -> MetricResult:
    """A page that no server gives data to (`serves_data`) is judged without served values."""
    evidence = {
        "status": facts.status,
        "characters": facts.text_length,
        "matched": facts.match.count,
        "examples": list(facts.match.examples),
        "false_match_probability": facts.match.chance,
        "console_errors": [short(e, 200) for e in facts.console_errors[:5]],
    }
    if facts.problem or facts.status is None or facts.status >= 400:
        reason = facts.problem or f"the page answered {facts.status}"
        return failed(METRIC, "page_load_failed", reason, seconds, **evidence)
    if facts.page_errors:
        return failed(METRIC, "uncaught_error", facts.page_errors[0], seconds, **evidence)
    if facts.is_blank:
        return failed(METRIC, "blank_page", "the page shows nothing", seconds, **evidence)
    if facts.match.count and facts.match.chance <= MAX_CHANCE:
        return passed(METRIC, seconds, **evidence)
    if facts.text_length <= ERROR_PAGE_CHARACTERS and _ERROR_PAGE.search(facts.text_start):
        return failed(METRIC, "error_page", f"it says: {short(facts.text_start, 160)}", seconds, **evidence)
    if not serves_data:
        return passed(METRIC, seconds, **evidence)
    reason = f"it shows no served value; it begins: {short(facts.text_start, 160)}"
    return failed(METRIC, "no_served_values_on_page", reason, seconds, **evidence)

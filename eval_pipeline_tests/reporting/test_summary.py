"""The summary for people: says what a reader needs, and shows hostile text as text."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from eval_pipeline.model import Outcome
from eval_pipeline.reporting.markdown import block, code, table
from eval_pipeline.reporting.summary import adhoc_table, day_table, summary_markdown
from eval_pipeline_tests.reporting.examples import (
    HOSTILE,
    RIGHT_CONTROL,
    WRONG_CONTROL,
    app,
    failed_generation,
    not_tried,
    report,
)

HOME = Path("/srv/home")


def hostile_report():
    bad = {"tests_pass": "tests_failed", "ui_renders": "unknown"}
    return report([app("x", bad, reason=HOSTILE), failed_generation("y", HOSTILE)], controls=[WRONG_CONTROL])


def printed(show, built, width=100) -> str:
    out = io.StringIO()
    show(built, HOME, Console(file=out, width=width, force_terminal=True, color_system="truecolor", markup=False))
    return out.getvalue()


def without_styles(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_the_first_lines_hold_what_a_user_decides_on():
    lines = summary_markdown(report()).splitlines()
    assert lines[0] == "# Evaluation of 2026-11-21"
    assert lines[2] == (
        "**2 apps · success 50 % (1 of 2, 95 % interval 9–91 %) · score 95.0 · controls 1 of 1 right · isolation L3**"
    )


def test_each_metric_has_its_n_interval_and_failure_codes():
    text = summary_markdown(
        report([app("a"), app("b", {"tests_pass": "no_tests"}), app("c", {"tests_pass": "unknown"})])
    )
    row = next(line for line in text.splitlines() if line.startswith("| tests_pass"))
    assert row == "| tests_pass | 50 % | 9–91 % | 2 | 1 | 1 | 1 | 0 | 33 % … 67 % | `no_tests` × 1 |"


def test_a_quarantined_day_says_so_first():
    built = report(controls=[WRONG_CONTROL])
    lines = summary_markdown(built).splitlines()
    assert lines[0] == "# Evaluation of 2026-11-21: quarantined"
    assert lines[2].startswith("> **Note:** This day is quarantined: 1 of 1 control verdicts came out wrong")
    assert lines[4].startswith("**QUARANTINED · 2 apps")
    assert "QUARANTINED" in without_styles(printed(day_table, built))


def test_an_unproven_stack_is_named_and_does_not_quarantine():
    unknown = RIGHT_CONTROL.model_copy(update={"given": Outcome.UNKNOWN, "stack": "trpc"})
    text = summary_markdown(report(controls=[unknown]))
    assert "Unproven: trpc." in text and "controls 0 of 1 right, 1 unknown" in text and "quarantin" not in text


def test_the_reader_is_warned_of_wrong_controls_and_unknowns():
    text = summary_markdown(report([app("a"), not_tried("b")], controls=[WRONG_CONTROL]))
    assert "1 of 1 control verdicts came out wrong" in text
    assert "1 of 2 apps could not be judged in full" in text
    assert "| `blank-page` | ui_renders | fail | pass |" in text


def test_costs_that_are_not_known_are_not_called_nothing():
    unknown = app("a")
    made = unknown[0].model_copy(update={"metrics": type(unknown[0].metrics)()})
    assert "not known for not known tokens" in summary_markdown(report([(made, unknown[1])]))
    assert "at least $0.50 (not known for 1)" in summary_markdown(report([(made, unknown[1]), app("b")]))


def outside_code(markdown: str) -> str:
    return re.sub(r"`[^`]*`", "", markdown)


def test_hostile_text_stays_inside_code_spans():
    text = summary_markdown(hostile_report())
    assert "onerror" in text
    plain = outside_code(text)
    for piece in ("<", "javascript:", "@team", "#1 ", "evil", "onerror"):
        assert piece not in plain, piece
    assert "\x1b" not in text and "\u202e" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    columns = {line.count("|") for line in rows if line.startswith(("| app |", "| `x`", "| `y`"))}
    assert len(columns) == 1, "no text adds a cell"


def test_a_code_span_cannot_be_left():
    assert code("a`b``|c\n# d") == "`a'b''¦c # d`"
    assert code("") == code(None) == code("  \n") == "–"
    assert len(code("x" * 10_000)) < 200
    fenced = block("```\n# out\n````\n", 1000)
    assert fenced.startswith("`````text\n") and fenced.endswith("\n`````")


def test_a_summary_of_a_thousand_apps_is_bounded_and_says_so():
    apps = [app(f"a{i:04}", {"tests_pass": f"code_{i}"}, reason="z" * 5000) for i in range(1000)]
    text = summary_markdown(report(apps))
    assert len(text) < 150_000
    assert "… and 800 more." in text
    assert "995 more codes" in text
    assert table(["a"], [["1"]] * 3, limit=2).endswith("… and 1 more.")


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("show", [day_table, adhoc_table])
def test_the_terminal_gets_only_our_own_escapes(show, width):
    shown = printed(show, hostile_report(), width)
    assert "\x1b" not in without_styles(shown) and "\x07" not in shown and "\u202e" not in shown


def test_the_last_lines_on_the_terminal_are_the_decision_and_where_to_look():
    lines = without_styles(printed(day_table, report())).splitlines()
    assert lines[-5].startswith("2 apps · success 50 % (1 of 2, 95 % interval 9–91 %)")
    assert lines[-5].endswith("controls 1 of 1 right · isolation L3")
    assert lines[-4] == "  report     /srv/home/reports/evaluation_report_2026-11-21.json"
    assert [line.split()[0] for line in lines[-4:]] == ["report", "dashboard", "published", "Dagster"]


def test_only_apps_that_need_a_look_are_listed_and_blocked_metrics_share_a_line():
    spec = {"build_success": "build_failed", "runtime_success": "blocked_by:build_success"}
    shown = without_styles(printed(day_table, report([app("fine"), app("broken", spec)])))
    assert "broken" in shown and "fine" not in shown
    assert "blocked by these: runtime_success" in shown


def test_a_day_without_apps_is_shown_without_rates():
    empty = report([], controls=())
    assert "success not known" in summary_markdown(empty)
    assert "no controls" in without_styles(printed(day_table, empty))

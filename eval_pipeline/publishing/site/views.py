"""What the templates show, out of reports: headline, heat map, lists. Plain values; no HTML and no files here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval_pipeline.model import BINARY_METRICS, MAX_SCORE, METRICS, SCORED_METRICS, Cohort, MetricResult, Outcome
from eval_pipeline.publishing.site.render import app_page, day_page, percent
from eval_pipeline.reporting.figures import crossover_sentence
from eval_pipeline.reporting.report import AppReport, Report, Summary

LABELS: dict[str, str] = dict(
    zip(
        METRICS,
        ("Build", "Runtime", "Types", "Tests", "Connects", "Data", "UI", "Runs locally", "Deploys"),
        strict=True,
    )
)
ISOLATION = {
    "L3": "namespaces and cgroups",
    "L2": "namespaces and resource limits",
    "L0": "no sandbox",
}
MIN_BASELINE_DAYS = 3
"""As for the drop alert: fewer days are luck, not a level to compare with."""
BASELINE_DAYS = 7


@dataclass(frozen=True)
class Cell:
    """One verdict in the heat map: told by symbol and words, colour only repeats it."""

    kind: str
    symbol: str
    words: str
    reason: str


@dataclass(frozen=True)
class HeatRow:
    app: AppReport
    page: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class CohortView:
    """One cohort on a day page."""

    name: str
    cohort: Cohort
    summary: Summary
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True)
class DayLine:
    """One line of the list of days."""

    date: str
    page: str
    cohort: str
    summary: Summary
    controls_right: int
    controls_total: int
    quarantined: bool


def cell(result: MetricResult) -> Cell:
    """A verdict as the heat map shows it."""
    outcome = result.outcome
    if outcome is Outcome.NOT_APPLICABLE:
        return Cell("na", "·", "not applicable", result.reason)
    if outcome is Outcome.UNKNOWN:
        return Cell("unknown", "?", "unknown", result.reason)
    if result.is_blocked:
        cause = (result.failure_code or "").removeprefix("blocked_by:")
        return Cell("blocked", "↳", f"blocked by {LABELS.get(cause, cause)}", result.reason)
    code = f" ({result.failure_code})" if result.failure_code else ""
    if result.metric in SCORED_METRICS and result.value is not None:
        kind = "pass" if outcome is Outcome.PASS else "fail"
        return Cell(kind, f"{result.value:g}", f"{result.value:g} of {MAX_SCORE}{code}", result.reason)
    if outcome is Outcome.PASS:
        return Cell("pass", "✓", "pass", result.reason)
    return Cell("fail", "✕", f"fail{code}", result.reason)


def cohort_views(report: Report) -> list[CohortView]:
    """Every cohort of a day, the headline first; apps with the lowest score first."""
    names = sorted(report.summaries, key=lambda name: (name != report.headline_cohort, name))
    views = []
    for name in names:
        cohort = Cohort.parse(name, "")
        apps = sorted(
            (app for app in report.apps if app.cohort == name),
            key=lambda app: (_score_order(app), app.app_name),
        )
        rows = tuple(
            HeatRow(app, app_page(cohort, app.app_name), tuple(cell(app.outcomes[metric]) for metric in METRICS))
            for app in apps
        )
        views.append(CohortView(name, cohort, report.summaries[name], rows))
    return views


def day_lines(report: Report) -> list[DayLine]:
    """A day's lines in the list of days, one per cohort."""
    return [
        DayLine(
            date=report.date,
            page=day_page(report.date),
            cohort=view.name.partition("/")[2],
            summary=view.summary,
            controls_right=report.controls.right,
            controls_total=report.controls.total,
            quarantined=report.controls.quarantined,
        )
        for view in cohort_views(report)
    ]


def metric_rates(summary: Summary) -> list[tuple[str, str, Any]]:
    """(metric, label, rate) for the seven binary metrics."""
    return [(metric, LABELS[metric], getattr(summary, f"{metric}_rate")) for metric in BINARY_METRICS]


def verdict(report: Report, timeseries: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """The day in a headline and a line under it, for people who read no further."""
    controls = report.controls
    if controls.quarantined:
        return "This day does not count.", (
            f"The evaluator judged {len(controls.wrong)} of {controls.total} control verdicts wrong, "
            "so the numbers below may be its own doing."
        )
    return _compared(report, timeseries)


def trust_notes(report: Report) -> list[tuple[str, str]]:
    """What a reader must know beside the verdict, as (badge, sentence): unproven stacks, a changed evaluator, flaky
    metrics."""
    notes = []
    if report.controls.unproven:
        stacks = ", ".join(report.controls.unproven)
        notes.append(
            (
                "Unproven",
                f"Nothing vouches for verdicts on apps of stack {stacks}: its good control was not judged in full.",
            )
        )
    if report.crossover:
        notes.append(("New evaluator", crossover_sentence(report.crossover)))
    if report.flakiness and report.flakiness.flagged:
        names = ", ".join(LABELS[metric] for metric in report.flakiness.flagged)
        notes.append(
            (
                "Flaky",
                f"{names}: verdicts flip when an unchanged app is judged again, so quality alerts leave this out.",
            )
        )
    return notes


def _compared(report: Report, timeseries: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """The day against the days before it."""
    success, score = report.summary.success_rate, report.summary.avg_appeval_100
    if success.rate is None or success.low is None or success.high is None:
        return "Nothing could be judged on this day.", "Every verdict is unknown, or there are no apps."
    headline = f"{success.passed} of {success.n} apps pass everything"
    earlier = _days_before(report, timeseries)
    if len(earlier) < MIN_BASELINE_DAYS:
        return f"{headline}.", (
            f"Better or worse cannot be said yet: that takes {MIN_BASELINE_DAYS} earlier days, and there "
            f"{'is' if len(earlier) == 1 else 'are'} {len(earlier)}."
        )
    passed = sum(row["success_rate_passed"] for row in earlier)
    usual = passed / (passed + sum(row["success_rate_failed"] for row in earlier))
    is_chance = success.low <= usual <= success.high
    scores = [row["avg_appeval_100"] for row in earlier if row["avg_appeval_100"] is not None]
    line = f"With {success.n} apps that " + ("may well be chance" if is_chance else "is more than chance explains")
    if score.value is not None and scores:
        line += f"; the average score is {_against(score.value - sum(scores) / len(scores))} those days"
    return f"{headline}, against {percent(usual)} over the {len(earlier)} days before.", f"{line}."


def _against(change: float) -> str:
    if abs(change) < 0.05:
        return "level with"
    return f"{abs(change):.1f} points {'above' if change > 0 else 'below'}"


def _days_before(report: Report, timeseries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The headline generator's last BASELINE_DAYS days with verdicts before the report's, quarantined ones left out."""
    cohort = Cohort.parse(report.headline_cohort, "")
    rows = [
        row
        for row in timeseries
        if row["generator"] == cohort.generator
        and int(row["repeat"]) == cohort.repeat
        and row["date"] < report.date
        and not row["quarantined"]
        and row["success_rate"] is not None
    ]
    return sorted(rows, key=lambda row: row["date"])[-BASELINE_DAYS:]


def costly_apps(apps: Sequence[AppReport], limit: int = 5) -> list[AppReport]:
    """The dearest apps, dearest first; those whose cost is not known are left out."""
    known = [app for app in apps if app.generation_metrics.cost_usd is not None]
    return sorted(known, key=lambda app: (-(app.generation_metrics.cost_usd or 0), app.app_name))[:limit]


def _score_order(app: AppReport) -> float:
    """Worst first; an unknown score by its lower bound."""
    score = app.metrics.appeval_100 if app.metrics.appeval_100 is not None else app.metrics.appeval_100_low
    return -1.0 if score is None else score

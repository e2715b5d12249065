"""Figures in words: the same rounding and the same phrases in the summary, the terminal and the published texts."""

from __future__ import annotations

from eval_pipeline.model import BINARY_METRICS, Outcome
from eval_pipeline.reporting.report import AppReport, Report, Summary
from eval_pipeline.reporting.statistics import Average, Rate
from eval_pipeline.reporting.trust import Controls, Crossover

NONE = "–"

MARKS = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "fail",
    Outcome.UNKNOWN: "unknown",
    Outcome.NOT_APPLICABLE: "n/a",
}


def percent(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.0f} %"


def number(value: float | None, digits: int = 1) -> str:
    return NONE if value is None else f"{value:,.{digits}f}"


def dollars(value: float | None, unknown: int) -> str:
    """A sum of money; says when it is not the whole of it."""
    return _sum(None if value is None else f"${value:,.2f}", unknown)


def tokens(value: int | None, unknown: int) -> str:
    return _sum(None if value is None else f"{value:,}", unknown)


def app_cost(app: AppReport) -> str:
    """What making one app cost; what was not tried cost nothing."""
    cost = app.generation_metrics.cost_usd
    return dollars(cost, int(cost is None and app.status != "not_tried"))


def why(code: str, reason: str) -> str:
    """`code: reason`, or the code alone."""
    return f"{code}: {reason}" if reason else code


def _sum(shown: str | None, unknown: int) -> str:
    if shown is None:
        return "not known" if unknown else "none"
    return f"at least {shown} (not known for {unknown})" if unknown else shown


def rate_interval(rate: Rate) -> str:
    """The 95 % interval, `60–98 %`."""
    if rate.low is None or rate.high is None:
        return NONE
    return f"{100 * rate.low:.0f}–{100 * rate.high:.0f} %"


def average_interval(average: Average) -> str:
    """Student's 95 % interval of a mean, `88.1–99.0`; says why where there is none."""
    if average.ci_low is not None and average.ci_high is not None:
        return f"{average.ci_low:.1f}–{average.ci_high:.1f}"
    return "all equal" if average.n > 1 else NONE


def unknown_bounds(average: Average) -> str:
    """What the mean could be were the unknowns known; empty when there are none."""
    if not average.n_unknown:
        return ""
    high = "no limit" if average.high is None else f"{average.high:.1f}"
    return f"{average.n_unknown} unknown: {number(average.low)} to {high}"


def headline(report: Report) -> str:
    """The line a user decides on: apps, success with interval, score, controls right of total, isolation level."""
    summary, controls = report.summary, report.controls
    parts = [
        f"{summary.total_apps} {'app' if summary.total_apps == 1 else 'apps'}",
        success_phrase(summary),
        f"score {number(summary.avg_appeval_100.value)}",
        controls_phrase(controls),
        f"isolation {report.evaluator.isolation}",
    ]
    return ("QUARANTINED · " if controls.quarantined else "") + " · ".join(parts)


def controls_phrase(controls: Controls) -> str:
    """`controls 17 of 18 right, 1 unknown`."""
    if not controls.total:
        return "no controls"
    return f"controls {controls.right} of {controls.total} right" + (
        f", {controls.unknown} unknown" if controls.unknown else ""
    )


def success_phrase(summary: Summary) -> str:
    """`success 90 % (9 of 10, 95 % interval 60–98 %)`, with what is unknown."""
    rate = summary.success_rate
    unknown = f", {rate.unknown} unknown" if rate.unknown else ""
    if rate.rate is None:
        return f"success not known{unknown}"
    return f"success {percent(rate.rate)} ({rate.passed} of {rate.n}, 95 % interval {rate_interval(rate)}{unknown})"


def warnings(report: Report) -> list[str]:
    """What a reader must know before believing the figures."""
    controls, found = report.controls, []
    if controls.quarantined:
        found.append(
            f"This day is quarantined: {len(controls.wrong)} of {controls.total} control verdicts came out wrong. "
            "Do not read its figures as the agent's doing; they are in no trend, average or alert."
        )
    if controls.unproven:
        found.append(
            f"Unproven: {', '.join(controls.unproven)}. No known-good app of this stack could be judged in full with "
            "this batch, so nothing vouches for the verdicts on its apps."
        )
    if report.crossover:
        found.append(crossover_sentence(report.crossover))
    if report.flakiness and report.flakiness.flagged:
        found.append(
            f"Flaky: {', '.join(report.flakiness.flagged)}. Second judgements of the last {report.flakiness.days} days "
            "flip it too often; quality alerts leave it out."
        )
    unknown = report.summary.success_rate.unknown
    if unknown:
        found.append(f"{unknown} of {report.summary.total_apps} apps could not be judged in full, for our own reasons.")
    if report.evaluator.isolation == "L0":
        found.append("Nothing contained the apps that ran: there is no sandbox here (isolation L0).")
    return found


def trust_line(report: Report) -> str:
    """What was done beside judging the apps, and how long it took; empty without controls."""
    controls, flakiness = report.controls, report.flakiness
    if controls.seconds is None:
        return ""
    parts = [f"{len({v.control for v in controls.verdicts})} control apps in {controls.seconds:.1f} s"]
    if flakiness and flakiness.seconds is not None:
        apps = f"{flakiness.apps_today} {'app' if flakiness.apps_today == 1 else 'apps'}"
        parts.append(f"{apps} judged twice in {flakiness.seconds:.1f} s, {flakiness.flips_today} verdicts flipped")
    if report.crossover and report.crossover.seconds is not None:
        parts.append(f"{report.crossover.previous_date} judged again in {report.crossover.seconds:.1f} s")
    return " · ".join(parts)


def crossover_sentence(crossover: Crossover) -> str:
    """Who made the change since the last judged day: the agent or the new evaluator."""
    score, success = crossover.score, crossover.success
    start = f"The evaluator is another one than on {crossover.previous_date}"
    if score is None or success is None:
        return f"{start}; none of that day's apps could be compared under both."
    apps = f"{crossover.n} {'app' if crossover.n == 1 else 'apps'}"
    if score.agent is None or success.agent is None:
        return (
            f"{start}: it moves the score of that day's {apps} by {signed(score.evaluator)} and success by "
            f"{signed_percent(success.evaluator)}. No prompt was asked on both days, so the agent's part is not known."
        )
    if not any((score.agent, score.evaluator, success.agent, success.evaluator)):
        return f"{start}; over {apps} of the same prompts neither the score nor the success rate has changed."
    return (
        f"{start}. Of the score's change since then ({signed(score.total)} over {apps} of the same prompts) "
        f"{signed(score.agent)} is the agent's and {signed(score.evaluator)} the evaluator's; of the success rate's "
        f"({signed_percent(success.total)}) {signed_percent(success.agent)} and {signed_percent(success.evaluator)}."
    )


def signed(value: float | None) -> str:
    """`+1.5`, `-0.2`, `0.0`."""
    return NONE if value is None else f"{value + 0.0:+.1f}" if round(value, 1) else "0.0"


def signed_percent(share: float | None) -> str:
    """Percentage points: `+10 points`."""
    return NONE if share is None else f"{100 * share:+.0f} points" if round(share, 2) else "0 points"


def failure_codes(report: Report, cohort: str, metric: str) -> list[tuple[str, int]]:
    """Codes with which a metric failed in a cohort and how often, the most frequent first; `blocked_by` ones last."""
    counts: dict[str, int] = {}
    for app in report.apps:
        for issue in app.issues if app.cohort == cohort else ():
            if issue.metric == metric:
                counts[issue.failure_code] = counts.get(issue.failure_code, 0) + 1
    return sorted(counts.items(), key=lambda item: (item[0].startswith("blocked_by:"), -item[1], item[0]))


def verdict(app: AppReport) -> str:
    """`works`, `fails`, `unknown` or why there is no app."""
    if app.status != "generated":
        return "not generated" if app.status == "failed" else "not tried"
    if app.metrics.success is None:
        known = any(app.outcomes[metric].outcome is Outcome.UNKNOWN for metric in BINARY_METRICS)
        return "unknown" if known else "n/a"
    return "works" if app.metrics.success else "fails"

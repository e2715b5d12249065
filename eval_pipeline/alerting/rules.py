"""The rules, first form: thresholds from the settings, and a drop against the trailing window's mean.

Pure functions from reports to alerts. A day whose controls were judged wrong raises one evaluator alert instead of
quality alerts, and is in no baseline. Metrics whose verdicts flip are left out of quality alerts. Too few days with
data means no baseline, never a comparison with an invented one.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from eval_pipeline.alerting.alert import Alert, Severity, raise_alert
from eval_pipeline.model import Cohort, Outcome
from eval_pipeline.reporting.build import without_metrics
from eval_pipeline.reporting.report import AppReport, Report, Summary
from eval_pipeline.settings import Settings

MIN_BASELINE_DAYS = 3
"""Days with data that the window must hold before a drop is looked for: a mean of one or two days is luck."""

MAX_EXAMPLES = 10


@dataclass(frozen=True)
class Baseline:
    """Mean appeval_100 of the trailing window. `mean` is None with fewer than MIN_BASELINE_DAYS `days`."""

    mean: float | None
    days: tuple[tuple[str, float], ...] = field(default=())

    def __str__(self) -> str:
        if self.mean is None:
            return f"no baseline yet ({len(self.days)} of {MIN_BASELINE_DAYS} days with data)"
        return f"mean {self.mean:.1f} of {len(self.days)} days"


def check_report(report: Report, history: Iterable[Report], settings: Settings) -> list[Alert]:
    """Every alert that a date's report raises, all cohorts of it, in a fixed order.

    Args:
        report: The date's report.
        history: Reports of other dates, in any order; those outside the trailing window are left out.
        settings: For the thresholds (`alert_*`).
    """
    headline = Cohort.parse(report.headline_cohort, "")
    if report.controls.quarantined:
        return [_controls_wrong(report, headline)]
    flaky = report.flakiness.flagged if report.flakiness else ()
    sound = without_metrics(report, flaky, settings.weights)
    history = [without_metrics(other, flaky, settings.weights) for other in history]
    alerts: list[Alert] = []
    for name in sorted(report.summaries, key=lambda name: (name != report.headline_cohort, name)):
        cohort, summary = Cohort.parse(name, headline.generator), sound.summaries[name]
        judged = [app for app in report.apps if app.cohort == name]
        apps = [app for app in sound.apps if app.cohort == name]
        window = baseline(cohort, history, settings.alert_window_days)
        quality = (
            _low_score(cohort, summary, apps, window, settings.alert_min_score),
            _low_success(cohort, summary, apps, settings.alert_min_success),
            _drop(cohort, summary, window, settings.alert_max_drop),
        )
        alerts += filter(
            None,
            (
                _no_apps(cohort, summary),
                _unknown_share(cohort, judged, settings.alert_max_unknown),
                *(_noting(alert, flaky) for alert in quality),
            ),
        )
    return alerts


def _noting(alert: Alert | None, flaky: Sequence[str]) -> Alert | None:
    """The alert, saying which metrics its figures leave out because their verdicts flip."""
    if alert is None or not flaky:
        return alert
    note = f" Left out of these figures, because second judgements flip it: {', '.join(flaky)}."
    return alert.model_copy(
        update={"message": alert.message + note, "details": alert.details | {"left_out_as_flaky": list(flaky)}}
    )


def baseline(cohort: Cohort, history: Iterable[Report], window_days: int) -> Baseline:
    """The baseline of a cohort: its generator and repeat over the `window_days` days before its date.

    Quarantined days are left out.
    """
    date = dt.date.fromisoformat(cohort.date)
    found: dict[str, float] = {}
    for report in history:
        age = (date - dt.date.fromisoformat(report.date)).days
        name = str(Cohort(date=report.date, generator=cohort.generator, repeat=cohort.repeat))
        summary = report.summaries.get(name)
        if not 1 <= age <= window_days or report.controls.quarantined or summary is None:
            continue
        if summary.avg_appeval_100.value is not None:
            found[report.date] = summary.avg_appeval_100.value
    days = tuple(sorted(found.items()))
    mean = math.fsum(found.values()) / len(found) if len(found) >= MIN_BASELINE_DAYS else None
    return Baseline(mean, days)


def _controls_wrong(report: Report, headline: Cohort) -> Alert:
    controls = report.controls
    return raise_alert(
        headline,
        rule="controls_wrong",
        kind="evaluator",
        severity="critical",
        metric="controls",
        value=controls.right,
        threshold=controls.total,
        n=controls.total,
        message=(
            f"The evaluator judged {len(controls.wrong)} of {controls.total} control verdicts wrong, so "
            "this day's verdicts do not count and no quality alert is raised. "
            "Mend the evaluator, then run evaluate_only for the date."
        ),
        details={
            "wrong": [f"{v.control}: {v.metric} is {v.given}, expected {v.expected}" for v in controls.wrong][
                :MAX_EXAMPLES
            ]
        },
    )


def _no_apps(cohort: Cohort, summary: Summary) -> Alert | None:
    if summary.total_apps:
        return None
    return raise_alert(
        cohort,
        rule="no_apps",
        kind="infrastructure",
        severity="critical",
        metric="total_apps",
        value=0,
        n=0,
        message=f"Cohort {cohort} has no apps at all: nothing is known about this day's quality.",
    )


def _unknown_share(cohort: Cohort, apps: list[AppReport], threshold: float) -> Alert | None:
    results = [(app.app_name, metric, result) for app in apps for metric, result in app.outcomes.items()]
    judged = [item for item in results if item[2].outcome is not Outcome.NOT_APPLICABLE and not item[2].is_blocked]
    unknown = [item for item in judged if item[2].outcome is Outcome.UNKNOWN]
    if not judged or len(unknown) / len(judged) <= threshold:
        return None
    share = len(unknown) / len(judged)
    codes = sorted({result.failure_code or "no code" for _, _, result in unknown})
    return raise_alert(
        cohort,
        rule="unknown_share",
        kind="evaluator",
        severity="warning",
        metric="unknown_share",
        value=share,
        threshold=threshold,
        n=len(judged),
        message=(
            f"{len(unknown)} of {len(judged)} verdicts of {cohort} are unknown ({share:.0%}, limit {threshold:.0%}): "
            f"the evaluator or the machine could not judge them. Codes: {', '.join(codes[:MAX_EXAMPLES])}."
        ),
        details={"unknown": [f"{app}: {metric}" for app, metric, _ in unknown[:MAX_EXAMPLES]], "codes": codes},
    )


def _low_score(
    cohort: Cohort, summary: Summary, apps: list[AppReport], window: Baseline, threshold: float
) -> Alert | None:
    score = summary.avg_appeval_100
    if score.value is None or score.value >= threshold:
        return None
    return raise_alert(
        cohort,
        rule="low_score",
        kind="quality",
        severity=_severity(score.ci_high, threshold),
        metric="avg_appeval_100",
        value=score.value,
        threshold=threshold,
        n=score.n,
        low=score.ci_low,
        high=score.ci_high,
        message=(
            f"Average appeval_100 of {cohort} is {score.value:.1f}, below {threshold:g}"
            f"{_interval(score.ci_low, score.ci_high, '.1f')}, n = {score.n}"
            f"{f', {score.n_unknown} unknown' if score.n_unknown else ''}. Trailing window: {window}.{_mostly(summary)}"
        ),
        details={"lowest_apps": _lowest(apps), "baseline_days": dict(window.days)},
    )


def _low_success(cohort: Cohort, summary: Summary, apps: list[AppReport], threshold: float) -> Alert | None:
    success = summary.success_rate
    if success.rate is None or success.rate >= threshold:
        return None
    failing = sorted(app.app_name for app in apps if any(r.outcome is Outcome.FAIL for r in app.outcomes.values()))
    return raise_alert(
        cohort,
        rule="low_success",
        kind="quality",
        severity=_severity(success.high, threshold),
        metric="success_rate",
        value=success.rate,
        threshold=threshold,
        n=success.n,
        low=success.low,
        high=success.high,
        message=(
            f"{success.passed} of {success.n} apps of {cohort} pass metrics 1–7 ({success.rate:.0%}, "
            f"limit {threshold:.0%}{_interval(success.low, success.high, '.0%')})"
            f"{f', {success.unknown} unknown' if success.unknown else ''}.{_mostly(summary)}"
        ),
        details={"failing_apps": failing[:MAX_EXAMPLES], "failing_count": len(failing)},
    )


def _drop(cohort: Cohort, summary: Summary, window: Baseline, limit: float) -> Alert | None:
    score = summary.avg_appeval_100
    if score.value is None or window.mean is None or window.mean - score.value <= limit:
        return None
    return raise_alert(
        cohort,
        rule="drop",
        kind="quality",
        severity=_severity(score.ci_high, window.mean),
        metric="avg_appeval_100",
        value=score.value,
        threshold=window.mean - limit,
        n=score.n,
        low=score.ci_low,
        high=score.ci_high,
        message=(
            f"Average appeval_100 of {cohort} fell {window.mean - score.value:.1f} points under the trailing window "
            f"({score.value:.1f} against {window}; limit {limit:g}), n = {score.n}.{_mostly(summary)}"
        ),
        details={"baseline_mean": window.mean, "baseline_days": dict(window.days)},
    )


def _severity(interval_high: float | None, threshold: float) -> Severity:
    """Critical when even the upper end of the interval is below the threshold; else it may be chance."""
    return "critical" if interval_high is not None and interval_high < threshold else "warning"


def _interval(low: float | None, high: float | None, form: str) -> str:
    return "" if low is None or high is None else f", 95 % interval {low:{form}} to {high:{form}}"


def _mostly(summary: Summary) -> str:
    issues = [f"{issue.metric}/{issue.failure_code} ({issue.count})" for issue in summary.common_issues[:3]]
    return f" Most common: {', '.join(issues)}." if issues else ""


def _lowest(apps: list[AppReport]) -> dict[str, float]:
    scored = [(app.metrics.appeval_100, app.app_name) for app in apps if app.metrics.appeval_100 is not None]
    return {name: score for score, name in sorted(scored)[:MAX_EXAMPLES]}

"""The report for people: a Markdown page, and tables on a terminal.

What came from apps, logs or models is shown as literal text, and both are bounded however much failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from eval_pipeline.model import BINARY_METRICS, METRICS, SCORED_METRICS, Outcome
from eval_pipeline.reporting import figures
from eval_pipeline.reporting.markdown import code, table
from eval_pipeline.reporting.report import AppReport, Report, Summary, report_uri
from eval_pipeline.reporting.trust import Crossover, Flakiness, Split
from eval_pipeline.text import one_line

if TYPE_CHECKING:
    from rich.console import Console

_MAX_APPS = 200
_MAX_CODES = 5


def summary_markdown(report: Report) -> str:
    """The day's summary page."""
    summary = report.summary
    parts = [
        f"# Evaluation of {report.date}" + (": quarantined" if report.controls.quarantined else ""),
        *(f"> **Note:** {text}" for text in figures.warnings(report)),
        f"**{figures.headline(report)}**",
        f"Headline cohort {code(report.headline_cohort)}, judged {report.timestamp:%Y-%m-%d %H:%M} UTC "
        f"by evaluator {code(report.evaluator.version)} (digest {code(report.evaluator.digest[:12])}), "
        f"run {code(report.evaluation_run_id)}.",
        "## Metrics",
        _metrics(report, report.headline_cohort, summary),
        "A rate is passed / (passed + failed), with its Wilson 95 % interval; worst and best are the rate if every "
        "unknown had failed or passed.",
        _averages(summary),
        "An average is over the known values, with Student's 95 % interval.",
    ]
    if len(report.summaries) > 1:
        parts += ["## Cohorts", _cohorts(report)]
    if summary.common_issues:
        parts += ["## Common issues", _common_issues(summary)]
    parts += [
        "## Apps",
        _apps(report),
        "## Controls",
        _controls(report),
        *(["## Flakiness", _flakiness(report.flakiness)] if report.flakiness else []),
        *(["## Change of the evaluator", _crossover(report.crossover)] if report.crossover else []),
        "## Cost",
        f"{figures.dollars(summary.total_cost_usd, summary.cost_unknown)} for "
        f"{figures.tokens(summary.total_tokens, summary.tokens_unknown)} tokens (cache reads not counted) in the "
        "headline cohort.",
        "## What judged",
        f"Isolation {report.evaluator.isolation}. "
        + "; ".join(
            f"{code(name, 40)} {code(str(value), 80)}"
            for name, value in [*sorted(report.evaluator.resources.items()), *sorted(report.evaluator.tools.items())]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def day_table(report: Report, home: Path, console: Console | None = None) -> None:
    """Prints the day's metrics, its failing apps, and last the line a user decides on with where to look."""
    console = console or _console()
    for cohort, summary in report.summaries.items():
        _print_metrics(console, report, cohort, summary)
    _print_apps(console, [app for app in report.apps if figures.verdict(app) != "works"], "Apps to look at")
    _print_decision(
        console,
        report,
        {
            "report": str(home / report_uri(report.date)),
            "dashboard": str(home / "site" / "index.html"),
            "published": str(home / "publish"),
            "Dagster": "make dev",
        },
    )


def adhoc_table(report: Report, home: Path, console: Console | None = None) -> None:
    """Prints every app of an evaluation made by hand, metric by metric, and where the evidence is."""
    console = console or _console()
    _print_apps(console, report.apps, "Apps")
    _print_decision(console, report, {"evidence": str(home / "evidence")})


def _metrics(report: Report, cohort: str, summary: Summary) -> str:
    rows = []
    for name in ("success", *BINARY_METRICS):
        rate = getattr(summary, f"{name}_rate")
        codes = figures.failure_codes(report, cohort, name)
        shown = ", ".join(f"{code(word, 60)} × {count}" for word, count in codes[:_MAX_CODES])
        more = f", {len(codes) - _MAX_CODES} more codes" if len(codes) > _MAX_CODES else ""
        rows.append(
            [
                f"**{name}**" if name == "success" else name,
                figures.percent(rate.rate),
                figures.rate_interval(rate),
                str(rate.n),
                str(rate.passed),
                str(rate.failed),
                str(rate.unknown),
                str(rate.not_applicable),
                f"{figures.percent(rate.worst)} … {figures.percent(rate.best)}",
                shown + more,
            ]
        )
    columns = ["metric", "rate", "95 % interval", "n", "passed", "failed", "unknown", "n/a", "worst … best", "failures"]
    return table(columns, rows)


def _averages(summary: Summary) -> str:
    rows = []
    for name in ("appeval_100", "appeval_100_gm", "eff_units", *SCORED_METRICS):
        average = getattr(summary, f"avg_{name}")
        rows.append(
            [
                name,
                figures.number(average.value),
                figures.average_interval(average),
                str(average.n),
                figures.unknown_bounds(average) or "0",
            ]
        )
    return table(["average", "value", "95 % interval", "n", "unknown"], rows)


def _cohorts(report: Report) -> str:
    return table(
        ["cohort", "apps", "not generated", "success", "score", "cost"],
        (
            [
                code(name),
                str(summary.total_apps),
                str(summary.generation_failures),
                figures.success_phrase(summary).removeprefix("success "),
                figures.number(summary.avg_appeval_100.value),
                figures.dollars(summary.total_cost_usd, summary.cost_unknown),
            ]
            for name, summary in report.summaries.items()
        ),
    )


def _common_issues(summary: Summary) -> str:
    return table(
        ["failure", "metric", "apps", "which"],
        (
            [code(issue.failure_code, 60), issue.metric, str(issue.count), _names(issue.app_names)]
            for issue in summary.common_issues
        ),
        limit=30,
    )


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MAX_CODES} more" if len(names) > _MAX_CODES else ""
    return ", ".join(code(name, 80) for name in names[:_MAX_CODES]) + more


def _apps(report: Report) -> str:
    several = len(report.summaries) > 1
    return table(
        [*(["cohort"] if several else []), "app", "verdict", "score", "failed metrics", "first reason", "cost"],
        (
            [
                *([code(app.cohort)] if several else []),
                code(app.app_name, 80),
                figures.verdict(app),
                figures.number(app.metrics.appeval_100),
                _failed(app),
                code(_first_reason(app)),
                figures.app_cost(app),
            ]
            for app in report.apps
        ),
        limit=_MAX_APPS,
    )


def _failed(app: AppReport) -> str:
    if app.generation_failure:
        return code(app.generation_failure.failure_code, 60)
    return ", ".join(issue.metric for issue in app.issues) or figures.NONE


def _first_reason(app: AppReport) -> str:
    if app.generation_failure:
        return app.generation_failure.reason
    return next((figures.why(issue.failure_code, issue.reason) for issue in app.issues), "")


def _controls(report: Report) -> str:
    controls = report.controls
    if not controls.total:
        return "No control apps were judged with this batch."
    apps = len({verdict.control for verdict in controls.verdicts})
    text = f"{apps} control apps: {controls.right} of {controls.total} control verdicts are right"
    text += f", {controls.unknown} unknown" if controls.unknown else ""
    text += "" if controls.seconds is None else f"; {controls.seconds:.1f} s, apart from the apps"
    others = [verdict for verdict in controls.verdicts if not verdict.is_right]
    if not others:
        return f"{text}."
    return f"{text}.\n\n" + table(
        ["control", "metric", "expected", "given", "reason"],
        (
            [code(v.control), v.metric, v.expected, v.given, code(v.reason)]
            for v in sorted(others, key=lambda v: not v.is_wrong)
        ),
        limit=30,
    )


def _flakiness(found: Flakiness) -> str:
    shown = [
        [
            name,
            str(rate.flips),
            str(rate.n),
            str(rate.unknown),
            figures.percent(rate.rate),
            figures.NONE if rate.low is None else f"{100 * rate.low:.1f}–{100 * (rate.high or 0):.1f} %",
            "flaky" if rate.is_flagged else "",
        ]
        for name, rate in found.metrics.items()
    ]
    seconds = "" if found.seconds is None else f" ({found.seconds:.1f} s)"
    return (
        f"{found.apps_today} of the day's apps judged twice{seconds}, {found.flips_today} verdicts flipped. "
        f"Pooled over the {found.days} days that end here:\n\n"
        + table(["metric", "flips", "n", "unknown", "flip rate", "95 % interval", ""], shown)
    )


def _crossover(found: Crossover) -> str:
    rows = [
        [name, *(f"{value:.{digits}f}" if value is not None else figures.NONE for value in _parts(split))]
        for name, split, digits in (("appeval_100", found.score, 1), ("success rate", found.success, 2))
        if split is not None
    ]
    seconds = "" if found.seconds is None else f" Judging again took {found.seconds:.1f} s."
    left_out = f" {found.n_unknown} left out, unknown on one side." if found.n_unknown else ""
    parts = [
        f"Evaluator {code(found.digest_then[:12])} judged {found.previous_date}, {code(found.digest_now[:12])} this "
        f"day. {found.n} apps compared.{left_out}{seconds}",
        table(["figure", "then", "then, judged again", "now", "change", "agent", "evaluator"], rows),
    ]
    if found.changed:
        parts.append(
            table(
                ["app of then", "metric", "verdict then", "verdict of this evaluator"],
                ([code(v.app_name, 80), v.metric, code(v.then, 60), code(v.now, 60)] for v in found.changed),
                limit=30,
            )
        )
    return "\n\n".join(parts)


def _parts(split: Split) -> tuple[float | None, ...]:
    return split.then, split.rejudged, split.now, split.total, split.agent, split.evaluator


def _console() -> Console:
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def _print_metrics(console: Console, report: Report, cohort: str, summary: Summary) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=Text(cohort), title_justify="left", header_style="bold")
    for column in ("metric", "passed", "failed", "unknown", "rate", "95 %", "failures"):
        grid.add_column(
            column, justify="right" if column in ("passed", "failed", "unknown", "rate", "95 %") else "left"
        )
    for name in ("success", *BINARY_METRICS):
        rate = getattr(summary, f"{name}_rate")
        codes = figures.failure_codes(report, cohort, name)
        grid.add_row(
            Text(name, style="bold" if name == "success" else ""),
            str(rate.passed),
            Text(str(rate.failed), style="red" if rate.failed else ""),
            Text(str(rate.unknown), style="yellow" if rate.unknown else ""),
            figures.percent(rate.rate),
            figures.rate_interval(rate),
            Text(", ".join(f"{one_line(word, 40)} × {count}" for word, count in codes[:_MAX_CODES])),
        )
    for name in SCORED_METRICS:
        average = getattr(summary, f"avg_{name}")
        interval = figures.average_interval(average)
        grid.add_row(name, "", "", str(average.n_unknown), f"{figures.number(average.value)}/5", interval, "")
    console.print(grid)


def _print_apps(console: Console, apps: tuple[AppReport, ...] | list[AppReport], title: str) -> None:
    from rich.table import Table
    from rich.text import Text

    if not apps:
        return
    grid = Table(title=title, title_justify="left", header_style="bold", show_lines=False)
    for column in ("app", "verdict", "score", "what failed or is unknown"):
        grid.add_column(column, overflow="fold")
    for app in apps[:_MAX_APPS]:
        style = {"works": "green", "fails": "red", "unknown": "yellow"}.get(figures.verdict(app), "")
        grid.add_row(
            Text(one_line(app.app_name, 80)),
            Text(figures.verdict(app), style=style),
            figures.number(app.metrics.appeval_100),
            Text("\n".join(_open_points(app))),
        )
    console.print(grid)
    if len(apps) > _MAX_APPS:
        console.print(f"… and {len(apps) - _MAX_APPS} more")


def _open_points(app: AppReport) -> list[str]:
    """What keeps the app from passing; what one reason or an earlier failure explains goes into one line."""
    if app.generation_failure:
        return [one_line(figures.why(app.generation_failure.failure_code, app.generation_failure.reason), 200)]
    reasons = {app.outcomes[metric].reason for metric in METRICS}
    if len(reasons) == 1 and all(app.outcomes[metric].outcome is Outcome.UNKNOWN for metric in METRICS):
        return [one_line(f"unknown: {reasons.pop()}", 500)]
    points, blocked = [], []
    for metric in METRICS:
        result = app.outcomes[metric]
        if result.is_blocked:
            blocked.append(metric)
        elif result.outcome in (Outcome.FAIL, Outcome.UNKNOWN):
            word = f"{metric} {result.failure_code or result.outcome}"
            points.append(one_line(figures.why(word, result.reason), 200))
    return points + ([f"blocked by these: {', '.join(blocked)}"] if blocked else [])


def _print_decision(console: Console, report: Report, places: Mapping[str, str]) -> None:
    from rich.text import Text

    for warning in figures.warnings(report):
        console.print(Text(f"Note: {warning}", style="yellow"))
    console.print(Text(figures.headline(report), style="bold"), soft_wrap=True)
    if line := figures.trust_line(report):
        console.print(Text(f"  {line}"), soft_wrap=True)
    for name, place in places.items():
        console.print(Text(f"  {name:<10} {place}"), soft_wrap=True)

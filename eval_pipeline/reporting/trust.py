"""How far a day's figures can be trusted: its controls, the flip rates of second judgements, and the change since the
last judged day split into the agent's part and the evaluator's.

Pure: values and arithmetic. What is judged, and when, is decided in evaluation/.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from eval_pipeline.evaluation.scores import appeval_100, success
from eval_pipeline.model import METRICS, ControlVerdict, MetricResult, Outcome, Value
from eval_pipeline.reporting.statistics import wilson
from eval_pipeline.text import clip, plain

FLIP_LIMIT = 0.01
"""A metric whose flip rate is above this, by the lower end of its interval, is flagged."""
WINDOW_DAYS = 30

_NO_STACK = frozenset({"", "none", "unsupported"})
_TEXT_LIMIT = 4000
_MAX_CHANGED = 50


class Controls(Value):
    """Known-good and known-bad apps judged with the batch."""

    right: int = Field(ge=0, description="Control verdicts that came out as expected")
    total: int = Field(ge=0, description="Control verdicts")
    quarantined: bool = Field(description="Whether one came out wrong: the numbers may be the evaluator's doing")
    unknown: int = Field(default=0, ge=0, description="Control verdicts that are unknown: neither right nor wrong")
    unproven: tuple[str, ...] = Field(
        default=(), description="Stacks of the batch whose known-good app is missing or has an unknown verdict"
    )
    seconds: float | None = Field(default=None, description="Wall time of all controls, apart from that of the apps")
    verdicts: tuple[ControlVerdict, ...]

    @property
    def wrong(self) -> tuple[ControlVerdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.is_wrong)


class FlipRate(Value):
    """How often a second judgement of the same app disagrees with the first, for one metric."""

    flips: int = Field(ge=0)
    n: int = Field(ge=0, description="Apps judged twice with two known verdicts")
    unknown: int = Field(ge=0, description="Apps of which one verdict or both are unknown; not in the rate")
    rate: float | None = Field(description="flips / n")
    low: float | None = Field(description="Lower end of the 95 % Wilson interval")
    high: float | None = Field(description="Upper end of the 95 % Wilson interval")
    is_flagged: bool = Field(description="Whether the lower end is above 1 %: kept out of quality alerts")


class Flakiness(Value):
    """Second judgements pooled over the days that end with the report's."""

    days: int = Field(ge=1, description="Length of the window")
    apps_today: int = Field(ge=0, description="Apps judged twice on the report's day")
    flips_today: int = Field(ge=0, description="Verdicts that flipped on the report's day")
    seconds: float | None = Field(description="Time that the day's second judgements took, summed over apps")
    metrics: dict[str, FlipRate]

    @property
    def flagged(self) -> tuple[str, ...]:
        return tuple(metric for metric, rate in self.metrics.items() if rate.is_flagged)


class Split(Value):
    """A figure's change: `total` = `agent` + `evaluator`, over the same prompts."""

    then: float = Field(description="The earlier day's apps as judged then")
    rejudged: float = Field(description="The same apps judged by the report's evaluator")
    now: float | None = Field(description="The report's apps of the same prompts; null when no prompt is in both days")
    total: float | None = Field(description="now - then")
    agent: float | None = Field(description="now - rejudged")
    evaluator: float = Field(description="rejudged - then")


class ChangedVerdict(Value):
    """A verdict on an unchanged app that the new evaluator gives differently."""

    app_name: str
    metric: str
    then: str
    now: str


class Crossover(Value):
    """The last judged day's apps under the report's evaluator, when that is another one."""

    previous_date: str
    digest_then: str
    digest_now: str
    n: int = Field(ge=0, description="Apps that the split rests on")
    n_unknown: int = Field(ge=0, description="Apps left out because a verdict is unknown on one side")
    score: Split | None = Field(description="Of avg_appeval_100; null when n is 0")
    success: Split | None = Field(description="Of the success rate; null when n is 0")
    changed: tuple[ChangedVerdict, ...] = Field(description="At most 50")
    seconds: float | None = Field(description="Wall time of judging again")


def judge_controls(
    verdicts: Iterable[ControlVerdict], stacks: Collection[str], seconds: float | None = None
) -> Controls:
    """What a batch's control verdicts say about a batch with apps of these stacks."""
    shown = tuple(
        verdict.model_copy(update={"reason": clip(plain(verdict.reason), _TEXT_LIMIT)})
        for verdict in sorted(verdicts, key=lambda v: (v.stack, v.control, METRICS.index(v.metric)))
    )
    return Controls(
        right=sum(verdict.is_right for verdict in shown),
        total=len(shown),
        quarantined=any(verdict.is_wrong for verdict in shown),
        unknown=sum(verdict.given is Outcome.UNKNOWN for verdict in shown),
        unproven=_unproven(shown, stacks),
        seconds=seconds,
        verdicts=shown,
    )


def _unproven(verdicts: Sequence[ControlVerdict], stacks: Collection[str]) -> tuple[str, ...]:
    if not verdicts or any(not verdict.stack for verdict in verdicts):
        return ()  # judged by hand, or before stacks were recorded
    by_app: dict[tuple[str, str], list[ControlVerdict]] = {}
    for verdict in verdicts:
        by_app.setdefault((verdict.stack, verdict.control), []).append(verdict)
    proven = {
        stack
        for (stack, _), group in by_app.items()
        if all(v.expected is not Outcome.FAIL and v.given is not Outcome.UNKNOWN for v in group)
    }
    return tuple(sorted(set(stacks) - proven - _NO_STACK))


def pool_flips(rows: Iterable[Mapping[str, Any]], date: str) -> Flakiness | None:
    """Flip rates per metric from rows of `evaluator_flakiness`, over the WINDOW_DAYS days that end with `date`.

    A verdict that an earlier failure blocked on either side says nothing about its own metric and is left out. None
    when no app was judged twice.
    """
    first_day = (dt.date.fromisoformat(date) - dt.timedelta(days=WINDOW_DAYS - 1)).isoformat()
    window = [row for row in rows if first_day <= row["date"] <= date]
    if not window:
        return None
    counts = {metric: [0, 0, 0] for metric in METRICS}
    for row in window:
        outcomes = {row["first"], row["second"]}
        if Outcome.UNKNOWN in outcomes:
            counts[row["metric"]][2] += 1
        elif not _is_blocked(row) and outcomes != {Outcome.NOT_APPLICABLE}:
            counts[row["metric"]][0] += bool(row["flipped"])
            counts[row["metric"]][1] += 1
    today = [row for row in window if row["date"] == date]
    taken = {(row["generator"], row["repeat"], row["prompt_id"]): row["seconds"] or 0.0 for row in today}
    return Flakiness(
        days=WINDOW_DAYS,
        apps_today=len(taken),
        flips_today=sum(bool(row["flipped"]) for row in today),
        seconds=round(math.fsum(taken.values()), 1) if today else None,
        metrics={metric: _flip_rate(*count) for metric, count in counts.items()},
    )


def _is_blocked(row: Mapping[str, Any]) -> bool:
    return any((row[name] or "").startswith("blocked_by:") for name in ("first_code", "second_code"))


def _flip_rate(flips: int, n: int, unknown: int) -> FlipRate:
    low, high = wilson(flips, n)
    return FlipRate(
        flips=flips,
        n=n,
        unknown=unknown,
        rate=round(flips / n, 6) if n else None,
        low=low,
        high=high,
        is_flagged=low is not None and low > FLIP_LIMIT,
    )


def split_change(
    rows: Sequence[Mapping[str, Any]],
    today: Mapping[str, Mapping[str, MetricResult]],
    weights: Mapping[str, float],
) -> Crossover | None:
    """Splits the change since an earlier day into the agent's part and the evaluator's.

    Args:
        rows: Rows of `evaluator_crossovers` of one date; none gives None.
        today: The date's own verdicts of the headline cohort, by prompt id and metric.
        weights: Weights of appeval_100 by metric.

    Only prompts that both days asked are compared, so that all three figures are over the same prompts; without
    such a prompt the evaluator's part alone is given, over all apps judged again.
    """
    if not rows:
        return None
    by_prompt: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_prompt.setdefault(row["prompt_id"], []).append(row)
    paired = {prompt: group for prompt, group in by_prompt.items() if prompt in today}
    points: list[tuple[_Point, _Point, _Point | None]] = []
    for prompt, group in (paired or by_prompt).items():
        then, again = (_point(_results(group, side), weights) for side in ("then", "now"))
        now = _point(today[prompt], weights) if paired else None
        if then and again and (now or not paired):
            points.append((then, again, now))
    first = rows[0]
    return Crossover(
        previous_date=first["previous_date"],
        digest_then=first["digest_then"],
        digest_now=first["digest_now"],
        n=len(points),
        n_unknown=len(paired or by_prompt) - len(points),
        score=_split([(a[0], b[0], c and c[0]) for a, b, c in points]),
        success=_split([(a[1], b[1], c and c[1]) for a, b, c in points]),
        changed=_changed(rows),
        seconds=first["batch_seconds"],
    )


_Point = tuple[float, float]
"""An app's appeval_100 and its success as 0 or 1."""


def _point(results: Mapping[str, MetricResult], weights: Mapping[str, float]) -> _Point | None:
    score = appeval_100(results, weights).value
    return None if score is None else (score, float(bool(success(results))))


def _results(rows: Iterable[Mapping[str, Any]], side: str) -> dict[str, MetricResult]:
    return {
        row["metric"]: MetricResult(
            metric=row["metric"],
            outcome=row[f"outcome_{side}"],
            value=row[f"value_{side}"],
            failure_code=row[f"code_{side}"],
        )
        for row in rows
    }


def _split(points: Sequence[tuple[float, float, float | None]]) -> Split | None:
    if not points:
        return None
    then, again = (_round(math.fsum(point[side] or 0.0 for point in points) / len(points)) for side in (0, 1))
    latest = [point[2] for point in points if point[2] is not None]
    now = _round(math.fsum(latest) / len(latest)) if latest else None
    return Split(
        then=then,
        rejudged=again,
        now=now,
        total=None if now is None else _round(now - then),
        agent=None if now is None else _round(now - again),
        evaluator=_round(again - then),
    )


def _changed(rows: Iterable[Mapping[str, Any]]) -> tuple[ChangedVerdict, ...]:
    found = [
        ChangedVerdict(
            app_name=clip(plain(row["app_name"]), 120),
            metric=row["metric"],
            then=_verdict(row["outcome_then"], row["code_then"]),
            now=_verdict(row["outcome_now"], row["code_now"]),
        )
        for row in rows
        if (row["outcome_then"], row["value_then"]) != (row["outcome_now"], row["value_now"])
    ]
    found.sort(key=lambda verdict: (METRICS.index(verdict.metric), verdict.app_name))
    return tuple(found[:_MAX_CHANGED])


def _verdict(outcome: str, code: str | None) -> str:
    return f"{outcome} ({code})" if code else str(outcome)


def _round(value: float) -> float:
    return round(value, 4)

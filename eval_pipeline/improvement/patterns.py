"""Failures grouped by fingerprint over a window of days: how often, in how many apps and prompts, since when.

Pure, from table rows to table rows. Left out: what another failure blocked, what is not the app's doing, and days whose
controls were wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval_pipeline.improvement.fingerprints import fingerprint, signature
from eval_pipeline.model import METRICS
from eval_pipeline.text import clip, one_line, plain

Row = dict[str, Any]
AppKey = tuple[str, str, int, str]
"""date, generator, repeat, app name: one app."""

GENERATION = "generation"
"""Stands in for the metric of an app that could not be made: one failure, not nine."""
MAX_EXAMPLES = 8
REASON_LIMIT = 1500


@dataclass(frozen=True)
class Failure:
    """One app failing one metric."""

    app: AppKey
    prompt_id: str
    metric: str
    failure_code: str
    reason: str
    evidence: str

    @property
    def seen(self) -> str:
        return signature(self.reason, (self.app[3], self.prompt_id))


def failure_patterns(
    evaluation_rows: Iterable[Mapping[str, Any]],
    app_rows: Iterable[Mapping[str, Any]],
    untrusted_dates: Iterable[str] = (),
) -> list[Row]:
    """Patterns, the one in the most apps first.

    Args:
        evaluation_rows: Rows of `app_evaluations` in the window.
        app_rows: Rows of `generated_apps` in the window; failed generations are patterns too.
        untrusted_dates: Dates whose controls were judged wrong.

    Returns:
        Rows of `failure_patterns`.
    """
    untrusted = set(untrusted_dates)
    made: dict[AppKey, Mapping[str, Any]] = {_key(row): row for row in app_rows if row["date"] not in untrusted}
    judged: dict[str, set[AppKey]] = {metric: set() for metric in METRICS}
    judged[GENERATION] = {key for key, row in made.items() if row["status"] != "not_tried"}
    groups: dict[tuple[str, str, str], list[Failure]] = {}
    for failure in [*_failed_generations(made), *_failed_metrics(evaluation_rows, untrusted, judged)]:
        groups.setdefault((failure.metric, failure.failure_code, failure.seen), []).append(failure)
    rows = [_pattern(key, failures, len(judged[key[0]]), made) for key, failures in groups.items()]
    return sorted(rows, key=lambda row: (-row["apps"], -row["prompts"], row["fingerprint"]))


def _failed_generations(made: Mapping[AppKey, Mapping[str, Any]]) -> Iterable[Failure]:
    for key, row in made.items():
        if row["status"] == "failed":
            code = row["failure_code"] or "unspecified"
            yield Failure(key, row["prompt_id"], GENERATION, code, row["reason"] or "", "{}")


def _failed_metrics(
    rows: Iterable[Mapping[str, Any]], untrusted: set[str], judged: dict[str, set[AppKey]]
) -> Iterable[Failure]:
    for row in rows:
        code = row["failure_code"] or "unspecified"
        is_blocked = code.startswith("blocked_by:") or code == "not_generated"
        if row["date"] in untrusted or is_blocked or row["outcome"] not in ("pass", "fail"):
            continue
        judged[row["metric"]].add(_key(row))
        if row["outcome"] == "fail":
            yield Failure(
                _key(row), row["prompt_id"], row["metric"], code, row["reason"] or "", row["evidence"] or "{}"
            )


def _pattern(
    key: tuple[str, str, str], failures: list[Failure], judged: int, made: Mapping[AppKey, Mapping[str, Any]]
) -> Row:
    metric, code, seen = key
    failures = sorted(failures, key=lambda failure: failure.app, reverse=True)
    apps = {failure.app for failure in failures}
    dates = sorted({failure.app[0] for failure in failures})
    return {
        "fingerprint": fingerprint(metric, code, seen),
        "metric": metric,
        "failure_code": code,
        "signature": seen,
        "apps": len(apps),
        "judged": judged,
        "prompts": len({failure.prompt_id for failure in failures}),
        "days": len(dates),
        "first_seen": dates[0],
        "last_seen": dates[-1],
        "generators": json.dumps(sorted({failure.app[1] for failure in failures})),
        "examples": json.dumps([_example(f, made.get(f.app, {})) for f in _varied(failures)], ensure_ascii=False),
    }


def _varied(failures: Sequence[Failure]) -> list[Failure]:
    """The newest of each prompt, then the next newest, up to MAX_EXAMPLES: as unlike as there are."""
    seen: dict[str, int] = {}
    ranked = []
    for order, failure in enumerate(failures):
        rank = seen[failure.prompt_id] = seen.get(failure.prompt_id, -1) + 1
        ranked.append((rank, order, failure))
    return [failure for _, _, failure in sorted(ranked, key=lambda item: item[:2])[:MAX_EXAMPLES]]


def _example(failure: Failure, app: Mapping[str, Any]) -> Row:
    date, generator, repeat, name = failure.app
    return {
        "date": date,
        "generator": generator,
        "repeat": repeat,
        "app_name": one_line(name, 120),
        "prompt_id": one_line(failure.prompt_id, 120),
        "app_uri": app.get("app_uri"),
        "trace_id": app.get("trace_id"),
        "reason": clip(plain(failure.reason), REASON_LIMIT),
        "log": _log_uri(failure.evidence),
    }


def _log_uri(evidence: str) -> str | None:
    """The first artifact URI of a log in a result's evidence."""
    found = [
        value
        for value in json.loads(evidence).values()
        if isinstance(value, str) and value.startswith("evidence/") and value.endswith(".log")
    ]
    return found[0] if found else None


def _key(row: Mapping[str, Any]) -> AppKey:
    return row["date"], row["generator"], int(row["repeat"]), row["app_name"]

"""Draws the archive: `python -m eval_pipeline.demo_archive.make` writes archive.jsonl.gz, the same from the same seed.

The story, in days before the newest: tests 0.95 → 0.80 for a week (20 to 14), one quarantined day (10), a burst of one
type error (7 to 5), dearer generations (from 5 on), apps that crash at start (3), pages without data (0).
"""

from __future__ import annotations

import gzip
import json
import random
from typing import Any

from eval_pipeline.demo_archive.archive import ARCHIVE
from eval_pipeline.model import BINARY_METRICS, METRICS

SEED = 20261120
DAYS = 30
LABEL = "[made up]"

PROMPTS = (
    ("taxi-tips-by-hour", "taxi", "simple", "Show taxi tips by hour of the day.", "samples.nyctaxi.trips"),
    ("taxi-busiest-zones", "taxi", "simple", "Which pickup zones are busiest?", "samples.nyctaxi.trips"),
    ("taxi-fare-distance", "taxi", "medium", "Compare fare and distance, by weekday.", "samples.nyctaxi.trips"),
    ("orders-by-priority", "sales", "simple", "Open orders by priority.", "samples.tpch.orders"),
    ("revenue-by-nation", "sales", "medium", "Revenue by nation and year.", "samples.tpch.lineitem"),
    ("late-shipments", "logistics", "complex", "Which shipments are late, and whose?", "samples.tpch.lineitem"),
    ("supplier-scorecard", "logistics", "complex", "A scorecard of suppliers.", "samples.tpch.supplier"),
    ("customer-segments", "customers", "medium", "Customers by market segment.", "samples.tpch.customer"),
    ("bakery-daily-sales", "retail", "simple", "Daily sales of each bakery.", "samples.bakehouse.sales_transactions"),
    ("bakery-best-products", "retail", "simple", "Best products by city.", "samples.bakehouse.sales_transactions"),
    ("franchise-map", "operations", "medium", "Franchises by country and size.", "samples.bakehouse.sales_franchises"),
    (
        "review-explorer",
        "customers",
        "complex",
        "Read reviews by franchise.",
        "samples.bakehouse.media_customer_reviews",
    ),
)

BLOCKS: dict[str, tuple[str, ...]] = {
    "build_success": METRICS[1:2] + METRICS[4:7],
    "runtime_success": METRICS[4:7],
    "databricks_connectivity": ("data_returned",),
}
SECONDS: dict[str, float] = dict(zip(METRICS, (1.1, 0.5, 0.8, 1.0, 0.1, 0.3, 0.6, 0.1, 0.1), strict=True))
NAMES = ("tips", "fares", "orders", "segments", "sales", "reviews", "suppliers", "franchises")


def archive_lines(seed: int = SEED) -> list[dict[str, Any]]:
    """The archive's lines; the first one holds the prompts."""
    draw = random.Random(seed)  # noqa: S311
    prompts = [
        {
            "id": f"made-up-{name}",
            "text": f"{text} {LABEL}",
            "category": category,
            "complexity": complexity,
            "panel": position < 10,
            "datasets": [table],
        }
        for position, (name, category, complexity, text, table) in enumerate(PROMPTS)
    ]
    lines: list[dict[str, Any]] = [{"format": 1, "note": f"Sample archive {LABEL}", "days": DAYS, "prompts": prompts}]
    for age in range(DAYS - 1, -1, -1):
        plan = _plan(age, draw)
        lines += [_app_line(age, position, plan.get(position), draw) for position in range(len(PROMPTS))]
        lines.append({"age": age, "controls": _controls(is_wrong=age == 10)})
    return lines


def archive_bytes() -> bytes:
    """The file's content, the same on every machine for the same zlib."""
    text = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in archive_lines())
    return gzip.compress(text.encode(), 9, mtime=0)


def _plan(age: int, draw: random.Random) -> dict[int, str]:
    """Which fault each app of a day has, by its position; the seeded regressions over everyday noise."""
    faults: dict[int, str] = {}
    for position in range(len(PROMPTS)):
        chance = draw.random()
        if chance < (0.20 if 14 <= age <= 20 else 0.05):
            faults[position] = "tests"
        elif chance > 0.985:
            faults[position] = draw.choice(("blank", "hardcoded", "types"))
    seeded = {
        7: dict.fromkeys((1, 4, 6, 9), "types"),
        6: dict.fromkeys((0, 4, 5, 7, 11), "types"),
        5: dict.fromkeys((2, 4, 8), "types"),
        3: dict.fromkeys((0, 2, 5, 6, 10), "crash"),
        0: dict.fromkeys((3, 8, 9), "unseen"),
        24: {5: "refused"},
        17: {11: "budget"},
        12: dict.fromkeys((1, 7, 10), "no_browser"),
    }
    return faults | seeded.get(age, {})


def _app_line(age: int, position: int, fault: str | None, draw: random.Random) -> dict[str, Any]:
    name, complexity = PROMPTS[position][0], PROMPTS[position][2]
    effort = {"simple": 1.0, "medium": 1.4, "complex": 2.1}[complexity] * draw.uniform(0.85, 1.2)
    dearer = 1.8 if age <= 5 else 1.0
    line: dict[str, Any] = {
        "age": age,
        "prompt": f"made-up-{name}",
        "app": name,
        "status": "generated",
        "seconds": round(140 * effort * dearer),
        "generation": {
            "cost_usd": round(0.31 * effort * dearer, 4),
            "input_tokens": round(41_000 * effort * dearer),
            "output_tokens": round(9_500 * effort),
            "cache_read_tokens": round(320_000 * effort * dearer),
            "turns": round(16 * effort * dearer),
            "validation_runs": round(2 * effort * dearer),
        },
        "measurements": {
            "total_loc": round(900 * effort),
            "build_time_sec": round(draw.uniform(0.7, 1.4), 2),
            "startup_time_sec": round(draw.uniform(0.1, 0.3), 2),
            "test_coverage_pct": round(draw.uniform(62, 88), 1),
        },
        "results": {metric: _passed(metric, draw) for metric in METRICS},
    }
    if fault in ("refused", "budget"):
        _not_made(line, fault)
    elif fault == "no_browser":
        line["results"]["ui_renders"] |= _unknown(f"the browser did not start {LABEL}")
    elif fault:
        _break(line, fault, draw)
    return line


def _passed(metric: str, draw: random.Random) -> dict[str, Any]:
    top = 1.0 if metric in BINARY_METRICS else draw.choice((5.0, 5.0, 5.0, 4.0))
    return {"outcome": "pass", "value": top, "seconds": round(SECONDS[metric] * draw.uniform(0.8, 1.3), 2)}


def _failed(code: str, reason: str) -> dict[str, Any]:
    return {"outcome": "fail", "value": 0.0, "code": code, "reason": reason}


def _unknown(reason: str) -> dict[str, Any]:
    return {"outcome": "unknown", "value": None, "reason": reason}


def _not_made(line: dict[str, Any], fault: str) -> None:
    is_refused = fault == "refused"
    line["status"] = "failed" if is_refused else "not_tried"
    line["failure_code"] = "no_output" if is_refused else "budget"
    line["reason"] = f"the agent ended without an app {LABEL}" if is_refused else f"the day's budget was spent {LABEL}"
    line["measurements"] = {}
    outcome = _failed("not_generated", line["reason"]) if is_refused else _unknown(line["reason"])
    for result in line["results"].values():
        result |= outcome | {"seconds": 0.0}
    if not is_refused:
        line["generation"], line["seconds"] = {}, 0


def _break(line: dict[str, Any], fault: str, draw: random.Random) -> None:
    name, column = draw.choice(NAMES), draw.randint(12, 140)
    if fault == "tests":
        metric, log = "tests_pass", "tests.log"
        failed, total = draw.randint(1, 2), draw.randint(6, 14)
        result = _failed("tests_failed", f"{failed} of {total} tests failed {LABEL}")
        text = (
            f" FAIL  server/{name}.test.ts > {name} > sums per group\n"
            f"AssertionError: expected {column}.5 to be {column}\n    at server/{name}.test.ts:{column}:21\n\n"
            f" Tests  {failed} failed | {total - failed} passed ({total})\n"
        )
    elif fault == "types":
        metric, log = "type_safety", "types.log"
        reason = f"server/{name}.ts({column},9): error TS2345: Argument of type 'string | null' is not assignable"
        result = _failed("tsc_error", f"1 error: {reason} to parameter of type 'string'. {LABEL}")
        text = f"{reason} to parameter of type 'string'.\n  Type 'null' is not assignable to type 'string'.\n"
    elif fault == "crash":
        metric, log = "runtime_success", "server.log"
        result = _failed("crashed_at_start", f"exit code 1 before it listened: Cannot find module 'superjson' {LABEL}")
        text = (
            "node:internal/modules/esm/resolve\nError [ERR_MODULE_NOT_FOUND]: Cannot find package 'superjson'\n"
            "  imported from /app/dist/server.js\nNode.js v20\n"
        )
    elif fault == "unseen":
        metric, log = "ui_renders", "server.log"
        result = _failed("no_served_values_on_page", f"none of {column} served values is on the page {LABEL}")
        text = f"listening\nGET /api/trpc/{name}.list 200\n"
    elif fault == "blank":
        metric, log = "ui_renders", "server.log"
        result = _failed("blank_page", f"the page shows nothing {LABEL}")
        text = "listening\nGET / 200\n"
    else:
        metric, log = "data_returned", "server.log"
        result = _failed("hardcoded_data", f"the replies did not change with the rows {LABEL}")
        text = f"listening\nGET /api/trpc/{name}.list 200\n"
    line["results"][metric] |= result | {"log": log}
    line["logs"] = {log: f"{LABEL}\n{text}"}
    for blocked in BLOCKS.get(metric, ()):
        line["results"][blocked] |= _failed(f"blocked_by:{metric}", f"{metric} failed {LABEL}") | {"seconds": 0.0}


def _controls(*, is_wrong: bool) -> list[dict[str, Any]]:
    """A known-good app and two known-bad ones; on the quarantined day a fault goes unseen."""
    verdicts = [_control("made-up-good", metric, "pass") for metric in METRICS]
    for control, metric in (("made-up-hardcoded", "data_returned"), ("made-up-blank-page", "ui_renders")):
        given = "pass" if is_wrong and metric == "data_returned" else "fail"
        verdicts.append(_control(control, metric, "fail", given))
    return verdicts


def _control(control: str, metric: str, expected: str, given: str | None = None) -> dict[str, Any]:
    return {"control": control, "metric": metric, "expected": expected, "given": given or expected, "reason": LABEL}


if __name__ == "__main__":
    ARCHIVE.write_bytes(archive_bytes())

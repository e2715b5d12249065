"""What the published repository holds and where: the files of one day, and the page of each app.

Everything of a day follows from its report and its app sources, so that publishing a day again gives the same files.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

from eval_pipeline.model import METRICS
from eval_pipeline.publishing.sources import LeftOut
from eval_pipeline.reporting import figures
from eval_pipeline.reporting.markdown import block, code, table
from eval_pipeline.reporting.report import AppReport, schema_text

TIMESERIES = "metrics_timeseries.csv"
GENERATION_PAGE = "GENERATION.md"

_TEXTS = {
    "README.md": "README.md",
    "docs/METRICS.md": "METRICS.md",
    "docs/REPRODUCTION.md": "REPRODUCTION.md",
}
SUPPORT_PATHS = (*_TEXTS, "docs/report.schema.json")
"""Files that explain the repository. They change with the evaluator, not with a day."""

_PROMPT_LIMIT = 20_000
_LEFT_OUT_LIMIT = 200


def apps_folder(date: str) -> str:
    return f"apps/{date}"


def report_path(date: str) -> str:
    return f"evaluations/{date}_report.json"


def summary_path(date: str) -> str:
    return f"evaluations/{date}_summary.md"


def support_files() -> dict[str, bytes]:
    """The repository's own README and documents, by path."""
    folder = resources.files("eval_pipeline.publishing") / "texts"
    files = {path: (folder / name).read_bytes() for path, name in _TEXTS.items()}
    return files | {"docs/report.schema.json": schema_text().encode()}


def generation_page(app: AppReport, left_out: Iterable[LeftOut]) -> str:
    """GENERATION.md of one app: how it was made, what was found, what is not here."""
    made = app.generation_metrics
    facts = [
        ["cohort", code(app.cohort)],
        ["prompt id", code(app.prompt_id)],
        ["generator", f"{code(app.generator)} {code(app.generator_version)}"],
        ["model", code(app.model)],
        ["trace id", code(app.trace_id)],
        ["request id", code(app.generation_request_id)],
        ["cost", figures.app_cost(app)],
        ["input tokens", _count(made.input_tokens)],
        ["output tokens", _count(made.output_tokens)],
        ["cache read tokens", _count(made.cache_read_tokens)],
        ["turns", _count(made.turns)],
        ["validation runs", _count(made.validation_runs)],
        ["stack", code(app.stack)],
        ["digest of the tree", code(app.digest)],
    ]
    verdicts = [
        [
            metric,
            figures.MARKS[result.outcome],
            _value(result.value),
            code(result.failure_code, 60),
            code(result.reason),
        ]
        for metric, result in ((metric, app.outcomes[metric]) for metric in METRICS)
    ]
    missing = [[code(item.path, 240), item.reason] for item in left_out]
    parts = [
        f"# How {code(app.app_name)} was made",
        "## Prompt",
        block(app.prompt, _PROMPT_LIMIT),
        "## Generation",
        table(["", ""], facts),
        f"## Verdict: {figures.verdict(app)}, appeval_100 {figures.number(app.metrics.appeval_100)}",
        table(["metric", "outcome", "value", "failure", "reason"], verdicts),
        "## Not published",
        table(["path", "why"], missing, _LEFT_OUT_LIMIT) if missing else "Nothing was left out.",
        "How to run this app and judge it again: docs/REPRODUCTION.md at the top of this repository.",
    ]
    return "\n\n".join(parts) + "\n"


def _count(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"


def _value(value: float | None) -> str:
    return figures.NONE if value is None else f"{value:g}"

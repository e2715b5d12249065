"""The day's report: its shape, its JSON, and reading it back.

docs/report.schema.json is generated from here (`python -m eval_pipeline.reporting.report > docs/report.schema.json`).
How a report is computed is in build.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, ValidationError

from eval_pipeline.model import (
    SCHEMA_VERSION,
    EvaluatorError,
    GenerationMetrics,
    InputError,
    MetricResult,
    Value,
)
from eval_pipeline.reporting.statistics import Average, Rate
from eval_pipeline.reporting.trust import Controls, Crossover, Flakiness
from eval_pipeline.text import mask

MAX_REPORT_BYTES = 64 * 1024 * 1024


CohortName = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}/[A-Za-z0-9][A-Za-z0-9_.-]*(/r\d+)?$")]
"""A cohort, written `DATE/GENERATOR` or `DATE/GENERATOR/rN`; `Cohort.parse` reads it."""


class EvaluatorInfo(Value):
    """What judged, so that a change of the evaluator is not read as a change of the agent."""

    version: str = Field(description="Version of this package")
    digest: str = Field(description="Of evaluator code, metrics, sample data schema, tools and limits")
    isolation: Literal["L3", "L2", "L0"] = Field(description="Containment of the apps; see docs/SECURITY.md")
    resources: dict[str, float | int | str] = Field(description="The machine: cores, memory, apps at once")
    tools: dict[str, str] = Field(description="Version of each tool used, by name")


class QualityDistribution(Value):
    """Names of apps by number of failed metrics, those blocked by another failure included."""

    excellent: tuple[str, ...] = Field(description="No issue")
    good: tuple[str, ...] = Field(description="1 or 2 issues")
    fair: tuple[str, ...] = Field(description="3 or 4 issues")
    poor: tuple[str, ...] = Field(description="5 issues or more, or no app was made")
    unknown: tuple[str, ...] = Field(description="Unknown outcomes could move the app to another band")


class CommonIssue(Value):
    """One way of failing, over the apps of a cohort. `blocked_by` failures are left out."""

    failure_code: str
    metric: str = Field(description="The metric that failed; `generation` where no app was made")
    count: int = Field(ge=1)
    app_names: tuple[str, ...]


class Summary(Value):
    """One cohort's figures."""

    total_apps: int = Field(ge=0, description="Prompts of the cohort, failures and untried ones included")
    generation_failures: int = Field(ge=0, description="Prompts whose generation failed")
    not_tried: int = Field(ge=0, description="Prompts that were not tried (budget, outage)")
    avg_appeval_100: Average
    avg_appeval_100_gm: Average
    avg_eff_units: Average
    success_rate: Rate = Field(description="Apps that pass all of the seven binary metrics that apply")
    build_success_rate: Rate
    runtime_success_rate: Rate
    type_safety_rate: Rate
    tests_pass_rate: Rate
    databricks_connectivity_rate: Rate
    data_returned_rate: Rate
    ui_renders_rate: Rate
    avg_local_runability_score: Average = Field(description="Of 0 to 5")
    avg_deployability_score: Average = Field(description="Of 0 to 5")
    total_cost_usd: float | None = Field(description="Known generation cost, in dollars; null when none is known")
    cost_unknown: int = Field(ge=0, description="Apps whose cost is not known, and not in the total")
    total_tokens: int | None = Field(description="Known input and output tokens, cache reads not counted")
    tokens_unknown: int = Field(ge=0, description="Apps whose tokens are not known, and not in the total")
    quality_distribution: QualityDistribution
    common_issues: tuple[CommonIssue, ...] = Field(description="Most frequent first")


class Issue(Value):
    """One failed metric of one app."""

    metric: str
    failure_code: str
    reason: str


class AppMetrics(Value):
    """One app's figures. A binary metric is null when unknown or not applicable; `outcomes` tells which."""

    build_success: bool | None
    runtime_success: bool | None
    type_safety: bool | None
    tests_pass: bool | None
    databricks_connectivity: bool | None
    data_returned: bool | None
    ui_renders: bool | None
    local_runability_score: float | None
    deployability_score: float | None
    success: bool | None = Field(description="Whether all seven binary metrics that apply pass")
    appeval_100: float | None = Field(description="Weighted mean of the nine, times 100")
    appeval_100_low: float | None = Field(description="The same if every unknown had failed")
    appeval_100_high: float | None = Field(description="The same if every unknown had passed")
    appeval_100_gm: float | None = Field(description="The older product form")
    eff_units: float | None = Field(description="(input + output tokens) / 1000 + turns + validation runs")
    test_coverage_pct: float | None
    total_loc: int | None
    build_time_sec: float | None
    startup_time_sec: float | None


class AppReport(Value):
    """One prompt's attempt in one cohort, judged."""

    app_name: str
    cohort: CohortName
    status: Literal["generated", "failed", "not_tried"]
    app_uri: str | None = Field(description="Sources, relative to the artifact store; null where no app was made")
    app_dir: str | None = Field(description="Folder in the published repository; null where no app was made")
    prompt_id: str
    prompt: str
    stack: str
    generator: str
    generator_version: str
    model: str | None
    trace_id: str | None
    generation_request_id: str
    digest: str = Field(description="SHA-256 of the app's tree")
    cached: bool = Field(description="Whether the verdict was kept from an earlier judgement")
    metrics: AppMetrics
    outcomes: dict[str, MetricResult] = Field(description="The nine results by metric")
    issues: tuple[Issue, ...]
    generation_failure: Issue | None = Field(description="Why no app was made")
    generation_metrics: GenerationMetrics


class Report(Value):
    """One day's evaluation."""

    schema_version: Literal[1] = SCHEMA_VERSION
    evaluation_run_id: str
    timestamp: AwareDatetime = Field(description="When the evaluation was done, UTC")
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="The day, UTC")
    evaluator: EvaluatorInfo
    controls: Controls
    flakiness: Flakiness | None = Field(default=None, description="Null when no app of the window was judged twice")
    crossover: Crossover | None = Field(
        default=None, description="Null unless the evaluator is another one than on the last judged day"
    )
    headline_cohort: CohortName
    summary: Summary = Field(description="The headline cohort's")
    summaries: dict[CohortName, Summary] = Field(description="By cohort, written as in `apps`")
    apps: tuple[AppReport, ...] = Field(description="In order of cohort, prompt id and name")


def report_uri(date: str) -> str:
    """Where a day's report lies in the artifact store."""
    return f"reports/evaluation_report_{date}.json"


def summary_uri(date: str) -> str:
    """Where a day's Markdown summary lies in the artifact store."""
    return f"reports/evaluation_summary_{date}.md"


def report_schema() -> dict[str, Any]:
    """The JSON Schema of a report, as in docs/report.schema.json."""
    schema = Report.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Evaluation report"} | {
        key: value for key, value in schema.items() if key != "title"
    }


def schema_text() -> str:
    """The text of docs/report.schema.json."""
    return json.dumps(report_schema(), indent=2) + "\n"


def report_bytes(report: Report) -> bytes:
    """The report's file: JSON in UTF-8, the same bytes for the same report."""
    return (report.model_dump_json(indent=2) + "\n").encode()


def load_report(data: bytes) -> Report:
    """Reads a report's file.

    Raises:
        InputError: it is not JSON, not a report, or of another schema version.
    """
    if len(data) > MAX_REPORT_BYTES:
        raise InputError(f"the report has {len(data)} bytes; at most {MAX_REPORT_BYTES} are read")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the report is not JSON ({error}); evaluate the date again") from error
    version = content.get("schema_version") if isinstance(content, Mapping) else None
    if version != SCHEMA_VERSION:
        raise InputError(
            f"the report has schema version {version!r} and this evaluator reads {SCHEMA_VERSION}; "
            "evaluate the date again"
        )
    try:
        return Report.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "report"
        more = f" and {error.error_count() - 1} more" if error.error_count() > 1 else ""
        raise InputError(
            f"the report does not fit docs/report.schema.json at {where}: {first['msg']}{more}; evaluate the date again"
        ) from error


def masked(report: Report, secrets: Iterable[str]) -> Report:
    """The report with every given secret, and what looks like a credential, replaced in all of its texts.

    Raises:
        EvaluatorError: a secret is the same as a name that the report is built on.
    """
    known = tuple(secrets)

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            return mask(value, known)
        if isinstance(value, list):
            return [walk(item) for item in value]
        return {mask(key, known): walk(item) for key, item in value.items()} if isinstance(value, dict) else value

    content = report.model_dump(mode="json")
    clean = walk(content)
    if clean == content:
        return report
    try:
        return Report.model_validate_json(json.dumps(clean))
    except ValidationError as error:
        raise EvaluatorError(
            "a secret of the settings is the same as a generator's, metric's or date's name; change that secret"
        ) from error


def substance(report: Report) -> dict[str, Any]:
    """The report without what tells one run from another: run id, time, whether a cache answered, seconds taken.

    Two reports of a date with equal substance say the same, and the earlier one stays published.
    """
    content = report.model_dump(mode="json", exclude={"evaluation_run_id", "timestamp"})
    for app in content["apps"]:
        del app["cached"]
        for result in app["outcomes"].values():
            del result["seconds"]
    for part in ("controls", "flakiness", "crossover"):
        (content[part] or {}).pop("seconds", None)
    return content


if __name__ == "__main__":
    sys.stdout.write(schema_text())

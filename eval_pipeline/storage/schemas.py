"""The columns of every table, once: for writing, for Dagster's column schema, for readers of an empty table.

A change of columns raises `SCHEMA_VERSION` of eval_pipeline.model; new columns must be nullable so that older
files still read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eval_pipeline.reporting.timeseries import COLUMN_TYPES, column_description

ColumnType = Literal["string", "int", "float", "bool"]


@dataclass(frozen=True)
class Column:
    name: str
    type: ColumnType
    description: str


@dataclass(frozen=True)
class TableSchema:
    """`replace_by` are the columns by which a write replaces older rows; none means the whole table."""

    name: str
    row: str
    columns: tuple[Column, ...]
    replace_by: tuple[str, ...]

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]


def _columns(text: str) -> tuple[Column, ...]:
    """Reads lines of `name type description`."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        name, kind, description = line.strip().split(maxsplit=2)
        found.append(Column(name, kind, description))  # pyright: ignore[reportArgumentType]
    return tuple(found)


_COHORT = """
    date string UTC day, YYYY-MM-DD
    generator string what made the app
    repeat int 1 for the first app of a prompt
"""
_PROMPT = """
    prompt_id string id in the prompt set
    text string the prompt as given
    category string kind of app asked for
    complexity string simple, medium or complex
    panel bool whether asked every day
    datasets string tables that the prompt names, JSON list
"""
_PYTHON_TYPES: dict[type, ColumnType] = {str: "string", int: "int", float: "float", bool: "bool"}
COHORT_KEYS = ("date", "generator", "repeat")

TABLES = {
    table.name: table
    for table in (
        TableSchema(
            "daily_prompts",
            "one prompt of one day",
            _columns(
                "date string UTC day, YYYY-MM-DD\n"
                "position int order of the day, from 1; the panel comes first\n"
                + _PROMPT
                + "\nprompt_set_version string version in the prompt file"
                "\nprompt_set_hash string SHA-256 of the prompt file"
            ),
            ("date",),
        ),
        TableSchema(
            "generated_apps",
            "one prompt's attempt at an app in one cohort, failures included",
            _columns(
                _COHORT
                + _PROMPT
                + """
                app_name string name of the app's folder
                status string generated, failed or not_tried
                app_uri string sources, relative to the artifact store
                failure_code string why there is no app
                reason string the same in words
                model string model that wrote it
                generator_version string version of the generator
                generation_request_id string id of this attempt
                trace_id string MLflow trace of this attempt
                started_at string UTC, ISO 8601
                finished_at string UTC, ISO 8601
                cost_usd float dollars; null when not known
                input_tokens int tokens read, cache reads not counted
                output_tokens int tokens written
                cache_read_tokens int tokens read from the prompt cache
                turns int model turns
                validation_runs int the agent's own checks
                prompt_set_version string version in the prompt file
                prompt_set_hash string SHA-256 of the prompt file
                """
            ),
            COHORT_KEYS,
        ),
        TableSchema(
            "app_evaluations",
            "one metric's verdict on one app",
            _columns(
                _COHORT
                + """
                prompt_id string id in the prompt set
                app_name string name of the app's folder
                metric string one of the nine
                outcome string pass, fail, unknown or not_applicable
                value float 0 to 1, or 0 to 5 for the two scored metrics
                failure_code string stable short word, see docs/METRICS.md
                reason string what was seen
                seconds float time this metric took
                evidence string facts and artifact URIs, JSON object
                stack string stack found in the tree
                digest string SHA-256 of the app's tree
                cached bool whether the verdict was kept from an earlier judgement
                isolation string L3, L2 or L0
                evaluator_digest string digest of evaluator code, metrics, tools and limits
                app_seconds float time the whole app took
                total_loc int lines of source
                build_time_sec float production build
                startup_time_sec float start to first answer
                test_coverage_pct float line coverage of the app's tests
                """
            ),
            COHORT_KEYS,
        ),
        TableSchema(
            "evaluator_controls",
            "one metric of one control app: the verdict that is right beside the one given",
            _columns(
                """
                date string UTC day, YYYY-MM-DD
                control string name of the control app
                metric string one of the nine
                expected string outcome that is right
                given string outcome that the evaluator gave
                is_right bool whether they agree
                failure_code string of the verdict given
                reason string of the verdict given
                isolation string L3, L2 or L0
                evaluator_digest string digest of evaluator code, metrics, tools and limits
                evaluator_version string version of this package
                tools string versions of the tools used, JSON object
                stack string stack that the control app is of
                seconds float time this control app took
                batch_seconds float wall time of all controls of the batch
                """
            ),
            ("date",),
        ),
        TableSchema(
            "evaluator_flakiness",
            "one metric of one app judged twice on a day, the second time without the cache",
            _columns(
                _COHORT
                + """
                prompt_id string id in the prompt set
                app_name string name of the app's folder
                metric string one of the nine
                first string outcome of the verdict that counts
                second string outcome of the second judgement
                flipped bool whether both are known and differ, in outcome or in value
                first_code string failure code of the first
                second_code string failure code of the second
                first_value float value of the first
                second_value float value of the second
                was_cached bool whether the first was kept from an earlier judgement
                digest string SHA-256 of the app's tree
                evaluator_digest string digest of evaluator code, metrics, tools and limits
                seconds float time the app's second judgement took
                """
            ),
            ("date",),
        ),
        TableSchema(
            "evaluator_crossovers",
            "one metric of an app of the last judged day, as judged then and by the day's other evaluator",
            _columns(
                """
                date string UTC day, YYYY-MM-DD
                previous_date string the day that is judged again
                generator string what made the app
                repeat int 1 for the first app of a prompt
                prompt_id string id in the prompt set
                app_name string name of the app's folder
                metric string one of the nine
                outcome_then string pass, fail, unknown or not_applicable
                outcome_now string the same by the day's evaluator
                value_then float 0 to 1, or 0 to 5
                value_now float the same by the day's evaluator
                code_then string failure code
                code_now string failure code by the day's evaluator
                digest_then string evaluator of the earlier day
                digest_now string evaluator of the day
                digest string SHA-256 of the app's tree
                batch_seconds float wall time of judging all of them again
                """
            ),
            ("date",),
        ),
        TableSchema(
            "evaluation_report",
            "one cohort's line of the day's report",
            _columns(
                _COHORT
                + """
                evaluation_run_id string run that judged
                timestamp string UTC, ISO 8601
                total_apps int apps asked for
                success_rate float share of apps that pass metrics 1-7
                success_low float Wilson 95 % lower bound
                success_high float Wilson 95 % upper bound
                avg_appeval_100 float mean score, null when any app's is unknown
                controls_right int control verdicts that were right
                controls_total int control verdicts
                quarantined bool whether a control was judged wrong
                report_uri string the JSON report in the artifact store
                summary_uri string the Markdown summary
                """
            ),
            ("date",),
        ),
        TableSchema(
            "quality_alerts",
            "one rule broken by one cohort on one day",
            _columns(
                """
                alert_id string the same for the same rule, cohort and date
                date string UTC day, YYYY-MM-DD
                generator string what made the apps
                repeat int 1 for the first app of a prompt
                kind string quality, evaluator or infrastructure
                rule string the rule that was broken
                severity string critical, warning or info
                metric string the figure it is about
                value float the figure, in its own unit
                threshold float what it was held against
                n int what the figure rests on
                low float 95 % lower bound
                high float 95 % upper bound
                message string for people
                details string evidence, JSON object
                status string stored, filed, pending, sent or withdrawn
                """
            ),
            ("date",),
        ),
        TableSchema(
            "failure_patterns",
            "one way of failing that apps share",
            _columns(
                """
                fingerprint string of metric, failure code and normalised evidence
                metric string the metric that fails
                failure_code string stable short word, see docs/METRICS.md
                signature string the evidence with names, numbers and paths masked
                apps int distinct apps that fail so
                judged int apps of the window that were judged by the metric
                prompts int distinct prompts
                days int distinct days
                first_seen string UTC day, YYYY-MM-DD
                last_seen string UTC day, YYYY-MM-DD
                generators string what made the apps, JSON list
                examples string apps with reason and log, JSON list
                """
            ),
            (),
        ),
        TableSchema(
            "improvement_issues",
            "one issue, found or updated by its fingerprint",
            _columns(
                """
                fingerprint string of the pattern
                metric string the metric that fails
                failure_code string stable short word
                apps int distinct apps that fail so
                prompts int distinct prompts
                first_seen string UTC day, YYYY-MM-DD
                last_seen string UTC day, YYYY-MM-DD
                title string of the issue
                state string created, updated, unchanged or kept
                path string the issue's file, relative to the home
                """
            ),
            (),
        ),
        TableSchema(
            "metrics_timeseries",
            "one cohort's figures of one day",
            tuple(Column(name, _PYTHON_TYPES[kind], column_description(name)) for name, kind in COLUMN_TYPES.items()),
            COHORT_KEYS,
        ),
    )
}

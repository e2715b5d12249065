"""The nouns that the stages share.

Values only: no I/O, no settings, no Dagster. Everything here is frozen and can be written as JSON.
"""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

SCHEMA_VERSION = 1

BINARY_METRICS = (
    "build_success",
    "runtime_success",
    "type_safety",
    "tests_pass",
    "databricks_connectivity",
    "data_returned",
    "ui_renders",
)
SCORED_METRICS = ("local_runability_score", "deployability_score")
METRICS = BINARY_METRICS + SCORED_METRICS

MAX_SCORE = 5
"""Upper end of the two scored metrics."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class InputError(Exception):
    """Input that a person must mend: says what is wrong, where, and how to mend it.

    The command line prints it on one line and exits with 2.
    """


class EvaluatorError(Exception):
    """The evaluator itself could not work (a tool is missing, the sandbox broke). Exit code 3."""


class Value(BaseModel):
    """Base of every noun: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Outcome(StrEnum):
    """What a metric says of an app; `unknown` is ours, never the app's doing."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Prompt(Value):
    """One request for an app, as in prompts/daily_prompts.json."""

    id: str
    text: str
    category: str
    complexity: Literal["simple", "medium", "complex"]
    panel: bool
    datasets: tuple[str, ...]


class Cohort(Value):
    """The apps of one date, one generator and one repeat; written `DATE/GENERATOR[/rN]`."""

    date: str
    generator: str
    repeat: int = Field(default=1, ge=1)

    @field_validator("date")
    @classmethod
    def _iso_date(cls, value: str) -> str:
        return dt.date.fromisoformat(value).isoformat()

    @field_validator("generator")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError(f"not a generator name: {value!r}")
        return value

    def __hash__(self) -> int:
        return hash((self.date, self.generator, self.repeat))

    def __str__(self) -> str:
        return f"{self.date}/{self.generator}" + (f"/r{self.repeat}" if self.repeat > 1 else "")

    @property
    def folder(self) -> PurePosixPath:
        """`<date>/<generator>[-rN]`, the cohort's part of every stored path."""
        return PurePosixPath(self.date) / (self.generator + (f"-r{self.repeat}" if self.repeat > 1 else ""))

    @classmethod
    def parse(cls, text: str, headline_generator: str) -> Cohort:
        """Reads `DATE`, `DATE/GENERATOR` or `DATE/GENERATOR/rN`.

        Raises:
            InputError: the text is none of the three.
        """
        parts = text.strip().split("/")
        try:
            repeat = int(parts[2].removeprefix("r")) if len(parts) == 3 else 1
            if len(parts) > 3:
                raise ValueError
            generator = parts[1] if len(parts) > 1 else headline_generator
            return cls(date=parts[0], generator=generator, repeat=repeat)
        except ValueError as error:
            raise InputError(
                f"{text!r} is not a cohort: write DATE, DATE/GENERATOR or DATE/GENERATOR/rN, "
                "for example 2026-11-21/template/r2"
            ) from error


class GenerationMetrics(Value):
    """What making one app took. None means not known, which is not the same as 0."""

    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    turns: int | None = None
    validation_runs: int | None = None


class GeneratedApp(Value):
    """One prompt's attempt in one cohort; failures are rows too.

    `app_uri` is relative to the artifact store (`apps/<date>/<generator>[-rN]/<app>`), None unless generated.
    `failure_code` and `reason` are set unless generated.
    """

    cohort: Cohort
    prompt: Prompt
    app_name: str
    status: Literal["generated", "failed", "not_tried"]
    app_uri: str | None = None
    failure_code: str | None = None
    reason: str = ""
    model: str | None = None
    generator_version: str = ""
    generation_request_id: str = ""
    trace_id: str | None = None
    started_at: str = ""
    finished_at: str = ""
    metrics: GenerationMetrics = GenerationMetrics()


class MetricResult(Value):
    """One metric's verdict on one app.

    `value` is 0..1 for binary metrics and 0..5 for scored ones, None when unknown or not applicable.
    `evidence` holds small facts and artifact-store URIs (log, screenshot, request log).
    """

    metric: str
    outcome: Outcome
    value: float | None = None
    failure_code: str | None = None
    reason: str = ""
    seconds: float = 0.0
    evidence: dict[str, Any] = {}

    @property
    def is_blocked(self) -> bool:
        """Whether it could not be judged because an earlier step failed."""
        return (self.failure_code or "").startswith("blocked_by:")


class Measurements(Value):
    """Figures taken along the way; None where there is none."""

    total_loc: int | None = None
    build_time_sec: float | None = None
    startup_time_sec: float | None = None
    test_coverage_pct: float | None = None


class AppEvaluation(Value):
    """The nine verdicts on one app, with what they rest on."""

    app_name: str
    stack: str
    digest: str
    results: dict[str, MetricResult]
    measurements: Measurements = Measurements()
    isolation: str
    evaluator_digest: str
    cached: bool = False
    seconds: float = 0.0

    @field_validator("results")
    @classmethod
    def _all_nine(cls, value: dict[str, MetricResult]) -> dict[str, MetricResult]:
        if set(value) != set(METRICS):
            raise ValueError(f"results must hold exactly the nine metrics, got {sorted(value)}")
        return value


class ControlVerdict(Value):
    """One control app's metric, as expected beside as given. `stack` is empty where it was not recorded."""

    control: str
    stack: str = ""
    metric: str
    expected: Outcome
    given: Outcome
    failure_code: str | None = None
    reason: str = ""

    @property
    def is_right(self) -> bool:
        return self.expected == self.given

    @property
    def is_wrong(self) -> bool:
        """Whether the evaluator erred. An `unknown` is not wrong: it proves nothing either way."""
        return self.given is not Outcome.UNKNOWN and not self.is_right

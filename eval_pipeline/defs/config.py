"""Run configuration: what the launchpad shows and the command line builds. Unset means the setting."""

import dagster as dg
from pydantic import Field


class GenerationConfig(dg.Config):
    """How the day's apps are made."""

    generators: list[str] = Field(default=[], description="Generators to run; none: EVAL_GENERATORS.")
    model: str | None = Field(default=None, description="Model for generators that use one.")
    prompt_ids: list[str] = Field(default=[], description="Only these of the day's prompts; none: all of them.")
    max_apps: int | None = Field(default=None, ge=1, description="At most so many prompts; none: EVAL_MAX_APPS.")
    repeats: int | None = Field(
        default=None, ge=1, le=20, description="Apps per prompt and generator; none: EVAL_REPEATS."
    )
    budget_usd: float | None = Field(
        default=None, ge=0, description="Stop when the date's apps, over all runs, have cost this much."
    )
    force: bool = Field(default=False, description="Make apps again that exist already.")


class EvaluationConfig(dg.Config):
    """How the day's apps are judged."""

    no_cache: bool = Field(default=False, description="Judge again even what is unchanged.")
    parallel_apps: int | None = Field(
        default=None, ge=1, le=64, description="Apps judged at once; none: EVAL_PARALLEL_APPS."
    )
    timeout_seconds: float | None = Field(
        default=None, gt=0, description="Wall time for one app; none: EVAL_APP_TIMEOUT_SECONDS."
    )

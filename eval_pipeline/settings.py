"""Every setting, once.

Names are the environment's: prefix `EVAL_` for our own, the services' usual names for theirs. Nothing else in
the package reads `os.environ`. A service's key alone never turns the service on: only the `EVAL_` setting
beside it does; MLFLOW_TRACKING_URI names a place, not a key, and is that setting for MLflow.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from eval_pipeline.model import METRICS, InputError

PROJECT_ROOT = Path(__file__).resolve().parent.parent

DEFAULT_WEIGHTS: dict[str, float] = dict(zip(METRICS, (15, 20, 10, 10, 10, 10, 10, 7.5, 7.5), strict=True))


def _named(name: str, **kwargs: object):
    """A setting under a service's own name, without our prefix."""
    return Field(validation_alias=AliasChoices(name), **kwargs)  # pyright: ignore[reportArgumentType, reportCallIssue]


class Settings(BaseSettings):
    """All settings; see .env.example for the same list with comments."""

    model_config = SettingsConfigDict(
        env_prefix="EVAL_",
        env_file=(PROJECT_ROOT / ".env", ".env"),
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    # Where things live
    pipeline_home: Path = Field(
        default=PROJECT_ROOT / ".eval-pipeline",
        description="Home of tables, apps, evidence, reports, MLflow, site; also Dagster's home.",
    )
    dagster_home: Path | None = _named(
        "DAGSTER_HOME", default=None, description="Dagster's home, when it is not EVAL_PIPELINE_HOME."
    )
    start_date: dt.date = Field(default=dt.date(2026, 1, 1), description="First daily partition (UTC).")
    retention_days: int = Field(
        default=90, ge=1, description="Days that `eval-pipeline prune` keeps apps and evidence."
    )

    # Prompts and generation
    prompts_file: Path = Field(default=PROJECT_ROOT / "prompts" / "daily_prompts.json", description="The prompt set.")
    generators: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("template",),
        min_length=1,
        description="Comma-separated generators; the first is the headline. Known: template, directory.",
    )
    max_apps: int | None = Field(
        default=None, ge=1, description="At most so many prompts a day; the panel comes first."
    )
    repeats: int = Field(default=1, ge=1, le=20, description="Apps per prompt and generator.")
    app_directory: Path | None = Field(
        default=None,
        description="Folder of app directories that the `directory` generator imports; default HOME/inbox.",
    )

    # Warehouse
    warehouse: Literal["local", "databricks"] = Field(
        default="local",
        description="Where apps' statements run while they are judged: our sample data, or read-only on a real "
        "warehouse, whose samples catalog the prompts name.",
    )
    databricks_host: str | None = _named("DATABRICKS_HOST", default=None, description="Workspace URL.")
    databricks_token: SecretStr | None = _named(
        "DATABRICKS_TOKEN", default=None, description="Personal access token (secret)."
    )
    databricks_client_id: str | None = _named(
        "DATABRICKS_CLIENT_ID", default=None, description="OAuth client of a service principal."
    )
    databricks_client_secret: SecretStr | None = _named(
        "DATABRICKS_CLIENT_SECRET", default=None, description="OAuth client secret (secret)."
    )
    databricks_warehouse_id: str | None = _named(
        "DATABRICKS_WAREHOUSE_ID", default=None, description="SQL warehouse for EVAL_WAREHOUSE=databricks."
    )

    # Evaluation
    parallel_apps: int = Field(
        default_factory=lambda: max(1, min(8, os.cpu_count() or 1)),
        ge=1,
        le=64,
        description="Apps judged at once; default the number of cores, at most 8.",
    )
    app_timeout_seconds: float = Field(default=300, gt=0, description="Wall time for one app's evaluation.")
    controls_per_batch: int = Field(
        default=4,
        ge=1,
        le=100,
        description="At most so many known-bad control apps are judged with each batch, beside a known-good one of "
        "each stack.",
    )
    allow_unsandboxed: bool = Field(
        default=False, description="Judge foreign apps even where no sandbox can be had. Dangerous."
    )
    app_memory_mb: int = Field(default=2048, ge=256, description="Memory of one app's processes.")
    app_processes: int = Field(default=512, ge=32, description="Processes and threads of one app.")
    app_disk_mb: int = Field(default=512, ge=16, description="Disk that one app may write.")
    app_output_mb: int = Field(default=8, ge=1, description="Log output kept of one command.")
    dependency_store_gb: float = Field(
        default=10,
        gt=0,
        description="Gigabytes that the dependency store may take; what was used longest ago is removed first.",
    )
    weights: dict[str, float] = Field(
        default=DEFAULT_WEIGHTS, description="Weights of appeval_100, JSON object over the nine metrics."
    )

    # Judging on other machines
    shard_runner: Literal["local", "databricks", "celery"] = Field(
        default="local",
        description="Where batches are judged: on this machine, as tasks of a Databricks job, or on Celery workers "
        "(docs/SHARDS.md).",
    )
    shards: int = Field(
        default=1, ge=1, le=64, description="Parts that a batch is cut into, a machine each; local batches are not cut."
    )
    shard_volume: str | None = Field(
        default=None,
        description="By what shards travel: for databricks a Unity Catalog volume or a folder in one, "
        "/Volumes/<catalog>/<schema>/<name>; for celery a folder that all machines mount, default HOME/shards.",
    )
    shard_cluster: dict[str, Any] = Field(
        default_factory=dict,
        description="The machine of a shard, `new_cluster` of the Jobs API as a JSON object, with the evaluation "
        "image.",
    )

    celery_broker: SecretStr | None = Field(
        default=None, description="Broker of the Celery workers that judge shards, redis://host:6379/0 (secret)."
    )
    celery_backend: SecretStr | None = Field(
        default=None, description="Result backend of the Celery workers (secret); default the broker."
    )
    celery_queue: str = Field(default="dagster", min_length=1, description="Queue of the Celery workers.")

    # Beside the metrics
    vision: Literal["off", "anthropic"] = Field(
        default="off",
        description="Ask a vision model for a second opinion on each page, recorded beside ui_renders; costs money.",
    )
    vision_model: str = Field(default="claude-haiku-5-5", min_length=1, description="Model of EVAL_VISION.")
    anthropic_api_key: SecretStr | None = _named("ANTHROPIC_API_KEY", default=None, description="API key (secret).")
    anthropic_base_url: str | None = _named(
        "ANTHROPIC_BASE_URL", default=None, description="Address of the Anthropic API, when it is not the usual one."
    )
    docker_build: bool = Field(
        default=False,
        description="Build each app's Dockerfile with docker or podman, recorded beside build_success. Runs the "
        "app's instructions in the engine, with its network.",
    )

    # Tools (found on PATH or under HOME/tools when unset)
    node: Path | None = Field(default=None, description="Node 20 or later.")
    browser: Path | None = Field(default=None, description="Chromium or chromium-headless-shell.")
    bwrap: Path | None = Field(default=None, description="bubblewrap.")

    # MLflow and publishing
    mlflow_tracking_uri: str | None = _named(
        "MLFLOW_TRACKING_URI", default=None, description="Tracking server; default HOME/mlflow.db."
    )
    environment: Literal["development", "staging", "production"] = Field(
        default="development",
        description="Suffixes the MLflow experiment with -staging or -development; production has none.",
    )
    mlflow_experiment: str = Field(
        default="/Shared/eval-pipeline/daily-evals", description="MLflow experiment of the daily runs."
    )
    publish_remote: str | None = Field(
        default=None,
        description="Git URL to push to; default a local repository, HOME/publish. Signs in by a token in the URL, "
        "~/.netrc, or an SSH key file without passphrase; git's configuration and agents are left aside.",
    )
    publish_branch: str = Field(default="main", description="Branch of the published repository.")
    publish_author: str = Field(
        default="eval-pipeline <eval-pipeline@localhost>", description="Author of published commits."
    )

    # Alerts and issues
    alert_min_score: float = Field(
        default=80, ge=0, le=100, description="Alert when the average appeval_100 is below this."
    )
    alert_min_success: float = Field(default=0.85, ge=0, le=1, description="Alert when the success rate is below this.")
    alert_max_drop: float = Field(
        default=10, gt=0, description="Alert when appeval_100 is this far under the trailing window's mean."
    )
    alert_max_unknown: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Alert when this share of verdicts is unknown (ours, not the apps').",
    )
    alert_window_days: int = Field(default=7, ge=1, description="Days of the trailing window.")
    slack_webhook_url: SecretStr | None = Field(
        default=None, description="Slack incoming webhook for alerts (secret); default the outbox only."
    )
    issue_min_apps: int = Field(
        default=3, ge=1, description="Apps that must share a failure before it becomes an issue."
    )
    pattern_window_days: int = Field(default=14, ge=1, description="Days over which failures are grouped.")

    @field_validator("generators", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
        return value

    @field_validator("weights")
    @classmethod
    def _known_weights(cls, value: dict[str, float]) -> dict[str, float]:
        if set(value) != set(METRICS) or min(value.values()) < 0 or sum(value.values()) <= 0:
            raise ValueError(f"needs a weight of 0 or more for each of {', '.join(METRICS)}")
        return value

    @property
    def home(self) -> Path:
        return self.pipeline_home.expanduser().resolve()

    @property
    def inbox(self) -> Path:
        """Folder that the `directory` generator imports from."""
        return self.app_directory or self.home / "inbox"

    def secret_values(self) -> tuple[str, ...]:
        """Every secret that is set, for masking; never printed."""
        found = (getattr(self, name) for name in type(self).model_fields)
        return tuple(s.get_secret_value() for s in found if isinstance(s, SecretStr) and s.get_secret_value())


@lru_cache(maxsize=1)
def _load() -> Settings:
    return Settings()


def get_settings() -> Settings:
    """The process's settings, read once from the environment and `.env`.

    Raises:
        InputError: a setting cannot be read; names it and says what it takes.
    """
    try:
        return _load()
    except ValidationError as error:
        raise InputError(describe_error(error)) from error
    except SettingsError as error:
        # The value stays out of the message: nobody knows what it holds.
        found = re.search(r'for field "(\w+)"', str(error))
        name = env_name(found.group(1)) if found and found.group(1) in Settings.model_fields else "a setting"
        raise InputError(f"{name}: is not JSON; write it as .env.example shows") from error
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f".env cannot be read ({error}); it must be a text file in UTF-8") from error


def describe_error(error: ValidationError) -> str:
    """One line per bad setting: its name in the environment, what is wrong."""
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        name = str(item["loc"][0]) if item["loc"] else "settings"
        if name in Settings.model_fields:
            name = env_name(name)
        lines.append(f"{name}: {item['msg']}")
    return "; ".join(lines) + " (see .env.example)"


def env_name(field: str) -> str:
    """The environment's name of a settings field."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return f"EVAL_{field.upper()}"


def child_environment(**changes: str) -> dict[str, str]:
    """This process's environment with changes, for programs of ours (never for an app under test)."""
    return {**os.environ, **changes}


def dagster_environment(home: Path) -> dict[str, str]:
    """The environment of the Dagster UI and daemon on a home; what a user set stays.

    Starting a run takes longer than Dagster's minute when a small machine is busy with apps, and Dagster then fails
    the run. Its hint at another command helps nobody here.
    """
    ours = {
        "DAGSTER_GRPC_TIMEOUT_SECONDS": "300",
        "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded",
    }
    return {**ours, **os.environ, "DAGSTER_HOME": str(home)}


def prepare_mlflow() -> None:
    """Says to MLflow, before it is imported, what it reads from the environment alone; what a user set stays.

    No telemetry, and a tracking server that is down is an answer after seconds: with MLflow's own retries it takes
    minutes.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
    # It would print run URLs to standard output, into what --json prints there.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def search_path() -> str:
    """The PATH on which tools are looked for."""
    return os.environ.get("PATH", os.defpath)


def registry_environment() -> dict[str, str]:
    """The variables by which this machine reaches package registries: proxies, certificates, mirrors."""
    names = {
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
        "ssl_cert_file",
        "ssl_cert_dir",
        "node_extra_ca_certs",
        "npm_config_registry",
        "npm_config_cafile",
        "uv_default_index",
        "uv_index_url",
        "pip_index_url",
        "pip_cert",
        "requests_ca_bundle",
    }
    return {name: value for name, value in os.environ.items() if name.lower() in names and value}

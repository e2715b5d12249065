"""An MLflow run per cohort: parameters, figures, the table of apps, the report and the app sources.

Never two runs of one cohort, and a run says the same however often it was logged. MLflow is imported when first used. A
tracking server that is down raises TrackingError, which must not cost the caller its day: the report is stored already.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval_pipeline.model import METRICS, Cohort, EvaluatorError, Value
from eval_pipeline.publishing.locks import LockedError, exclusive
from eval_pipeline.publishing.sources import LeftOut, archive, check_app_name, collect_sources
from eval_pipeline.reporting.report import AppReport, Report, masked, report_bytes
from eval_pipeline.reporting.summary import summary_markdown
from eval_pipeline.reporting.timeseries import rows_from_report
from eval_pipeline.settings import Settings, prepare_mlflow
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.text import mask, one_line

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

TABLE = "app_metrics.json"
REPORT = "evaluation_report.json"
SUMMARY = "evaluation_summary.md"
SOURCES = "app_sources"

_COHORT_TAG = "eval.cohort"
_CONTENT_TAG = "eval.content_sha256"
_PARAM_LIMIT = 500


class TrackingError(EvaluatorError):
    """MLflow could not be written; logging the same report again goes on from there."""


class LoggedRun(Value):
    """The MLflow run of one cohort."""

    cohort: str
    experiment: str
    experiment_id: str
    run_id: str
    url: str | None
    """The run's page on a tracking server; None for the local database."""
    is_changed: bool
    """False when the run said the same already."""
    left_out: tuple[LeftOut, ...]
    """Files of apps that are not in `app_sources/`, by app and path."""


class _Content(Value):
    """All that a cohort's run says."""

    params: dict[str, str]
    figures: dict[str, float]
    files: dict[str, bytes]
    left_out: tuple[LeftOut, ...]

    @property
    def digest(self) -> str:
        parts = [json.dumps([self.params, self.figures], sort_keys=True).encode()]
        parts += [
            name.encode() + hashlib.sha256(data).hexdigest().encode() for name, data in sorted(self.files.items())
        ]
        return hashlib.sha256(b"\n".join(parts)).hexdigest()


def experiment_name(settings: Settings) -> str:
    """The experiment of the daily runs: EVAL_MLFLOW_EXPERIMENT, with the environment behind it unless production."""
    return settings.mlflow_experiment + ("" if settings.environment == "production" else f"-{settings.environment}")


def tracking_uri(settings: Settings) -> str:
    """MLFLOW_TRACKING_URI, or the database in the home."""
    return settings.mlflow_tracking_uri or f"sqlite:///{settings.home / 'mlflow.db'}"


def log_report(
    report: Report, store: ArtifactStore, settings: Settings, parameters: Mapping[str, str | None]
) -> list[LoggedRun]:
    """Logs every cohort of the report to MLflow, one run each.

    Args:
        report: the day's report.
        store: where the app sources lie.
        settings: tracking server, experiment, environment, secrets.
        parameters: what the report does not say: prompt-set version and hash, git commit.

    Raises:
        TrackingError: MLflow cannot be reached or refused.
    """
    prepare_mlflow()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    secrets = settings.secret_values()
    uri = tracking_uri(settings)
    clean = masked(report, secrets)
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with exclusive(settings.home / ".mlflow.lock", "MLflow"):
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            experiment_id = _experiment(client, settings)
            return [
                _log_cohort(client, experiment_id, clean, cohort, store, settings, parameters)
                for cohort in clean.summaries
            ]
    except (MlflowException, SQLAlchemyError, OSError, LockedError) as error:
        # Only the kind and the first line: SQL errors go on with the statement and its values.
        first = (str(error).splitlines() or [""])[0]
        raise TrackingError(
            f"MLflow at {one_line(mask(uri, secrets), 200)} could not be written; the report is stored, log it again "
            f"later: {one_line(mask(first, secrets), 300)}"
        ) from error


def _experiment(client: MlflowClient, settings: Settings) -> str:
    """The experiment's id; made, or brought back from deletion, when needed."""
    from mlflow.exceptions import MlflowException

    name = experiment_name(settings)
    found = client.get_experiment_by_name(name)
    if found is None:
        # Without a location the local store would write beside the working directory of the moment.
        location = None if settings.mlflow_tracking_uri else (settings.home / "mlartifacts").as_uri()
        try:
            return client.create_experiment(name, artifact_location=location)
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another machine was quicker, or there is a real error
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return found.experiment_id


def _log_cohort(
    client: MlflowClient,
    experiment_id: str,
    report: Report,
    cohort: str,
    store: ArtifactStore,
    settings: Settings,
    parameters: Mapping[str, str | None],
) -> LoggedRun:
    content = _content(report, cohort, store, settings, parameters)
    digest = content.digest
    run = _find_run(client, experiment_id, cohort)
    is_changed = run is None or run.data.tags.get(_CONTENT_TAG) != digest
    if is_changed:
        timestamp = int(report.timestamp.timestamp() * 1000)
        if run is not None and not _can_become(client, run, content):
            client.delete_run(run.info.run_id)
            run = None
        if run is None:
            tags = {_COHORT_TAG: cohort, "eval.date": report.date, "mlflow.source.name": "eval-pipeline"}
            run = client.create_run(experiment_id, start_time=timestamp, tags=tags, run_name=cohort)
        _write(client, run, content, timestamp)
        tags = {
            "eval.evaluation_run_id": report.evaluation_run_id,
            "eval.quarantined": str(report.controls.quarantined).lower(),
            "eval.isolation": report.evaluator.isolation,
            "mlflow.loggedArtifacts": json.dumps([{"path": TABLE, "type": "table"}]),
            # Last: a run without it was not finished, and is written again.
            _CONTENT_TAG: digest,
        }
        for key, value in tags.items():
            client.set_tag(run.info.run_id, key, value)
        client.set_terminated(run.info.run_id, "FINISHED", end_time=timestamp)
    assert run is not None
    base = settings.mlflow_tracking_uri or ""
    page = f"{base.rstrip('/')}/#/experiments/{experiment_id}/runs/{run.info.run_id}"
    return LoggedRun(
        cohort=cohort,
        experiment=experiment_name(settings),
        experiment_id=experiment_id,
        run_id=run.info.run_id,
        url=mask(page, settings.secret_values()) if base.startswith("http") else None,
        is_changed=is_changed,
        left_out=content.left_out,
    )


def _find_run(client: MlflowClient, experiment_id: str, cohort: str) -> Run | None:
    """The cohort's run. Two machines may have made one each at the same moment: the older stays."""
    runs = client.search_runs(
        [experiment_id], filter_string=f"tags.`{_COHORT_TAG}` = '{cohort}'", order_by=["attributes.start_time ASC"]
    )
    for extra in runs[1:]:
        client.delete_run(extra.info.run_id)
    return runs[0] if runs else None


def _can_become(client: MlflowClient, run: Run, content: _Content) -> bool:
    """Whether the run can be made to say `content`: MLflow changes no parameter and takes away no metric or file."""
    params = run.data.params
    if any(content.params.get(key) != value for key, value in params.items()):
        return False
    if not set(run.data.metrics) <= set(content.figures):
        return False
    stored = {
        item.path
        for folder in (None, SOURCES)
        for item in client.list_artifacts(run.info.run_id, folder)
        if not item.is_dir
    }
    return stored <= set(content.files)


def _write(client: MlflowClient, run: Run, content: _Content, timestamp: int) -> None:
    from mlflow.entities import Metric, Param

    run_id = run.info.run_id
    params = [Param(key, value) for key, value in content.params.items() if key not in run.data.params]
    metrics = []
    for key, value in content.figures.items():
        known = run.data.metrics.get(key)
        if known == value:
            continue
        # Of two values with one timestamp MLflow shows the larger, so a changed one must be the later.
        history = client.get_metric_history(run_id, key) if known is not None else []
        newest = max((entry.timestamp for entry in history), default=timestamp - 1)
        metrics.append(Metric(key, value, max(timestamp, newest + 1), 0))
    if params or metrics:
        client.log_batch(run_id, metrics=metrics, params=params)
    with tempfile.TemporaryDirectory() as folder:
        for name, data in content.files.items():
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        client.log_artifacts(run_id, folder)


def _content(
    report: Report,
    cohort: str,
    store: ArtifactStore,
    settings: Settings,
    parameters: Mapping[str, str | None],
) -> _Content:
    apps = [app for app in report.apps if app.cohort == cohort]
    named = Cohort.parse(cohort, "")
    row = next(row for row in rows_from_report(report) if Cohort(**{k: row[k] for k in Cohort.model_fields}) == named)
    params = {
        "date": named.date,
        "generator": named.generator,
        "repeat": named.repeat,
        "model": _each(apps, lambda app: app.model),
        "generator_version": _each(apps, lambda app: app.generator_version or None),
        "evaluator_version": report.evaluator.version,
        "evaluator_digest": report.evaluator.digest,
        "isolation": report.evaluator.isolation,
        **parameters,
    }
    files = {
        TABLE: json.dumps(_table(apps), allow_nan=False).encode(),
        REPORT: report_bytes(report),
        SUMMARY: summary_markdown(report).encode(),
    }
    left_out: list[LeftOut] = []
    for app in apps:
        if app.app_uri is None:
            continue
        check_app_name(app.app_name)
        tree = store.path(app.app_uri)
        if not tree.is_dir():
            left_out.append(LeftOut(path=app.app_name, reason="its sources are no longer stored"))
            continue
        sources = collect_sources(tree, settings.secret_values())
        files[f"{SOURCES}/{app.app_name}.tar.gz"] = archive(sources)
        left_out += [LeftOut(path=f"{app.app_name}/{item.path}", reason=item.reason) for item in sources.left_out]
    return _Content(
        params={key: one_line(str(value), _PARAM_LIMIT) if value else "unknown" for key, value in params.items()},
        figures={
            key: float(value)
            for key, value in row.items()
            if isinstance(value, int | float) and key not in ("repeat", "is_headline")
        },
        files=files,
        left_out=tuple(left_out),
    )


def _each(apps: list[AppReport], value: Callable[[AppReport], str | None]) -> str:
    """The values of all apps of a cohort, as a rule one."""
    return ", ".join(sorted({found for app in apps if (found := value(app))})) or "none"


def _table(apps: list[AppReport]) -> dict[str, Any]:
    """A row per app, in the form of MLflow's own tables.

    `MlflowClient.log_table` appends to a table that is there; this one has to replace it.
    """
    rows = [
        {
            "app_name": app.app_name,
            "prompt_id": app.prompt_id,
            "status": app.status,
            "stack": app.stack,
            "trace_id": app.trace_id,
            "digest": app.digest,
            **app.metrics.model_dump(),
            **{f"{metric}_outcome": app.outcomes[metric].outcome.value for metric in METRICS},
            **{f"{metric}_failure_code": app.outcomes[metric].failure_code for metric in METRICS},
            **app.generation_metrics.model_dump(),
        }
        for app in apps
    ]
    columns = list(rows[0]) if rows else []
    return {"columns": columns, "data": [list(row.values()) for row in rows]}

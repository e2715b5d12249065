"""Stage 4: the repository, MLflow, the time series and the dashboard."""

import dagster as dg

from eval_pipeline.defs.common import (
    OWNERS,
    RETRY,
    daily,
    description,
    markdown_table,
    table_metadata,
    trend_plot,
)
from eval_pipeline.resources.home import Home


@dg.asset(
    group_name="publishing",
    partitions_def=daily,
    deps=["evaluation_report"],
    kinds={"git", "mlflow"},
    owners=OWNERS,
    code_version="1",
    pool="publish",
    retry_policy=RETRY,
    description="The day's apps and report as one commit, and an MLflow run per cohort.",
    check_specs=[
        dg.AssetCheckSpec(
            "is_logged_to_mlflow",
            asset="published_report",
            description="MLflow took the day's runs; when it is down the day goes on, and publish_only logs it later.",
        )
    ],
)
def published_report(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult:
    from eval_pipeline.publishing.day import publish_day

    published = publish_day(context.partition_key, home.settings, home.artifacts, home.tables)
    logged = dg.AssetCheckResult(
        passed=published.tracking_error is None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"error": published.tracking_error or "none"},
    )
    runs = [f"- {run.cohort}: " + (f"[{run.run_id}]({run.url})" if run.url else run.run_id) for run in published.runs]
    metadata = published.metadata() | {
        "repository": dg.MetadataValue.path(str(home.settings.home / "publish")),
        "mlflow_runs": dg.MetadataValue.md("\n".join(runs) or "none"),
    }
    return dg.MaterializeResult(metadata=metadata, check_results=[logged])


@dg.asset(
    group_name="publishing",
    deps=["evaluation_report"],
    kinds={"deltalake", "csv"},
    owners=OWNERS,
    code_version="1",
    pool="publish",
    retry_policy=RETRY,
    metadata=table_metadata("metrics_timeseries"),
    description=description("metrics_timeseries", "Upserted from the stored reports; also a CSV file."),
)
def metrics_timeseries(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult:
    from eval_pipeline.reporting.day import stored_dates, update_timeseries

    date = context.run.tags.get("dagster/partition")
    series = update_timeseries([date] if date else stored_dates(home.artifacts), home.artifacts, home.tables)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(series),
            "trend": trend_plot(series),
            "newest": markdown_table(
                ["date", "generator", "repeat", "success", "score"],
                [
                    [r["date"], r["generator"], r["repeat"], r["success_rate"], r["avg_appeval_100"]]
                    for r in series[-14:]
                ],
            ),
        }
    )


@dg.asset(
    group_name="publishing",
    deps=[metrics_timeseries, "quality_alerts"],
    kinds={"html"},
    owners=OWNERS,
    code_version="1",
    pool="publish",
    retry_policy=RETRY,
    description="The static site that opens from disk: headline, trends, heat map, a page an app.",
)
def quality_dashboard(home: Home) -> dg.MaterializeResult:
    from eval_pipeline.publishing.day import build_dashboard

    index = build_dashboard(home.settings, home.artifacts, home.tables)
    return dg.MaterializeResult(metadata={"site": dg.MetadataValue.path(str(index))})

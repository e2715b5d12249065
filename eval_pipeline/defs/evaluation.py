"""Stage 3: the day's verdicts, the evaluator's own controls, and the report."""

import dagster as dg

from eval_pipeline.defs.common import OWNERS, Table, daily, description, markdown_table, rows_in_hand, table_metadata
from eval_pipeline.defs.config import EvaluationConfig
from eval_pipeline.resources.evaluator import EvaluatorFactory
from eval_pipeline.resources.home import Home
from eval_pipeline.resources.progress import Progress


@dg.multi_asset(
    name="evaluate_batch",
    group_name="evaluation",
    partitions_def=daily,
    pool="sandbox",
    outs={
        "app_evaluations": dg.AssetOut(
            kinds={"python", "deltalake"},
            owners=OWNERS,
            code_version="1",
            metadata=table_metadata("app_evaluations"),
            description=description("app_evaluations", "Unchanged apps keep the verdicts they have."),
        ),
        "evaluator_controls": dg.AssetOut(
            kinds={"python", "deltalake"},
            owners=OWNERS,
            code_version="1",
            metadata=table_metadata("evaluator_controls"),
            description=description("evaluator_controls", "Controls decide whether the batch counts."),
        ),
    },
)
def evaluate_batch(
    context: dg.AssetExecutionContext,
    config: EvaluationConfig,
    home: Home,
    evaluators: EvaluatorFactory,
    progress: Progress,
    generated_apps: Table,
) -> tuple[Table, Table]:
    from eval_pipeline.evaluation.day import judge_day
    from eval_pipeline.storage.rows import app_of, frame, records

    settings = home.settings
    with evaluators.open() as evaluator, progress.stage("evaluate", context) as advance:
        day = judge_day(
            evaluator,
            context.partition_key,
            [app_of(row) for row in records(generated_apps)],
            home.artifacts,
            parallel=config.parallel_apps or settings.parallel_apps,
            timeout_seconds=config.timeout_seconds or settings.app_timeout_seconds,
            use_cache=not config.no_cache,
            advance=advance,
        )
    context.add_output_metadata(
        {
            "apps": len(day.evaluations),
            "from_cache": day.cached,
            "isolation": day.isolation,
            "outcomes": markdown_table(["metric", "pass", "fail", "unknown", "not applicable"], day.outcome_counts()),
        },
        output_name="app_evaluations",
    )
    context.add_output_metadata(
        {
            "right": day.controls_right,
            "total": len(day.controls),
            "verdicts": markdown_table(
                ["control", "metric", "expected", "given", "reason"],
                [[c.control, c.metric, c.expected, c.given, c.reason] for c in day.controls],
            ),
        },
        output_name="evaluator_controls",
    )
    return frame("app_evaluations", day.evaluation_rows()), frame("evaluator_controls", day.control_rows())


@dg.asset_check(
    asset="app_evaluations",
    blocking=True,
    description="Every generated row has its nine verdicts.",
)
def app_evaluations_are_complete(context: dg.AssetCheckExecutionContext, home: Home) -> dg.AssetCheckResult:
    from eval_pipeline.model import METRICS

    app_evaluations = rows_in_hand(context, home, "app_evaluations")
    generated_apps = rows_in_hand(context, home, "generated_apps")
    keys = ["date", "generator", "repeat", "prompt_id"]
    counts = app_evaluations.groupby(keys)["metric"].nunique()
    wanted = {tuple(row) for row in generated_apps[keys].itertuples(index=False)}
    short = sorted(map(str, (key for key in wanted if counts.get(key, 0) != len(METRICS))))
    return dg.AssetCheckResult(
        passed=not short,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"apps": len(wanted), "incomplete": ", ".join(short[:20]) or "none"},
    )


@dg.asset_check(asset="app_evaluations", description="At most 5 % of the verdicts are unknown.")
def few_verdicts_are_unknown(context: dg.AssetCheckExecutionContext, home: Home) -> dg.AssetCheckResult:
    app_evaluations = rows_in_hand(context, home, "app_evaluations")
    unknown = app_evaluations[app_evaluations["outcome"] == "unknown"]
    share = len(unknown) / max(1, len(app_evaluations))
    return dg.AssetCheckResult(
        passed=share <= 0.05,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "unknown_share": share,
            "threshold": 0.05,
            "unknown": markdown_table(
                ["app", "metric", "reason"], unknown[["app_name", "metric", "reason"]].values.tolist()
            ),
        },
    )


@dg.asset_check(asset="evaluator_controls", description="Every control app was judged as it should be.")
def controls_are_right(context: dg.AssetCheckExecutionContext, home: Home) -> dg.AssetCheckResult:
    evaluator_controls = rows_in_hand(context, home, "evaluator_controls")
    wrong = evaluator_controls[~evaluator_controls["is_right"].astype(bool)]
    return dg.AssetCheckResult(
        passed=len(wrong) == 0 and len(evaluator_controls) > 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "right": len(evaluator_controls) - len(wrong),
            "total": len(evaluator_controls),
            "wrong": markdown_table(
                ["control", "metric", "expected", "given", "reason"],
                wrong[["control", "metric", "expected", "given", "reason"]].values.tolist(),
            ),
        },
    )


@dg.asset(
    group_name="evaluation",
    partitions_def=daily,
    kinds={"json", "markdown", "deltalake"},
    owners=OWNERS,
    code_version="1",
    metadata=table_metadata("evaluation_report"),
    description=description("evaluation_report", "The report itself is a JSON file with a schema."),
)
def evaluation_report(
    context: dg.AssetExecutionContext,
    home: Home,
    generated_apps: Table,
    app_evaluations: Table,
    evaluator_controls: Table,
) -> Table:
    from eval_pipeline.reporting.day import report_day
    from eval_pipeline.storage.rows import frame, records

    written = report_day(
        context.partition_key,
        records(generated_apps),
        records(app_evaluations),
        records(evaluator_controls),
        home.settings,
        home.artifacts,
        run_id=context.run.run_id,
    )
    context.add_output_metadata(
        {
            "summary": dg.MetadataValue.md(written.summary_markdown),
            "report": dg.MetadataValue.path(str(home.artifacts.path(written.report_uri))),
            "changed": written.is_changed,
        }
    )
    return frame("evaluation_report", written.rows())


@dg.asset_check(asset=evaluation_report, description="Quality floors: EVAL_ALERT_MIN_SCORE, EVAL_ALERT_MIN_SUCCESS.")
def quality_is_above_its_floor(context: dg.AssetCheckExecutionContext, home: Home) -> dg.AssetCheckResult:
    settings = home.settings
    evaluation_report = rows_in_hand(context, home, "evaluation_report")
    low = evaluation_report[
        (evaluation_report["success_rate"] < settings.alert_min_success)
        | (evaluation_report["avg_appeval_100"] < settings.alert_min_score)
    ]
    return dg.AssetCheckResult(
        passed=len(low) == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "min_success": settings.alert_min_success,
            "min_score": settings.alert_min_score,
            "cohorts": markdown_table(
                ["generator", "repeat", "apps", "success", "low", "high", "score"],
                evaluation_report[
                    [
                        "generator",
                        "repeat",
                        "total_apps",
                        "success_rate",
                        "success_low",
                        "success_high",
                        "avg_appeval_100",
                    ]
                ].values.tolist(),
            ),
        },
    )

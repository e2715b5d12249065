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
        "evaluator_flakiness": dg.AssetOut(
            kinds={"python", "deltalake"},
            owners=OWNERS,
            code_version="1",
            metadata=table_metadata("evaluator_flakiness"),
            description=description("evaluator_flakiness", "A seeded 5 % of the apps, at least one."),
        ),
        "evaluator_crossovers": dg.AssetOut(
            kinds={"python", "deltalake"},
            owners=OWNERS,
            code_version="1",
            metadata=table_metadata("evaluator_crossovers"),
            description=description("evaluator_crossovers", "No rows while the evaluator stays the same."),
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
) -> tuple[Table, Table, Table, Table]:
    from eval_pipeline.evaluation.day import judge_day
    from eval_pipeline.storage.rows import app_of, frame, records

    settings = home.settings
    with evaluators.open(context) as evaluator, progress.stage("evaluate", context) as advance:
        day = judge_day(
            evaluator,
            context.partition_key,
            [app_of(row) for row in records(generated_apps)],
            settings,
            home.artifacts,
            home.tables,
            parallel=config.parallel_apps or settings.parallel_apps,
            timeout_seconds=config.timeout_seconds or settings.app_timeout_seconds,
            use_cache=not config.no_cache,
            advance=advance,
        )
    context.add_output_metadata(
        {
            "apps": len(day.evaluations),
            "from_cache": day.cached,
            "seconds": day.apps_seconds,
            "isolation": day.isolation,
            "outcomes": markdown_table(["metric", "pass", "fail", "unknown", "not applicable"], day.outcome_counts()),
        },
        output_name="app_evaluations",
    )
    verdicts = day.controls.verdicts
    context.add_output_metadata(
        {
            "right": day.controls_right,
            "wrong": sum(verdict.is_wrong for verdict in verdicts),
            "total": len(verdicts),
            "seconds": day.controls.seconds,
            "verdicts": markdown_table(
                ["control", "metric", "expected", "given", "reason"],
                [
                    [c.control, c.metric, c.expected, c.given, c.reason]
                    for c in sorted(verdicts, key=lambda c: c.is_right)
                ],
                limit=100,
            ),
        },
        output_name="evaluator_controls",
    )
    second_looks = day.flakiness_rows()
    context.add_output_metadata(
        {
            "apps": len(day.twice),
            "flips": sum(row["flipped"] for row in second_looks),
            "seconds": round(sum(look.second.seconds for look in day.twice), 3),
            "flipped": markdown_table(
                ["app", "metric", "first", "second"],
                [[r["app_name"], r["metric"], r["first"], r["second"]] for r in second_looks if r["flipped"]],
            ),
        },
        output_name="evaluator_flakiness",
    )
    crossover = day.crossover_rows()
    context.add_output_metadata(
        {
            "previous_date": day.earlier.date if day.earlier else "none: the evaluator is the same",
            "apps": len(day.earlier_again),
            "seconds": day.earlier_seconds,
            "changed": markdown_table(
                ["app", "metric", "then", "now"],
                [
                    [r["app_name"], r["metric"], r["outcome_then"], r["outcome_now"]]
                    for r in crossover
                    if r["outcome_then"] != r["outcome_now"]
                ],
            ),
        },
        output_name="evaluator_crossovers",
    )
    return (
        frame("app_evaluations", day.evaluation_rows()),
        frame("evaluator_controls", day.control_rows()),
        frame("evaluator_flakiness", second_looks),
        frame("evaluator_crossovers", crossover),
    )


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


@dg.asset_check(asset="evaluator_controls", description="No control app was judged wrong; an unknown is not wrong.")
def controls_are_right(context: dg.AssetCheckExecutionContext, home: Home) -> dg.AssetCheckResult:
    evaluator_controls = rows_in_hand(context, home, "evaluator_controls")
    is_right = evaluator_controls["is_right"].astype(bool)
    is_unknown = evaluator_controls["given"] == "unknown"
    wrong = evaluator_controls[~is_right & ~is_unknown]
    return dg.AssetCheckResult(
        passed=len(wrong) == 0 and len(evaluator_controls) > 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "right": int(is_right.sum()),
            "unknown": int(is_unknown.sum()),
            "total": len(evaluator_controls),
            "wrong": markdown_table(
                ["control", "metric", "expected", "given", "reason"],
                wrong[["control", "metric", "expected", "given", "reason"]].values.tolist(),
            ),
        },
    )


@dg.asset_check(
    asset="evaluator_flakiness", description="No metric's verdicts flip above 1 %, by the lower end of the interval."
)
def verdicts_do_not_flip(context: dg.AssetCheckExecutionContext, home: Home) -> dg.AssetCheckResult:
    from eval_pipeline.reporting.day import flakiness_of

    date = context.run.tags.get("dagster/partition") or max(home.tables.dates("evaluator_flakiness"), default=None)
    found = flakiness_of(date, home.tables) if date else None
    rates = found.metrics if found else {}
    return dg.AssetCheckResult(
        passed=not (found and found.flagged),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "flip_rates": markdown_table(
                ["metric", "flips", "n", "unknown", "low", "high", "flaky"],
                [[m, r.flips, r.n, r.unknown, r.low, r.high, "yes" if r.is_flagged else ""] for m, r in rates.items()],
            )
        },
    )


@dg.asset(
    group_name="evaluation",
    partitions_def=daily,
    deps=["evaluator_flakiness"],
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
    evaluator_crossovers: Table,
) -> Table:
    from eval_pipeline.reporting.day import flakiness_of, report_day
    from eval_pipeline.reporting.figures import crossover_sentence
    from eval_pipeline.storage.rows import frame, records

    written = report_day(
        context.partition_key,
        records(generated_apps),
        records(app_evaluations),
        records(evaluator_controls),
        home.settings,
        home.artifacts,
        run_id=context.run.run_id,
        flakiness=flakiness_of(context.partition_key, home.tables),
        crossover_rows=records(evaluator_crossovers),
    )
    change = written.report.crossover
    context.add_output_metadata(
        {
            "quarantined": written.report.controls.quarantined,
            "change": crossover_sentence(change) if change else "none: the evaluator is the same",
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
    # Figures of a quarantined day may be the evaluator's doing: controls_are_right is the check that speaks.
    evaluation_report = evaluation_report[~evaluation_report["quarantined"].fillna(False).astype(bool)]
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

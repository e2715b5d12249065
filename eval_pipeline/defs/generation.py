"""Stage 2: the day's apps, a cohort per generator and repeat."""

import dagster as dg

from eval_pipeline.defs.common import OWNERS, Table, daily, description, markdown_table, rows_in_hand, table_metadata
from eval_pipeline.defs.config import GenerationConfig
from eval_pipeline.resources.home import Home
from eval_pipeline.resources.progress import Progress


@dg.asset(
    group_name="generation",
    partitions_def=daily,
    kinds={"typescript", "deltalake"},
    owners=OWNERS,
    code_version="1",
    pool="llm",
    metadata=table_metadata("generated_apps"),
    description=description("generated_apps", "Apps that exist are kept unless `force` is set."),
)
def generated_apps(
    context: dg.AssetExecutionContext,
    config: GenerationConfig,
    home: Home,
    progress: Progress,
    daily_prompts: Table,
) -> Table:
    from eval_pipeline.generation.day import GenerationPlan, generate_day
    from eval_pipeline.storage.rows import app_of, app_row, frame, prompt_of, records

    settings = home.settings
    prompt_rows = records(daily_prompts)
    identity = {key: prompt_rows[0][key] for key in ("prompt_set_version", "prompt_set_hash")}
    before = home.tables.read("generated_apps", [context.partition_key])
    plan = GenerationPlan(
        date=context.partition_key,
        generators=tuple(config.generators) or settings.generators,
        repeats=config.repeats or settings.repeats,
        prompt_ids=tuple(config.prompt_ids),
        max_apps=config.max_apps or settings.max_apps,
        model=config.model,
        budget_usd=config.budget_usd,
        force=config.force,
    )
    with progress.stage("generate", context) as advance:
        apps = generate_day(
            plan,
            [prompt_of(row) for row in prompt_rows],
            [app_of(row) for row in records(before)],
            settings,
            home.artifacts,
            advance,
        )
    failed = [app for app in apps if app.status != "generated"]
    context.add_output_metadata(
        {
            "generated": len(apps) - len(failed),
            "not_generated": len(failed),
            "cohorts": ", ".join(sorted({str(app.cohort) for app in apps})),
            "apps": markdown_table(
                ["app", "cohort", "status", "code", "prompt"],
                [[a.app_name, a.cohort, a.status, a.failure_code, a.prompt.text] for a in apps],
            ),
        }
    )
    return frame("generated_apps", [app_row(app) | identity for app in apps])


@dg.asset_check(
    asset=generated_apps,
    blocking=True,
    description="Every row of a generated app has its sources in the store; keys are unique.",
)
def generated_apps_are_complete(context: dg.AssetCheckExecutionContext, home: Home) -> dg.AssetCheckResult:
    generated_apps = rows_in_hand(context, home, "generated_apps")
    made = generated_apps[generated_apps["status"] == "generated"]
    missing = sorted(uri for uri in made["app_uri"].dropna() if not home.artifacts.exists(uri))
    keys = ["date", "generator", "repeat", "prompt_id"]
    duplicated = int(generated_apps.duplicated(keys).sum())
    return dg.AssetCheckResult(
        passed=not missing and not duplicated and len(generated_apps) > 0,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "apps": len(generated_apps),
            "sources_missing": ", ".join(missing[:20]) or "none",
            "duplicated": duplicated,
        },
    )


@dg.asset_check(asset=generated_apps, description="At least 80 % of the prompts became apps.")
def most_prompts_became_apps(context: dg.AssetCheckExecutionContext, home: Home) -> dg.AssetCheckResult:
    generated_apps = rows_in_hand(context, home, "generated_apps")
    tried = generated_apps[generated_apps["status"] != "not_tried"]
    made = int((tried["status"] == "generated").sum())
    return dg.AssetCheckResult(
        passed=made >= 0.8 * len(tried),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"generated": made, "tried": len(tried), "threshold": 0.8},
    )

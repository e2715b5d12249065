"""Jobs: the whole loop, and one for each part that a person runs alone."""

import dagster as dg

DAILY_STAGES = ("prompt_sets", "generation", "evaluation", "publishing", "alerting", "improvement")


jobs = [
    dg.define_asset_job(
        "daily_loop", dg.AssetSelection.groups(*DAILY_STAGES), description="All six stages for one date."
    ),
    dg.define_asset_job(
        "prompts_only",
        dg.AssetSelection.groups("prompt_sets"),
        description="Selects the day's prompts again; nothing is made or judged.",
    ),
    dg.define_asset_job(
        "generate_only",
        dg.AssetSelection.groups("prompt_sets", "generation"),
        description="The day's prompts and apps, not judged yet.",
    ),
    dg.define_asset_job(
        "evaluate_only",
        dg.AssetSelection.groups("evaluation"),
        description="Judges existing apps again and rewrites the report; the common backfill.",
    ),
    dg.define_asset_job(
        "publish_only",
        dg.AssetSelection.groups("publishing"),
        description="Publishes the stored report again: repository, MLflow, time series, dashboard.",
    ),
    dg.define_asset_job(
        "alert_only", dg.AssetSelection.groups("alerting"), description="The day's alerts from the stored reports."
    ),
    dg.define_asset_job(
        "improve_only", dg.AssetSelection.groups("improvement"), description="Patterns and issues from stored verdicts."
    ),
]

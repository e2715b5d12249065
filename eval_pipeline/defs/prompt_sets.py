"""Stage 1: the day's prompts."""

import dagster as dg

from eval_pipeline.defs.common import OWNERS, Table, daily, description, markdown_table, rows_in_hand, table_metadata
from eval_pipeline.resources.home import Home


@dg.asset(
    group_name="prompt_sets",
    partitions_def=daily,
    kinds={"json", "deltalake"},
    owners=OWNERS,
    code_version="1",
    metadata=table_metadata("daily_prompts"),
    description=description(
        "daily_prompts", "The panel is asked every day; the rotation is a pure function of the date."
    ),
)
def daily_prompts(context: dg.AssetExecutionContext, home: Home) -> Table:
    from eval_pipeline.prompt_sets import load_prompt_set, select_prompts
    from eval_pipeline.storage.rows import frame, prompt_row

    prompt_set = load_prompt_set(home.settings.prompts_file)
    prompts = select_prompts(prompt_set, context.partition_key)
    context.add_output_metadata(
        {
            "prompt_set_version": prompt_set.version,
            "prompt_set_hash": prompt_set.hash,
            "prompts": markdown_table(
                ["id", "panel", "category", "complexity", "text"],
                [[p.id, "yes" if p.panel else "", p.category, p.complexity, p.text] for p in prompts],
            ),
        }
    )
    return frame(
        "daily_prompts",
        [
            {
                "date": context.partition_key,
                "position": position,
                **prompt_row(prompt),
                "prompt_set_version": prompt_set.version,
                "prompt_set_hash": prompt_set.hash,
            }
            for position, prompt in enumerate(prompts, start=1)
        ],
    )


@dg.asset_check(
    asset=daily_prompts, blocking=True, description="The day has prompts, the panel is whole, ids are unique."
)
def daily_prompts_are_complete(context: dg.AssetCheckExecutionContext, home: Home) -> dg.AssetCheckResult:
    from eval_pipeline.prompt_sets import load_prompt_set

    daily_prompts = rows_in_hand(context, home, "daily_prompts")
    panel = {prompt.id for prompt in load_prompt_set(home.settings.prompts_file).prompts if prompt.panel}
    missing = sorted(panel - set(daily_prompts["prompt_id"]))
    duplicates = sorted(daily_prompts["prompt_id"][daily_prompts["prompt_id"].duplicated()])
    return dg.AssetCheckResult(
        passed=not missing and not duplicates and len(daily_prompts) > 0,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "prompts": len(daily_prompts),
            "panel_missing": ", ".join(missing) or "none",
            "duplicated": ", ".join(duplicates) or "none",
        },
    )

"""Stage 5: alerts on the day's quality."""

import dagster as dg

from eval_pipeline.defs.common import OWNERS, Table, daily, description, markdown_table, table_metadata
from eval_pipeline.resources.home import Home


@dg.asset(
    group_name="alerting",
    partitions_def=daily,
    deps=["evaluation_report"],
    kinds={"python", "deltalake"},
    owners=OWNERS,
    code_version="1",
    metadata=table_metadata("quality_alerts"),
    description=description("quality_alerts", "A past date's alerts are stored; only the newest date's are delivered."),
)
def quality_alerts(context: dg.AssetExecutionContext, home: Home) -> Table:
    from eval_pipeline.alerting.day import alert_day
    from eval_pipeline.storage.rows import frame

    alerts = alert_day(context.partition_key, home.settings, home.artifacts)
    context.add_output_metadata(
        {
            "alerts": markdown_table(
                ["rule", "severity", "generator", "status", "message"],
                [[a["rule"], a["severity"], a["generator"], a["status"], a["message"]] for a in alerts],
            )
        }
    )
    return frame("quality_alerts", alerts)

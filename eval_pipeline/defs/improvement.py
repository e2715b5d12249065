"""Stage 6: failures that apps share, and an issue for each that matters."""

import dagster as dg

from eval_pipeline.defs.common import OWNERS, Table, description, markdown_table, table_metadata
from eval_pipeline.resources.home import Home


@dg.asset(
    group_name="improvement",
    deps=["app_evaluations", "evaluation_report"],
    kinds={"python", "deltalake"},
    owners=OWNERS,
    code_version="1",
    pool="improve",
    metadata=table_metadata("failure_patterns"),
    description=description("failure_patterns", "Over a window of EVAL_PATTERN_WINDOW_DAYS days."),
)
def failure_patterns(context: dg.AssetExecutionContext, home: Home) -> Table:
    from eval_pipeline.improvement.day import find_patterns
    from eval_pipeline.storage.rows import frame

    patterns = find_patterns(home.settings, home.tables)
    context.add_output_metadata(
        {
            "patterns": markdown_table(
                ["fingerprint", "metric", "code", "apps", "first", "last"],
                [
                    [
                        p["fingerprint"],
                        p["metric"],
                        p["failure_code"],
                        p["apps"],
                        p["first_seen"],
                        p["last_seen"],
                    ]
                    for p in patterns
                ],
            )
        }
    )
    return frame("failure_patterns", patterns)


@dg.asset(
    group_name="improvement",
    kinds={"markdown", "deltalake"},
    owners=OWNERS,
    code_version="1",
    pool="improve",
    metadata=table_metadata("improvement_issues"),
    description=description("improvement_issues", "Found or updated by fingerprint, never doubled."),
)
def improvement_issues(context: dg.AssetExecutionContext, home: Home, failure_patterns: Table) -> Table:
    from eval_pipeline.improvement.day import file_issues
    from eval_pipeline.storage.rows import frame, records

    issues = file_issues(records(failure_patterns), home.settings, home.artifacts)
    context.add_output_metadata(
        {
            "issues": markdown_table(
                ["fingerprint", "title", "apps", "state"],
                [[i["fingerprint"], i["title"], i["apps"], i["state"]] for i in issues],
            )
        }
    )
    return frame("improvement_issues", issues)

"""Small changes of a Databricks syntax tree that sqlglot's DuckDB generator does not make.

One function for one difference, each takes a node and gives the node to use instead; `TRANSFORMS` lists them in order.
Functions that DuckDB merely lacks are macros instead (`macros.py`).
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from eval_pipeline.workspace.sql.transforms import dates, numbers, rows, texts

TRANSFORMS: tuple[Callable[[exp.Expr], exp.Expr], ...] = (
    dates.timestamps_are_utc,
    dates.now_is_utc,
    numbers.limits_are_numbers,
    dates.last_day_of_text,
    texts.null_tests_are_operators,
    texts.type_names_cast,
    texts.text_functions_take_anything,
    dates.dates_plus_intervals_are_dates,
    numbers.try_divide_gives_null,
    numbers.division_by_zero_fails,
    dates.trunc_gives_a_date,
    dates.date_arithmetic_keeps_dates,
    dates.dates_of_text,
    dates.weekdays_are_counted_as_databricks_does,
    dates.epoch_of_timestamps,
    numbers.percentile_interpolates,
    numbers.approx_percentile_is_exact,
    numbers.approx_distinct_is_exact,
    texts.concat_with_null_is_null,
    rows.range_has_an_id,
    rows.stack_is_a_list_of_rows,
    rows.exists_with_a_lambda,
    texts.json_paths_give_text,
    dates.calendar_parts_are_ints,
)


def transform(tree: exp.Expr) -> exp.Expr:
    """Applies every transform to every node, parents after children.

    Raises:
        SqlError: a form that cannot be run here.
    """
    for node in reversed(list(tree.walk(bfs=True))):
        current = node
        for change in TRANSFORMS:
            replacement = change(current)
            if replacement is not current:
                if current is tree:
                    tree = replacement
                else:
                    current.replace(replacement)
                current = replacement
    return tree

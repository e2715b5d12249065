"""Which functions exist on Databricks: others fail with UNRESOLVED_ROUTINE even where DuckDB has them.

Without this an app could pass here with `strftime` and fail on a real warehouse. Names that sqlglot reads as a typed
function are not listed; `SERVED` run as they are in DuckDB or by a macro, `KNOWN` exist on Databricks but not here.
"""

from __future__ import annotations

from sqlglot import exp

from eval_pipeline.workspace.sql.errors import unresolved_routine, unsupported
from eval_pipeline.workspace.sql.macros import MACROS
from eval_pipeline.workspace.sql.names import Scope


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SERVED = frozenset(macro.split("(", 1)[0].lower() for macro in MACROS) | _words(
    """
    array_append array_contains array_except array_intersect array_join array_max array_min array_position
    array_prepend array_remove array_size array_sort array_union arrays_overlap ascii bit_count bit_length btrim
    bround cardinality cbrt ceiling char char_length charindex chr concat_ws contains cosh cot current_catalog
    current_database current_schema current_timezone current_user day dayname dayofmonth degrees e encode
    endswith error every exists factorial find_in_set flatten format_number format_string forall gcd getbit
    greatest grouping_id hash hex hypot ifnull in_range initcap instr isnan isnotnull isnull kurtosis last_day
    lcase lcm left len length levenshtein ln locate log10 log1p log2 lower lpad ltrim make_date make_timestamp
    map_concat map_entries map_from_arrays map_from_entries map_keys map_values md5 mean monthname mod negative
    next_day now nullif octet_length pi pmod position positive pow power printf quarter radians rand random
    regexp regexp_like regexp_replace repeat replace reverse right rint rlike round row_number rtrim sec
    session_user sha sha1 sha2 shiftleft shiftright sign sin sinh skewness slice some sort_array space split
    split_part sqrt stack startswith std string strpos struct substr substring tan tanh to_base64 to_hex
    translate trim trunc try_add try_cast try_divide try_multiply try_subtract ucase unhex unix_date unix_millis
    unix_seconds upper user uuid version weekday width_bucket year zeroifnull array_distinct array_compact nvl
    nvl2 signum regr_slope regr_intercept regr_r2 covar_pop covar_samp bit_and bit_or bit_xor bool_and bool_or
    nullifzero equal_null date_from_unix_date timestamp_seconds timestamp_millis bigint binary boolean date
    decimal double float int smallint timestamp tinyint
    """
)
KNOWN = _words(
    """
    aes_decrypt aes_encrypt aggregate ai_analyze_sentiment ai_classify ai_extract ai_forecast ai_gen ai_query
    ai_similarity ai_summarize approx_top_k array_insert array_repeat arrays_zip assert_true asinh atanh acosh
    base64 bin bitmap_bit_position bitmap_bucket_number bitmap_construct_agg bitmap_count bitmap_or_agg
    cloud_files_state conv convert_timezone count_min_sketch crc32 csc cube curdate current_metastore
    current_recipient current_version decode elt event_log explode_outer expm1 from_csv from_json
    from_utc_timestamp from_xml get h3_boundaryasgeojson histogram_numeric http_request inline inline_outer
    input_file_name is_account_group_member is_member java_method json_array_length json_object_keys json_tuple
    list_secrets luhn_check make_dt_interval make_interval make_timestamp_ltz make_timestamp_ntz
    make_ym_interval map_contains_key map_filter map_zip_with mask monotonically_increasing_id parse_json
    parse_url posexplode_outer raise_error randn randstr read_files reduce reflect regexp_count
    regexp_extract_all regexp_instr regexp_substr regr_avgx regr_avgy regr_count regr_sxx regr_sxy regr_syy
    remote_query schema_of_json schema_of_variant secret sentences session_window sequence shuffle soundex
    spark_partition_id sql_keywords str_to_map table_changes theta_sketch_agg timestamp_micros to_binary to_char
    to_csv to_json to_number to_utc_timestamp to_varchar to_variant_object to_xml transform_keys
    transform_values try_aes_decrypt try_avg try_element_at try_mod try_parse_json try_reflect try_secret
    try_sum try_to_binary try_to_number try_to_timestamp try_url_decode try_variant_get typeof unbase64
    unix_micros url_decode url_encode validate_utf8 variant_explode variant_get vector_search window window_time
    xpath xpath_string xxhash64 zip_with
    """
)


def check_functions(tree: exp.Expr) -> None:
    """Raises SqlError for a function that Databricks does not have, or has and we do not."""
    for call in tree.find_all(exp.Anonymous):
        name = call.name.lower()
        if isinstance(call.parent, exp.Table):
            continue
        if isinstance(call.parent, exp.Dot) and call.arg_key == "expression":
            raise unresolved_routine(call.parent.sql(dialect="databricks")[:100])
        if name in SERVED:
            continue
        if name in KNOWN:
            raise unsupported(f"the function {name}")
        raise unresolved_routine(name[:100])


def answer_about_session(tree: exp.Expr, scope: Scope) -> exp.Expr:
    """Replaces `current_catalog()`, `current_user()` and their kind by what they stand for."""
    answers = {
        "current_catalog": scope.catalog,
        "current_database": scope.schema,
        "current_schema": scope.schema,
        "current_user": "app@example.com",
        "session_user": "app@example.com",
        "user": "app@example.com",
        "current_timezone": "Etc/UTC",
        "version": "4.0.0 0000000000000000000000000000000000000000",
    }
    for call in list(tree.find_all(exp.Func)):
        name = call.name.lower() if isinstance(call, exp.Anonymous) else call.sql_name().lower()
        if name in answers and call is not tree:
            call.replace(exp.Literal.string(answers[name]))
    return tree

"""Databricks' functions that DuckDB lacks, as DuckDB macros; created in every session's database."""

from __future__ import annotations

MACROS = (
    "pmod(a, b) AS ((a % b) + b) % b",
    "substring_index(s, d, n) AS CASE WHEN n > 0 THEN array_to_string(string_split(s, d)[1:n], d)"
    " WHEN n < 0 THEN array_to_string(string_split(s, d)[greatest(1, len(string_split(s, d)) + n + 1):], d)"
    " ELSE '' END",
    "bround(x, d := 0) AS round_even(x, d)",
    "format_number(x, d) AS CASE WHEN x IS NULL THEN NULL ELSE format('{:,.' || d || 'f}', x::DOUBLE) END",
    "width_bucket(x, low, high, n) AS CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1"
    " ELSE 1 + floor((x - low) * n / (high - low))::BIGINT END",
    "try_add(a, b) AS a + b",
    "try_subtract(a, b) AS a - b",
    "try_multiply(a, b) AS a * b",
    "try_to_number(s, f) AS try_cast(replace(replace(s, ',', ''), '$', '') AS DECIMAL(38, 6))",
    "nvl2(a, b, c) AS CASE WHEN a IS NULL THEN c ELSE b END",
    "rint(x) AS round_even(x, 0)",
    "array_size(x) AS len(x)",
    "element_at(x, i) AS x[i]",
    "timestamp_seconds(x) AS make_timestamp((x * 1000000)::BIGINT)",
    "timestamp_millis(x) AS make_timestamp((x * 1000)::BIGINT)",
    "unix_seconds(x) AS epoch(x)::BIGINT",
    "unix_millis(x) AS epoch_ms(x)",
    "unix_date(x) AS (x - DATE '1970-01-01')::INT",
    "date_from_unix_date(x) AS DATE '1970-01-01' + x::INT",
    "space(n) AS repeat(' ', n)",
    "charindex(a, b) AS strpos(b, a)",
    "btrim(x) AS trim(x)",
    "next_day(d, name) AS (d::DATE + 1 + ((list_position(['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'], lower(name[1:2]))"
    " - isodow(d::DATE + 1) + 7) % 7)::INT)::DATE",
    "try_to_timestamp(s) AS try_cast(s AS TIMESTAMP)",
    "try_to_date(s) AS try_cast(s AS DATE)",
    "zeroifnull(x) AS coalesce(x, 0)",
    "nullifzero(x) AS nullif(x, 0)",
    "equal_null(a, b) AS a IS NOT DISTINCT FROM b",
    "array_compact(x) AS list_filter(x, lambda v : v IS NOT NULL)",
    "signum(x) AS sign(x)",
    "regexp_count(s, p) AS len(regexp_extract_all(s, p))",
    "regexp_substr(s, p) AS nullif(regexp_extract(s, p), '')",
)

"""Arbitrary text, from the wire to DuckDB: an answer in Databricks' form, never an internal error."""

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from eval_pipeline_tests.workspace.conftest import STATEMENTS

TEXT = """
select from where group by all having order limit with as ( ) , * + - / % 'a' "b" `c` 1 0 null true :p ? ; -- /* */
samples.tpch.nation n_name sum count explode stack range lateral view pivot values union case when end cast int \x00
interval date '2024-01-01' trunc date_format array map struct [ ] { } -> :: == <=> é 𝕏 describe show use
"""
WORDS = st.sampled_from(TEXT.split())
SETTINGS = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@SETTINGS
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=25).map(" ".join)))
@example("select {fn x}")
@example("select trunc()")
@example("select stack()")
@example("select cast(1 as")
@example("SELECT date_add()")
@example("select '\x00'")
def test_any_statement_succeeds_or_fails_but_never_breaks(shared_client, sql):
    body = {"statement": sql, "warehouse_id": shared_client.session.warehouse_id}
    status, answer = shared_client.send("POST", STATEMENTS, body)
    assert status in (200, 400)
    if status == 200:
        assert answer["status"]["state"] in ("SUCCEEDED", "FAILED")
        assert answer["status"].get("error", {}).get("error_code", "BAD_REQUEST") == "BAD_REQUEST"


@SETTINGS
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "statement",
                "warehouse_id",
                "parameters",
                "row_limit",
                "wait_timeout",
                "on_wait_timeout",
                "catalog",
                "format",
                "disposition",
                "session_id",
            ]
        ),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "value", "type"]), inner)
            ),
            max_leaves=6,
        ),
    )
)
def test_any_body_is_answered(shared_client, fields):
    body = {"statement": "SELECT 1", "warehouse_id": shared_client.session.warehouse_id, **fields}
    status, answer = shared_client.send("POST", STATEMENTS, body)
    assert status in (200, 400, 404), answer


@SETTINGS
@given(st.binary(max_size=300))
def test_any_bytes_are_answered(shared_client, body):
    assert shared_client.send("POST", STATEMENTS, body)[0] in (400, 404)
    assert shared_client.send("POST", "/oidc/v1/token", body)[0] in (400, 401)

"""The sample catalogs: relations hold, shapes are sensible, seeds matter."""

import pytest

from eval_pipeline.workspace import DATASETS
from eval_pipeline_tests.workspace.conftest import Client

KEYS = [
    ("tpch.nation", "n_regionkey", "tpch.region", "r_regionkey"),
    ("tpch.customer", "c_nationkey", "tpch.nation", "n_nationkey"),
    ("tpch.supplier", "s_nationkey", "tpch.nation", "n_nationkey"),
    ("tpch.orders", "o_custkey", "tpch.customer", "c_custkey"),
    ("tpch.lineitem", "l_orderkey", "tpch.orders", "o_orderkey"),
    ("tpch.lineitem", "l_partkey", "tpch.part", "p_partkey"),
    ("tpch.lineitem", "l_suppkey", "tpch.supplier", "s_suppkey"),
    ("tpch.partsupp", "ps_partkey", "tpch.part", "p_partkey"),
    ("tpch.partsupp", "ps_suppkey", "tpch.supplier", "s_suppkey"),
    ("bakehouse.sales_transactions", "customerID", "bakehouse.sales_customers", "customerID"),
    ("bakehouse.sales_transactions", "franchiseID", "bakehouse.sales_franchises", "franchiseID"),
    ("bakehouse.sales_franchises", "supplierID", "bakehouse.sales_suppliers", "supplierID"),
    ("bakehouse.media_customer_reviews", "franchiseID", "bakehouse.sales_franchises", "franchiseID"),
]
UNIQUE = [
    ("tpch.orders", "o_orderkey"),
    ("tpch.lineitem", "l_orderkey, l_linenumber"),
    ("tpch.partsupp", "ps_partkey, ps_suppkey"),
    ("tpch.customer", "c_custkey"),
    ("bakehouse.sales_transactions", "transactionID"),
    ("bakehouse.sales_customers", "customerID"),
    ("bakehouse.media_gold_reviews_chunked", "chunk_id"),
]


@pytest.fixture(scope="module", params=[1, 2, 987654321])
def any_seed(workspace, request):
    with workspace.open_session("data", seed=request.param) as session:
        yield Client(workspace.http_url, session)


def test_foreign_keys_hold_whatever_the_seed(any_seed):
    for table, column, target, key in KEYS:
        sql = f"SELECT count(*) FROM samples.{table} LEFT ANTI JOIN samples.{target} t ON {column} = t.{key}"
        sql = sql.replace(f"ON {column}", f"ON {table.split('.')[1]}.{column}")
        assert any_seed.rows(sql) == [["0"]], (table, column)
    assert any_seed.rows(
        "SELECT count(*) FROM samples.tpch.lineitem LEFT ANTI JOIN samples.tpch.partsupp"
        " ON l_partkey = ps_partkey AND l_suppkey = ps_suppkey"
    ) == [["0"]]


def test_keys_are_unique_whatever_the_seed(any_seed):
    for table, key in UNIQUE:
        assert any_seed.rows(f"SELECT count(*) - count(DISTINCT {key}) FROM samples.{table}") == [["0"]], table


def test_no_table_is_empty_or_large_and_no_value_is_missing(any_seed):
    for name, dataset in DATASETS.items():
        nulls = " + ".join(f"count_if(`{column.name}` IS NULL)" for column in dataset.columns)
        count, missing = any_seed.rows(f"SELECT count(*), {nulls} FROM {name}")[0]
        # Under a chunk of the API: apps that ask for a whole table get it in one answer.
        assert 5 <= int(count or 0) < 10_000, name
        assert missing == "0", name


def test_a_bare_count_of_facts_tells_one_seed_from_another(workspace):
    facts = ("nyctaxi.trips", "bakehouse.sales_transactions", "tpch.orders", "tpch.lineitem")
    counts: dict[str, set[int]] = {name: set() for name in (*facts, "tpch.nation", "tpch.region")}
    for seed in range(10):
        with workspace.open_session("data", seed=seed) as session:
            client = Client(workspace.http_url, session)
            for name, found in counts.items():
                found.add(int(client.rows(f"SELECT count(*) FROM samples.{name}")[0][0] or 0))
    for name in facts:
        assert min(counts[name]) >= 1000 and max(counts[name]) < 10_000, name
        assert len(counts[name]) == 10, name
        assert max(counts[name]) > 1.3 * min(counts[name]), name
    assert counts["tpch.nation"] == {25}
    assert counts["tpch.region"] == {5}


def test_order_prices_are_those_of_their_lines(any_seed):
    assert any_seed.rows(
        "SELECT count(*) FROM samples.tpch.orders JOIN (SELECT l_orderkey k, sum(l_extendedprice * (1 + l_tax) *"
        " (1 - l_discount)) p FROM samples.tpch.lineitem GROUP BY 1) ON k = o_orderkey"
        " WHERE abs(p - o_totalprice) > 0.01"
    ) == [["0"]]


def test_charts_have_a_shape(any_seed):
    hours = [
        int(row[1] or 0)
        for row in any_seed.rows(
            "SELECT hour(tpep_pickup_datetime), count(*) FROM samples.nyctaxi.trips GROUP BY 1 ORDER BY 1"
        )
    ]
    assert len(hours) == 24
    assert max(hours[18:21]) > 3 * max(hours[3:5])
    fares = any_seed.rows("SELECT corr(trip_distance, fare_amount), min(fare_amount) > 2 FROM samples.nyctaxi.trips")[0]
    assert float(fares[0] or 0) > 0.9
    assert fares[1] == "true"
    months = any_seed.rows(
        "SELECT date_trunc('month', dateTime), sum(totalPrice) FROM samples.bakehouse.sales_transactions GROUP BY 1"
    )
    assert len(months) == 6
    segments = any_seed.rows("SELECT c_mktsegment, count(*) c FROM samples.tpch.customer GROUP BY 1 ORDER BY c")
    assert len(segments) == 5
    assert int(segments[-1][1] or 0) > 1.5 * int(segments[0][1] or 0)


def test_categories_are_the_same_under_every_seed(workspace):
    questions = (
        "SELECT DISTINCT paymentMethod FROM samples.bakehouse.sales_transactions ORDER BY 1",
        "SELECT DISTINCT product FROM samples.bakehouse.sales_transactions ORDER BY 1",
        "SELECT DISTINCT country FROM samples.bakehouse.sales_franchises ORDER BY 1",
        "SELECT DISTINCT l_shipmode FROM samples.tpch.lineitem ORDER BY 1",
        "SELECT DISTINCT o_orderpriority FROM samples.tpch.orders ORDER BY 1",
        "SELECT n_name FROM samples.tpch.nation ORDER BY 1",
    )
    found = []
    for seed in (21, 22):
        with workspace.open_session("data", seed=seed) as session:
            client = Client(workspace.http_url, session)
            found.append([client.rows(sql) for sql in questions])
    assert found[0] == found[1]


def test_aggregates_of_two_seeds_are_hardly_ever_equal_by_chance(workspace):
    sql = (
        "SELECT count(*), round(avg(fare_amount), 2), sum(fare_amount), max(trip_distance) FROM samples.nyctaxi.trips"
        " UNION ALL SELECT count(*), round(avg(totalPrice), 2), sum(totalPrice), sum(quantity)"
        " FROM samples.bakehouse.sales_transactions"
        " UNION ALL SELECT count(*), round(avg(o_totalprice), 2), sum(o_totalprice), max(o_totalprice)"
        " FROM samples.tpch.orders"
    )
    cells = []
    for seed in range(8):
        with workspace.open_session("data", seed=seed) as session:
            cells.append([cell for row in Client(workspace.http_url, session).rows(sql) for cell in row])
    pairs = [(a, b) for a in range(8) for b in range(a)]
    equal = sum(x == y for a, b in pairs for x, y in zip(cells[a], cells[b], strict=True))
    assert equal <= 0.02 * len(pairs) * len(cells[0])

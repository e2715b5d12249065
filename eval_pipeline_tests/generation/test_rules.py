"""What the template generator makes of people's words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.generation.template.build import build_spec
from eval_pipeline.generation.template.spec import AppSpec
from eval_pipeline.generation.template.subjects import SUBJECTS
from eval_pipeline.generation.template.words import Words
from eval_pipeline.model import Prompt
from eval_pipeline.workspace import DATASETS
from eval_pipeline_tests.generation.conftest import BY_ID, PROMPTS

BAKERY = ("samples.bakehouse.sales_transactions", "samples.bakehouse.sales_franchises")
TAXI = ("samples.nyctaxi.trips",)
ORDERS = ("samples.tpch.orders", "samples.tpch.customer", "samples.tpch.nation", "samples.tpch.region")


def spec(text: str, datasets: tuple[str, ...] = TAXI, complexity: str = "medium") -> AppSpec:
    fields = {"id": "p-1", "text": text, "category": "trends", "complexity": complexity, "panel": True}
    return build_spec(Prompt.model_validate({**fields, "datasets": datasets}), "p-1")


def kinds(found: AppSpec) -> list[str]:
    return [chart.kind for chart in found.charts]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("trips over time", "line"),
        ("share of trips by weekday", "pie"),
        ("heat map of trips", "heat"),
        ("average fare against distance", "scatter"),
        ("total fares stacked by distance band, per week", "area"),
        ("rank the pickup zips by trips", "bar"),
    ],
)
def test_a_word_for_a_kind_of_chart_brings_that_chart_first(text: str, kind: str) -> None:
    assert kinds(spec(text))[0] == kind


@pytest.mark.parametrize(
    ("text", "grain"),
    [("daily trips", "day"), ("trips per week", "week"), ("monthly fares", "month"), ("trips each quarter", "quarter")],
)
def test_a_word_for_a_period_sets_the_grain(text: str, grain: str) -> None:
    found = spec(text)
    assert found.grain == grain
    assert f"DATE_TRUNC('{grain.upper()}'" in found.charts[0].query.outputs[0].sql


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("average taxi fare", "average_fare"),
        ("the fare, in total", "fares"),
        ("fare per mile", "fare_per_mile"),
        ("do long trips cost more? fare per mile, price per mile", "fare_per_mile"),
    ],
)
def test_the_longest_phrase_is_what_counts(text: str, first: str) -> None:
    assert spec(text).kpis.outputs[0].name == first


def test_each_word_is_read_once() -> None:
    """Else the fare of "average fare" would also ask for the total, before the trips that every taxi app shows."""
    assert [kpi.name for kpi in spec("average taxi fare").kpis.outputs][:3] == ["average_fare", "trips", "fares"]


def test_what_is_named_beside_a_word_of_choosing_is_a_filter_even_if_it_is_long() -> None:
    names = [item.label for item in spec("trips per day, filter by dropoff zip").filters]
    assert "Drop-off ZIP" in names


def test_a_minimum_brings_a_number_to_fill_in() -> None:
    assert [item.kind for item in spec("trips, at least some miles").filters].count("number") == 1
    assert "number" not in [item.kind for item in spec("trips").filters]


def test_top_n_limits_the_bars_and_the_least_come_first_when_asked() -> None:
    most = spec("top 7 nations by order value", ORDERS).charts[0].query
    assert (most.limit, most.order_by[0].descending) == (7, True)
    assert not spec("nations with the lowest order value", ORDERS).charts[0].query.order_by[0].descending


def test_asking_for_rows_gives_rows_and_not_groups() -> None:
    assert spec("list the individual sales", BAKERY).table.query.group_by == ()
    assert spec("sales by product", BAKERY).table.query.group_by == ("product",)


def test_hours_and_weekdays_keep_their_own_order() -> None:
    query = spec("average fare by weekday").charts[0].query
    assert query.order_by[0].expression == "MIN((DAYOFWEEK(t.tpep_pickup_datetime) + 5) % 7)"


def test_tables_that_the_prompt_does_not_name_are_not_read() -> None:
    alone = spec("revenue by country and product", BAKERY[:1])
    assert alone.tables == BAKERY[:1]
    assert set(spec("revenue by country", BAKERY).tables) == set(BAKERY)


def test_the_subject_follows_the_words_among_the_tables_named() -> None:
    both = (*ORDERS, "samples.tpch.lineitem")
    assert spec("late deliveries by ship mode", both).subject == "Shipments"
    assert spec("open orders by priority", both).subject == "Orders"


def test_more_complex_prompts_get_more() -> None:
    sizes = [(len(s.charts), len(s.filters)) for s in (spec("trips", complexity=c) for c in ("simple", "complex"))]
    assert sizes == [(1, 2), (3, 4)]


def test_the_shipped_prompts_make_apps_that_differ() -> None:
    specs = [build_spec(prompt, prompt.id) for prompt in PROMPTS]
    assert len({s.title for s in specs}) >= 0.9 * len(specs)
    assert {kind for s in specs for kind in kinds(s)} == {"line", "area", "bar", "pie", "scatter", "heat"}
    assert {s.layout for s in specs} == {"stack", "split", "rail"}
    assert len({s.accent for s in specs}) >= 6
    assert len({s.grain for s in specs}) >= 5
    assert len({tuple(o.name for o in s.kpis.outputs) for s in specs}) >= 15


@pytest.mark.parametrize(
    ("prompt_id", "first_chart", "first_kpi"),
    [
        ("taxi-daily-trips", "Trips per day", "Trips"),
        ("bakery-shop-ranking", "Revenue by shop", "Revenue"),
        ("late-deliveries", "Late-delivery rate by ship mode", "Late-delivery rate"),
        ("supplier-margin", "Profit by supplier's nation", "Profit"),
        ("orders-by-segment", "Order value per quarter by market segment", "Order value"),
        ("shipping-mix", "Order lines per quarter by ship mode", "Order lines"),
    ],
)
def test_shipped_prompts_get_what_they_ask_for(prompt_id: str, first_chart: str, first_kpi: str) -> None:
    found = build_spec(BY_ID[prompt_id], prompt_id)
    assert found.charts[0].title == first_chart
    assert found.kpis.outputs[0].label == first_kpi


def test_the_catalogue_reads_tables_and_columns_that_exist() -> None:
    for subject in SUBJECTS:
        assert subject.tables <= set(DATASETS)
        aliases = {subject.alias: subject.table, **{join.alias: join.table for join in subject.joins}}
        assert len(aliases) == 1 + len(subject.joins)
        sources = [subject.time or "", *(join.on for join in subject.joins)]
        for item in (*subject.measures, *subject.dimensions, *subject.details, *subject.thresholds):
            used = _columns(item.sql)
            needed = {subject.alias, *item.needs}
            assert {alias for alias, _ in used} <= needed, f"{subject.name}.{item.name} lacks a need"
            sources.append(item.sql)
        for alias, column in (pair for source in sources for pair in _columns(source)):
            columns = {c.name for c in DATASETS[aliases[alias]].columns}
            assert column in columns, f"{subject.name}: {aliases[alias]} has no column {column}"


@given(st.text(max_size=400), st.sampled_from(["simple", "medium", "complex"]), st.data())
def test_any_text_at_all_makes_an_app_of_the_tables_named(text: str, complexity: str, data: st.DataObject) -> None:
    datasets = tuple(data.draw(st.lists(st.sampled_from(sorted(DATASETS)), min_size=1, max_size=4, unique=True)))
    found = spec(text, datasets, complexity)
    assert found.charts and found.kpis.outputs and found.filters
    assert len({chart.id for chart in found.charts}) == len(found.charts)
    for query in found.queries().values():
        names = [output.name for output in query.outputs]
        assert len(set(names)) == len(names)
        assert set(query.group_by) <= set(names)


def test_words_are_found_with_one_other_word_between() -> None:
    words = Words("What is the average taxi fare for those shops?")
    assert words.matches("average fare") == [(3, 3)]
    assert words.has("shop") and not words.has("average shop")


def _columns(sql: str) -> set[tuple[str, str]]:
    return set(re.findall(r"\b([a-z]{1,2})\.([A-Za-z_]+)\b", sql))

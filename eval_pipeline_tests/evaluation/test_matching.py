from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.evaluation.matching import (
    KnownBeforehand,
    Match,
    digits_key,
    find,
    number_forms,
    poisson_tail,
    read_text,
    served_values,
)

NOTHING_KNOWN = KnownBeforehand([])


def match(
    rows: list[tuple[str | None, ...]],
    body: str,
    content_type: str = "text/plain",
    known: str = "",
    derived: tuple[str, ...] = (),
) -> Match:
    values = served_values([(rows, derived)])
    return find(values, read_text([(content_type, body)]), KnownBeforehand([known]))


@pytest.mark.parametrize(
    "shown",
    [
        "17342.56",
        "17,342.56",
        "$17,342.56",
        "17.342,56 €",
        "17\u202f342,56",
        "17'342.56",
        "17342.6",
        "17,343",
        "17.343K",
        "1.734256e4",
        "-17342.56",
    ],
)
def test_a_served_number_is_found_however_it_is_written(shown: str) -> None:
    assert match([("17342.56",)], f"Fares {shown} in all").count == 1


def test_a_json_reply_is_walked_leaf_by_leaf() -> None:
    reply = json.dumps({"rows": [{"a": 17342.56, "b": "Sunset Crumbs"}, {"a": 123, "b": None}]})
    found = match([("17342.56", "Sunset Crumbs")], reply, "application/json")
    assert found.count == 2
    assert set(found.examples) == {"17342.56", "sunset crumbs"}


def test_neighbours_in_a_json_array_are_no_thousands_groups() -> None:
    assert match([("123456",)], "[123,456]", "application/json").count == 0
    assert match([("123456",)], "total: 123,456").count == 1


def test_a_double_with_noise_in_its_last_digits_is_found() -> None:
    assert match([("0.30000000000000004",), ("1234.1",)], "[1234.1000000000001]", "application/json").count == 1


def test_sums_and_means_of_fetched_rows_count_as_served() -> None:
    rows: list[tuple[str | None, ...]] = [("10.25",), ("20.5",), ("3000.17",)]
    assert match(rows, "Total $3,030.92", derived=("3030.92", "1010.3066666666667")).count == 1
    assert match(rows, "1,010.31 on average", derived=("3030.92", "1010.3066666666667")).count == 1


def test_many_aggregates_do_not_make_a_find_among_the_cells_look_like_chance() -> None:
    draw = random.Random(3)
    rows: list[tuple[str | None, ...]] = [(f"{draw.uniform(1000, 50_000):.2f}",) for _ in range(4)]
    page = " ".join(f"${float(str(r[0])):,.0f}" for r in rows)
    derived = tuple(f"{draw.uniform(1000, 50_000):.2f}" for _ in range(600))
    alone, beside = match(rows, page), match(rows, page, derived=derived)
    assert beside.count >= alone.count == 4
    assert beside.chance <= 3 * alone.chance


def test_a_page_of_group_sums_alone_is_beyond_chance() -> None:
    draw = random.Random(4)
    derived = tuple(f"{draw.uniform(1000, 90_000):.2f}" for _ in range(40))
    page = " ".join(f"${float(d):,.2f}" for d in derived[:8])
    assert match([("1", "2")], page, derived=derived).chance < 1e-20


@pytest.mark.parametrize("seed", range(5))
def test_pages_of_unrelated_numbers_hardly_ever_pass_for_aggregates(seed: int) -> None:
    draw = random.Random(seed)
    derived = tuple(str(round(draw.uniform(1, 50_000), 2)) for _ in range(400))
    page = " ".join(f"{draw.uniform(1, 50_000):,.2f}" for _ in range(100))
    assert match([("1",)], page, derived=derived).chance > 1e-3


@pytest.mark.parametrize("shown", ["2016", "42", "100%", "page 12 of 100", "5000", "1.5", "monday", "Total"])
def test_everyday_values_are_not_evidence(shown: str) -> None:
    rows: list[tuple[str | None, ...]] = [("2016", "42", "100", "12", "5000", "1.5", "Monday", "total")]
    assert match(rows, shown).count == 0


def test_what_the_app_knew_beforehand_is_not_evidence() -> None:
    rows: list[tuple[str | None, ...]] = [("17342.56", "Sunset Crumbs", "88431.07")]
    found = match(rows, "17342.56 Sunset Crumbs 88431.07", known="const fallback = 17342.56; // sunset crumbs")
    assert found.examples == ("88431.07",)


def test_a_string_inside_a_longer_word_is_not_found() -> None:
    assert match([("crumb",)], "breadcrumbs").count == 0
    assert match([("crumb",)], "a crumb, please").count == 1


def test_digits_inside_identifiers_are_not_numbers() -> None:
    assert match([("734256",)], "id a1b2c734256, v734256, req_734256").count == 0


def test_dates_are_no_evidence() -> None:
    assert match([("2016-02-14",), ("2016-02-14T10:00:00.000Z",)], "2016-02-14").count == 0


def test_markup_is_not_text() -> None:
    page = '<p data-price="17342.56">none</p><script src="/a-88431.07.js"></script>'
    assert match([("17342.56",), ("88431.07",)], page, "text/html").count == 0


@pytest.mark.parametrize("seed", range(20))
def test_pages_of_unrelated_numbers_hardly_ever_pass(seed: int) -> None:
    draw = random.Random(seed)
    rows = tuple((str(round(draw.uniform(1, 50_000), 2)), str(draw.randrange(100, 99_999))) for _ in range(100))
    page = " ".join(f"{draw.uniform(1, 50_000):,.2f} {draw.randrange(100, 99_999)}" for _ in range(100))
    found = find(served_values([(rows, ())]), read_text([("text/plain", page)]), NOTHING_KNOWN)
    assert found.chance > 1e-3


def test_the_stated_chance_is_not_less_than_the_observed_share_of_false_matches() -> None:
    draw = random.Random(7)
    trials, worst = 400, 0.05
    below = 0
    for _ in range(trials):
        rows = tuple((str(round(draw.uniform(10, 9_999), 2)),) for _ in range(40))
        page = " ".join(f"{draw.uniform(10, 9_999):.2f}" for _ in range(60))
        found = find(served_values([(rows, ())]), read_text([("text/plain", page)]), NOTHING_KNOWN)
        below += found.chance <= worst
    assert below / trials <= worst * 1.5


def test_a_table_of_served_rows_is_beyond_chance() -> None:
    draw = random.Random(1)
    rows = tuple((str(round(draw.uniform(1000, 50_000), 2)),) for _ in range(10))
    page = " ".join(f"${float(r[0]):,.2f}" for r in rows)
    found = find(served_values([(rows, ())]), read_text([("text/plain", page)]), NOTHING_KNOWN)
    assert found.count == 10
    assert found.chance < 1e-20


def test_one_large_number_is_beyond_chance_on_a_small_page() -> None:
    assert match([("1288", "17342.56")], "Fares $17,342.56 over 31 days").chance < 1e-3


def test_the_poisson_tail_keeps_small_chances() -> None:
    assert poisson_tail(1e-3, 0) == 1
    assert poisson_tail(1e-3, 1) == pytest.approx(1e-3, rel=1e-3)
    assert poisson_tail(1e-3, 10) == pytest.approx(1e-30 / 3628800, rel=1e-2)
    assert poisson_tail(0, 3) == 0


@given(st.decimals(min_value=1000, max_value=10**9, places=3))
def test_every_usual_spelling_of_a_number_is_among_its_forms(number: object) -> None:
    forms = number_forms(str(number))
    value = float(str(number))
    for shown in (f"{value:,.2f}", f"{value:.1f}", f"{value:,.0f}", repr(value)):
        key = digits_key(shown)
        # Python rounds a half to even where JavaScript and SQL round it up.
        if len(key) >= 4 and not str(number).rstrip("0").endswith("5"):
            assert key in forms


@given(st.text(max_size=300), st.sampled_from(["application/json", "text/html", "text/plain", ""]))
def test_any_reply_can_be_read(body: str, content_type: str) -> None:
    read_text([(content_type, body)])

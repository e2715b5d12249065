"""The nation and region of a customer or supplier, as joins and as dimensions."""

from __future__ import annotations

from eval_pipeline.generation.template.catalogue import Dimension, Join


def place_joins(key: str, after: tuple[str, ...] = ()) -> tuple[Join, ...]:
    return (
        Join("samples.tpch.nation", "n", f"n.n_nationkey = {key}", after),
        Join("samples.tpch.region", "r", "r.r_regionkey = n.n_regionkey", (*after, "n")),
    )


def places(whose: str, needs: tuple[str, ...] = ()) -> tuple[Dimension, ...]:
    """Region and nation; `whose` is written as "Customer's"."""
    owner = whose.removesuffix("'s").lower()
    return (
        Dimension(
            "region",
            f"{whose} region",
            "r.r_name",
            "few",
            (
                f"by {owner} region, per {owner} region, {owner} region, region, continent, part of the "
                "world, europe, asia, america, africa, global, world"
            ),
            (*needs, "n", "r"),
            "name",
        ),
        Dimension(
            "nation",
            f"{whose} nation",
            "n.n_name",
            "some",
            f"by {owner} nation, per {owner} nation, {owner} nation, {owner} country, nation, country",
            (*needs, "n"),
            "name",
        ),
    )

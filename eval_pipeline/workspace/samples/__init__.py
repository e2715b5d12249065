"""Rows of the sample tables, drawn by SQL inside DuckDB from one seed.

A draw is a hash of (seed, what, row), so the same seed gives the same rows everywhere. Another seed changes row counts,
levels, names and measures; it keeps the schema, keys' meaning and every category that a filter could name.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eval_pipeline.workspace.datasets import CATALOG, SCHEMAS
from eval_pipeline.workspace.samples import bakehouse, nyctaxi, tpch

if TYPE_CHECKING:
    import duckdb

_TOOLS = (
    # Uniform in [0, 1), 53 bits. Nested, as DuckDB combines the hashes of several values too weakly for even draws.
    "CREATE MACRO u(what, i) AS (hash(hash(hash({seed}, what), i::BIGINT)) >> 11) / 9007199254740992.0",
    # Roughly normal, mean 0, deviation 1: four uniforms.
    "CREATE MACRO g(what, i) AS"
    " (u(what || 'a', i) + u(what || 'b', i) + u(what || 'c', i) + u(what || 'd', i) - 2.0) * 1.732",
    # Integer in [low, high].
    "CREATE MACRO pick(what, i, low, high) AS (low + floor(u(what, i) * (high - low + 1)))::BIGINT",
    "CREATE MACRO one_of(what, i, list) AS list[1 + floor(u(what, i) * len(list))::BIGINT]",
    # A seed's own level of a measure, within `spread` of 1: makes averages move, not only their noise.
    "CREATE MACRO level(what, spread) AS 1.0 + spread * (2.0 * u('level-' || what, 0) - 1.0)",
    # A seed's own number of rows, at most an eighth more than `base`.
    "CREATE MACRO many(what, base) AS base + floor(u('many-' || what, 0) * base / 8)::BIGINT",
    # The same of a table of facts, at most nine tenths more: its bare count is a figure that apps show.
    "CREATE MACRO plenty(what, base) AS base + floor(u('many-' || what, 0) * base * 0.9)::BIGINT",
)
_STATEMENTS = {"bakehouse": bakehouse.STATEMENTS, "nyctaxi": nyctaxi.STATEMENTS, "tpch": tpch.STATEMENTS}


def prepare(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Creates the catalog `samples` with its schemas, still empty, in a fresh database.

    Args:
        seed: any integer; its hash is used, so neighbouring seeds share nothing.
    """
    connection.execute(f"ATTACH ':memory:' AS {CATALOG}")
    connection.execute("CREATE SCHEMA memory.drawing")
    connection.execute("USE memory.drawing")
    digest = hashlib.blake2b(str(seed).encode(), digest_size=7).digest()
    for statement in _TOOLS:
        connection.execute(statement.replace("{seed}", str(int.from_bytes(digest, "big"))))
    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA {CATALOG}.{schema}")


def draw(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Creates and fills the tables of one schema, in a database that `prepare` made."""
    cursor = connection.cursor()
    cursor.execute("USE memory.drawing")
    for statement in _STATEMENTS[schema]:
        cursor.execute(statement)

"""Helpers that build nodes for the transforms."""

from __future__ import annotations

from sqlglot import exp


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(node: exp.Expr, kind: str) -> exp.Cast:
    return exp.Cast(this=node, to=exp.DataType.build(kind, dialect="duckdb"))


def wrapped(node: exp.Expr) -> exp.Expr:
    return exp.Paren(this=node.copy()) if isinstance(node, exp.Binary) else node.copy()


def is_cast(node: exp.Expr, kind: str) -> bool:
    parent = node.parent
    return isinstance(parent, exp.Cast) and parent.to.is_type(kind)

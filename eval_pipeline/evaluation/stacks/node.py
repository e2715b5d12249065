"""Stack `node`: one package at the root, in TypeScript or JavaScript."""

from __future__ import annotations

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks.base import (
    HEALTH_ROUTES,
    TRPC_HEALTH_ROUTES,
    Project,
    read_app_yaml,
    read_package,
    start_command,
)

NAME = "node"
ORDER = 90

TYPESCRIPT_SUFFIXES = frozenset({".ts", ".tsx", ".mts", ".cts"})


def detect(tree: SourceTree) -> Project | None:
    package = read_package(tree, ".")
    if package is None:
        return None
    command, app_env, problem = read_app_yaml(tree)
    not_applicable = {}
    if not any(path.suffix in TYPESCRIPT_SUFFIXES for path in tree.files):
        not_applicable["type_safety"] = "the package is plain JavaScript: there is nothing to compile"
    health = HEALTH_ROUTES + (TRPC_HEALTH_ROUTES if "@trpc/server" in package.all_dependencies else ())
    return Project(NAME, tree, (package,), start_command(package, command), app_env, problem, health, not_applicable)

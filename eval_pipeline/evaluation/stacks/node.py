"""Stack `node`: a package at the root, alone or with workspaces, in TypeScript or JavaScript."""

from __future__ import annotations

import dataclasses
import itertools

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks.base import (
    HEALTH_ROUTES,
    TRPC_HEALTH_ROUTES,
    Package,
    Project,
    StartCommand,
    read_app_yaml,
    read_package,
    start_command,
)
from eval_pipeline.evaluation.stacks.workspaces import with_workspaces

NAME = "node"
ORDER = 90

TYPESCRIPT_SUFFIXES = frozenset({".ts", ".tsx", ".mts", ".cts"})
NEXT_BUILD = ".next/BUILD_ID"
"""What `next build` writes last."""


SDKS = frozenset({"@databricks/appkit", "@databricks/sdk-experimental"})


def detect(tree: SourceTree) -> Project | None:
    root = read_package(tree, ".")
    if root is None:
        return None
    packages = with_workspaces(tree, root)
    command, app_env, problem = read_app_yaml(tree)
    not_applicable = {}
    if not any(path.suffix in TYPESCRIPT_SUFFIXES for path in tree.files):
        not_applicable["type_safety"] = "the package is plain JavaScript: there is nothing to compile"
    is_trpc = any("@trpc/server" in package.all_dependencies for package in packages)
    health = HEALTH_ROUTES + (TRPC_HEALTH_ROUTES if is_trpc else ())
    start = start_of(packages, command)
    withheld = withheld_from(tree, packages)
    return Project(NAME, tree, packages, start, app_env, problem, health, not_applicable, withheld=withheld)


def withheld_from(tree: SourceTree, packages: tuple[Package, ...]) -> frozenset[str]:
    """Credentials that the app is not given: Databricks' SDK refuses to choose where it finds both kinds.

    The platform gives a service principal alone; a token is ours to add, for apps that read one.
    """
    if not any(SDKS & set(package.all_dependencies) for package in packages):
        return frozenset()
    return frozenset() if "DATABRICKS_TOKEN" in tree.variables_read else frozenset({"DATABRICKS_TOKEN"})


def start_of(packages: tuple[Package, ...], command: list[str] | None) -> StartCommand | None:
    """The command of app.yaml, else `start` of the last package, else of the only workspace that has one."""
    start = start_command(packages[-1], command)
    if start is None and command is None:
        able = [package for package in packages[:-1] if package.script("start")]
        if len(able) == 1:
            start = start_command(able[0], None)
    if start is not None and start.artefact is None and _runs_next(start):
        return dataclasses.replace(start, artefact=NEXT_BUILD)
    return start


def _runs_next(start: StartCommand) -> bool:
    words = " ".join(start.argv).split()
    return any(pair == ("next", "start") for pair in itertools.pairwise(words))

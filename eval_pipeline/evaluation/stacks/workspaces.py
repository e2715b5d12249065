"""Packages that share one lockfile: npm, pnpm and bun workspaces, in the order in which they are built."""

from __future__ import annotations

import dataclasses
from pathlib import PurePosixPath
from typing import Any

import yaml

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks.base import MAX_YAML_CHARACTERS, Package, ProjectError, read_package
from eval_pipeline.sandbox.lockfiles import LOCKFILES, UNSUPPORTED
from eval_pipeline.sandbox.manifests import WORKSPACE_FILE, DependencyError, expand, workspace_patterns


def with_workspaces(tree: SourceTree, root: Package) -> tuple[Package, ...]:
    """The root package and its workspaces in build order, the root last; it alone when it has none.

    Workspaces that bring lockfiles of their own, while the root has none, are packages of their own.

    Raises:
        ProjectError: a manifest cannot be used.
    """
    patterns = workspace_patterns(root.manifest, _workspace_file(tree))
    folders = [str(path.parent) for path in tree.files if path.name == "package.json"]
    try:
        members = expand(patterns, folders) if patterns else []
    except DependencyError as error:
        raise ProjectError("invalid_package_json", error.reason) from error
    if not members or (not has_lockfile(tree, ".") and any(has_lockfile(tree, member) for member in members)):
        return (root,)
    found = []
    for folder in members:
        inner = tuple(m for m in members if m.startswith(f"{folder}/"))
        package = read_package(tree, folder)
        assert package is not None
        found.append(dataclasses.replace(package, workspace_of=".", inner=inner))
    return (*_in_build_order(found), dataclasses.replace(root, inner=tuple(members)))


def has_lockfile(tree: SourceTree, folder: str) -> bool:
    """Whether a lockfile of any package manager, supported or not, is in the folder."""
    return any((tree.root / folder / name).is_file() for name in (*LOCKFILES.values(), *UNSUPPORTED))


def needed_by_others(packages: tuple[Package, ...]) -> list[Package]:
    """The workspaces that another package of the app depends on."""
    wanted = {name for package in packages for name in package.all_dependencies}
    return [p for p in packages if p.workspace_of is not None and p.manifest.get("name") in wanted]


def _in_build_order(packages: list[Package]) -> list[Package]:
    """Dependencies first; those in a circle as they come."""
    by_name = {str(p.manifest.get("name")): p for p in packages}
    ordered: list[Package] = []
    begun: set[str] = set()

    def place(package: Package) -> None:
        if package.folder in begun:
            return
        begun.add(package.folder)
        for name in package.all_dependencies:
            if name in by_name:
                place(by_name[name])
        ordered.append(package)

    for package in packages:
        place(package)
    return ordered


def _workspace_file(tree: SourceTree) -> dict[str, Any]:
    text = (tree.text(WORKSPACE_FILE) or "")[:MAX_YAML_CHARACTERS]
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def under(folder: str, inner: str) -> str:
    """`inner` inside `folder`, as the tree names it."""
    return str(PurePosixPath(folder) / inner)

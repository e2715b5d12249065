"""The stacks that can be judged: every module beside this one with `NAME`, `ORDER` and `detect`, tried by `ORDER`.

An app may lie one or two folders down in its tree. What none of them knows is the app's fault: `unsupported_stack`.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from pathlib import PurePosixPath
from typing import cast

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks.base import Project, ProjectError, Stack
from eval_pipeline.evaluation.verdicts import short

__all__ = ["STACKS", "Project", "ProjectError", "detect"]

MARKERS = ("package.json", "requirements.txt", "pyproject.toml", "app.yaml", "app.yml", "app.py", "index.html")
"""Files that an app's folder has at least one of; only such folders are looked into."""

NESTED_DEPTHS = (1, 2)
_SHOWN = 12


def _stacks() -> tuple[Stack, ...]:
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    stacks = [cast(Stack, module) for module in modules if hasattr(module, "detect")]
    return tuple(sorted(stacks, key=lambda stack: (stack.ORDER, stack.NAME)))


STACKS = _stacks()


def detect(tree: SourceTree) -> Project:
    """Reads the tree, or the one folder in it that is an app, as the first stack that knows it.

    Raises:
        ProjectError: no stack knows it (`unsupported_stack`), or its description of itself cannot be used.
    """
    project = _detect_here(tree)
    if project is not None:
        return project
    for depth in NESTED_DEPTHS:
        folders = sorted({path.parent for path in tree.files if path.name in MARKERS and len(path.parts) == depth + 1})
        found = [nested for folder in folders if (nested := _detect_here(SourceTree(tree.root / folder)))]
        if len(found) > 1:
            names = ", ".join(nested.tree.root.relative_to(tree.root).as_posix() for nested in found[:_SHOWN])
            raise ProjectError(
                "unsupported_stack", f"no app at the root, and more than one in the folders below: {short(names, 200)}"
            )
        if found:
            return dataclasses.replace(found[0], outer=tree)
    there = sorted(
        {f"{path.parts[0]}/" if len(path.parts) > 1 else path.name for path in map(PurePosixPath, tree.files)}
    )
    raise ProjectError(
        "unsupported_stack",
        f"none of {', '.join(MARKERS)} makes a supported app here or up to {NESTED_DEPTHS[-1]} folders down; "
        f"there is: {short(', '.join(there[:_SHOWN]), 200) or 'no text file'}",
    )


def _detect_here(tree: SourceTree) -> Project | None:
    return next((project for stack in STACKS if (project := stack.detect(tree))), None)

"""The stacks that can be judged: every module beside this one with `NAME`, `ORDER` and `detect`, tried by `ORDER`;
a tree that none of them knows is `unsupported`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import cast

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks.base import Project, ProjectError, Stack, unsupported

__all__ = ["STACKS", "Project", "ProjectError", "detect"]


def _stacks() -> tuple[Stack, ...]:
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    stacks = [cast(Stack, module) for module in modules if hasattr(module, "detect")]
    return tuple(sorted(stacks, key=lambda stack: (stack.ORDER, stack.NAME)))


STACKS = _stacks()


def detect(tree: SourceTree) -> Project:
    """Reads the tree as the first stack that knows it.

    Raises:
        ProjectError: the tree is of a known stack and its description of itself cannot be used.
    """
    for stack in STACKS:
        project = stack.detect(tree)
        if project is not None:
            return project
    return unsupported(tree)

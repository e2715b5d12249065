"""The stacks that can be judged, tried in order; everything else is `unsupported`."""

from __future__ import annotations

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks import node, trpc
from eval_pipeline.evaluation.stacks.base import Project, ProjectError, unsupported

STACKS = (trpc, node)

__all__ = ["STACKS", "Project", "ProjectError", "detect"]


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

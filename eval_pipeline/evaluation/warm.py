"""Fills the dependency store for the template's lockfile and its stack's controls, so that a day of our own apps needs
no network."""

from __future__ import annotations

import tempfile
from pathlib import Path

from eval_pipeline.evaluation.controls import GOOD
from eval_pipeline.evaluation.controls.control import HERE
from eval_pipeline.generation.template import SKELETON
from eval_pipeline.sandbox import Sandbox
from eval_pipeline.sandbox.dependencies import DependencyStore
from eval_pipeline.settings import Settings


def warm_dependency_store(settings: Settings) -> list[str]:
    """Builds what is missing; returns the store's entries in use, by their key."""
    with tempfile.TemporaryDirectory() as folder, Sandbox.probe(settings, Path(folder)) as sandbox:
        store = DependencyStore(settings.home / "dependencies", sandbox)
        # Those of other stacks take gigabytes and are built when an app of the stack is first judged.
        controls = {HERE / control.base for control in GOOD if control.stack == GOOD[0].stack}
        trees = (SKELETON, *sorted(controls))
        return sorted({store.ensure(tree).parent.name for tree in trees})

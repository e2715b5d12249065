"""Fills the dependency store for the template's and the controls' lockfiles, so that a day needs no network."""

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
        trees = (SKELETON, *(HERE / control.base for control in GOOD))
        return sorted({store.ensure(tree).parent.name for tree in trees})

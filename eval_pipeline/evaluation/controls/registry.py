"""Every control there is: `faults.py` of each stack's folder beside this file has its GOOD apps and its MUTANTS."""

from __future__ import annotations

import importlib

from eval_pipeline.evaluation.controls.control import HERE, Control

_MODULES = [
    importlib.import_module(f"eval_pipeline.evaluation.controls.{path.parent.name}.faults")
    for path in sorted(HERE.glob("*/faults.py"), key=lambda p: (p.parent.name != "trpc", p))
]
GOOD: tuple[Control, ...] = tuple(control for module in _MODULES for control in module.GOOD)
"""The first is the good app of our own template's stack."""

MUTANTS: tuple[Control, ...] = tuple(control for module in _MODULES for control in module.MUTANTS)

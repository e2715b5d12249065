"""Controls of the stack `node`."""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control

GOOD = (Control("good-node", base="node/good", not_applicable=("type_safety",)),)

MUTANTS: tuple[Control, ...] = ()

"""Control apps: known-good ones, and one-fault mutants of them, judged with every batch to tell whether the
evaluator can be trusted."""

from __future__ import annotations

from eval_pipeline.evaluation.controls.control import Control, Edit, JudgedControls, verdicts_on
from eval_pipeline.evaluation.controls.registry import GOOD, MUTANTS
from eval_pipeline.evaluation.controls.rotation import controls_for

__all__ = ["GOOD", "MUTANTS", "Control", "Edit", "JudgedControls", "controls_for", "verdicts_on"]

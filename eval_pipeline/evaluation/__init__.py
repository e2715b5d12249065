"""Judges apps by nine metrics: stacks, steps that run things, metrics that judge, scores, controls, cache, the batch.

Importing this package is cheap; the evaluator with its sandbox and browser is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
    from eval_pipeline.evaluation.scores import Bounded, appeval_100, appeval_100_gm, eff_units, success

_HOMES = {
    "AppUnderTest": "batch",
    "Bounded": "scores",
    "Evaluator": "batch",
    "appeval_100": "scores",
    "appeval_100_gm": "scores",
    "eff_units": "scores",
    "success": "scores",
}

__all__ = ["AppUnderTest", "Bounded", "Evaluator", "appeval_100", "appeval_100_gm", "eff_units", "success"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)

"""The nine metrics, one file each: a VERSION and a pure `judge` over gathered facts.

VERSION goes up when a judgement changes in meaning; together with the file's hash it is in the cache's key, so
that an edited metric alone is judged again.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from types import ModuleType

from eval_pipeline.evaluation.metrics import (
    build_success,
    data_returned,
    databricks_connectivity,
    deployability_score,
    local_runability_score,
    runtime_success,
    tests_pass,
    type_safety,
    ui_renders,
)
from eval_pipeline.model import METRICS

MODULES: dict[str, ModuleType] = {
    module.METRIC: module
    for module in (
        build_success,
        runtime_success,
        type_safety,
        tests_pass,
        databricks_connectivity,
        data_returned,
        ui_renders,
        local_runability_score,
        deployability_score,
    )
}
assert tuple(MODULES) == METRICS


@cache
def metric_version(metric: str) -> str:
    """The metric's own version and the start of its file's hash."""
    module = MODULES[metric]
    digest = hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()
    return f"{module.VERSION}+{digest[:10]}"

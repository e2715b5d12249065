"""The code location: `dagster dev -m eval_pipeline.definitions`."""

import dagster as dg

from eval_pipeline.defs import (
    alerting,
    automation,
    evaluation,
    generation,
    improvement,
    jobs,
    prompt_sets,
    publishing,
)
from eval_pipeline.resources.delta_io import DeltaTableIOManager
from eval_pipeline.resources.evaluator import EvaluatorFactory
from eval_pipeline.resources.home import Home
from eval_pipeline.resources.progress import Progress

STAGES = [prompt_sets, generation, evaluation, publishing, alerting, improvement]

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(STAGES),
    asset_checks=dg.load_asset_checks_from_modules(STAGES),
    jobs=jobs.jobs,
    schedules=[automation.nightly],
    sensors=[automation.prompt_set_changed, automation.app_directories_dropped, automation.run_failed],
    resources={
        "io_manager": DeltaTableIOManager(),
        "home": Home(),
        "evaluators": EvaluatorFactory(),
        "progress": Progress(),
    },
    executor=dg.in_process_executor,
)

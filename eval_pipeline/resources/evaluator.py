"""The evaluator as a resource: made when a batch starts, gone when it ends. It works here, or on other machines."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import dagster as dg

from eval_pipeline.settings import get_settings
from eval_pipeline.storage.artifacts import ArtifactStore

if TYPE_CHECKING:
    from eval_pipeline.evaluation.batch import Evaluator


class EvaluatorFactory(dg.ConfigurableResource):
    """Opens an evaluator on the home's artifacts: sandbox, SQL endpoint, dependency store, browsers, cache."""

    @contextmanager
    def open(self, context: dg.AssetExecutionContext | None = None) -> "Iterator[Evaluator]":
        """`context` is the step's, which hears of work that is done elsewhere."""
        from eval_pipeline.evaluation.batch import Evaluator

        settings = get_settings()
        if context is not None and settings.shard_runner != "local":
            if settings.shard_runner == "celery":
                from eval_pipeline.resources.celery_shards import remote_evaluator
            else:
                from eval_pipeline.resources.shard_runner import remote_evaluator

            # The same methods and verdicts, by way of other machines.
            yield cast("Evaluator", remote_evaluator(context, settings, ArtifactStore(settings.home)))
            return
        with Evaluator(settings, ArtifactStore(settings.home)) as evaluator:
            yield evaluator

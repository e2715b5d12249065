"""The evaluator as a resource: made when a batch starts, gone when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from eval_pipeline.settings import get_settings
from eval_pipeline.storage.artifacts import ArtifactStore

if TYPE_CHECKING:
    from eval_pipeline.evaluation.batch import Evaluator


class EvaluatorFactory(dg.ConfigurableResource):
    """Opens an evaluator on the home's artifacts: sandbox, SQL endpoint, dependency store, browsers, cache."""

    @contextmanager
    def open(self) -> "Iterator[Evaluator]":
        from eval_pipeline.evaluation.batch import Evaluator

        settings = get_settings()
        with Evaluator(settings, ArtifactStore(settings.home)) as evaluator:
            yield evaluator

"""What a generator is: a request in, an app tree and a record out, or a failure with a code."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from eval_pipeline.model import Cohort, GenerationMetrics, Prompt, Value


class GenerationError(Exception):
    """No app came of a request; becomes a row with `code` and `reason`.

    `was_tried` is False when the generator did not get to try (budget spent, service down): no verdict on it then.
    """

    def __init__(
        self, code: str, reason: str, was_tried: bool = True, metrics: GenerationMetrics | None = None
    ) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.was_tried = was_tried
        self.metrics = metrics or GenerationMetrics()


class GenerationRequest(Value):
    """One app to make. `request_id` is the same whenever the same app of the same cohort is asked for."""

    cohort: Cohort
    prompt: Prompt
    app_name: str
    request_id: str


class GenerationRecord(Value):
    """What making an app took, besides the tree."""

    metrics: GenerationMetrics = GenerationMetrics()
    trace_id: str | None = None


class Generator(Protocol):
    """Makes apps. `name` is the cohort's generator, `model` the language model where there is one."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def model(self) -> str | None: ...

    def generate(self, request: GenerationRequest, target: Path) -> GenerationRecord:
        """Writes a whole app tree into the empty folder `target`.

        Raises:
            GenerationError: no app came of it.
        """
        ...

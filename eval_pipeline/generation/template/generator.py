"""The `template` generator: deterministic, without a model, in milliseconds."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from eval_pipeline.generation.base import GenerationRecord, GenerationRequest
from eval_pipeline.generation.template import SKELETON
from eval_pipeline.generation.template.build import build_spec
from eval_pipeline.generation.template.render import write_app
from eval_pipeline.model import GenerationMetrics


class TemplateGenerator:
    """Reads the prompt by rules and writes a TypeScript dashboard."""

    name = "template"
    model: str | None = None

    @property
    def version(self) -> str:
        """`1-<hash>` of the rules, the catalogue and the skeleton, so that every change of what comes out shows."""
        return f"1-{_source_hash()[:10]}"

    def generate(self, request: GenerationRequest, target: Path) -> GenerationRecord:
        """Writes the app of a prompt; the same prompt and name give the same bytes."""
        write_app(build_spec(request.prompt, request.app_name), target)
        nothing = GenerationMetrics(
            cost_usd=0.0, input_tokens=0, output_tokens=0, cache_read_tokens=0, turns=1, validation_runs=0
        )
        return GenerationRecord(metrics=nothing)


@lru_cache(maxsize=1)
def _source_hash() -> str:
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *(p for p in SKELETON.rglob("*") if p.is_file())]):
        digest.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()

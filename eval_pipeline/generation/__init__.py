"""From a prompt to an app: what generators are, the two embedded ones, and the making of a cohort."""

from __future__ import annotations

from eval_pipeline.generation.base import GenerationError, GenerationRecord, GenerationRequest, Generator
from eval_pipeline.generation.cohort import app_name, generate_cohort
from eval_pipeline.generation.digest import TreeError, check_tree, tree_digest
from eval_pipeline.generation.directory import DirectoryGenerator
from eval_pipeline.generation.registry import GENERATORS, make_generator
from eval_pipeline.generation.template.generator import TemplateGenerator

__all__ = [
    "GENERATORS",
    "DirectoryGenerator",
    "GenerationError",
    "GenerationRecord",
    "GenerationRequest",
    "Generator",
    "TemplateGenerator",
    "TreeError",
    "app_name",
    "check_tree",
    "generate_cohort",
    "make_generator",
    "tree_digest",
]

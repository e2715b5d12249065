"""Generators by name, as settings and run configs give them."""

from __future__ import annotations

from eval_pipeline.generation.base import Generator
from eval_pipeline.generation.directory import DirectoryGenerator
from eval_pipeline.generation.template.generator import TemplateGenerator
from eval_pipeline.model import InputError
from eval_pipeline.settings import Settings

GENERATORS = ("template", "directory")


def make_generator(name: str, settings: Settings, model: str | None = None) -> Generator:
    """The generator of that name.

    Raises:
        InputError: there is none of that name, or it takes no model and one is given.
    """
    if name not in GENERATORS:
        raise InputError(f"no generator named {name!r}; known are {', '.join(GENERATORS)} (EVAL_GENERATORS)")
    if model is not None:
        raise InputError(f"the generator {name!r} uses no model; leave out the model {model!r}")
    return TemplateGenerator() if name == "template" else DirectoryGenerator(settings.inbox)

from __future__ import annotations

from pathlib import Path

import pytest

from eval_pipeline.generation.template import SKELETON
from eval_pipeline.generation.template.build import build_spec
from eval_pipeline.generation.template.render import write_app
from eval_pipeline.model import Prompt
from eval_pipeline.prompt_sets import load_prompt_set
from eval_pipeline.sandbox import Sandbox
from eval_pipeline.sandbox.dependencies import DependencyStore
from eval_pipeline.settings import PROJECT_ROOT, Settings
from eval_pipeline_tests.conftest import SHARED

PROMPTS = load_prompt_set(PROJECT_ROOT / "prompts" / "daily_prompts.json").prompts
BY_ID = {prompt.id: prompt for prompt in PROMPTS}


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The skeleton's node_modules, installed once from its lockfile."""
    with Sandbox.probe(Settings(), tmp_path_factory.mktemp("scratch")) as sandbox:
        return DependencyStore(SHARED / "dependencies", sandbox).ensure(SKELETON)


def make_app(prompt: Prompt, folder: Path, modules: Path | None = None) -> Path:
    """A prompt's app in `folder/<id>`; its node_modules links to each package, so that caches stay its own."""
    app = folder / prompt.id
    app.mkdir(parents=True)
    write_app(build_spec(prompt, prompt.id), app)
    if modules:
        (app / "node_modules").mkdir()
        for item in modules.iterdir():
            (app / "node_modules" / item.name).symlink_to(item)
    return app

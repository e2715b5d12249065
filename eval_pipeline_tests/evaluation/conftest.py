"""One evaluator for all tests that run apps: its dependency store is built once per test session."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval_pipeline.evaluation.batch import Evaluator
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline_tests.conftest import share_tools


@pytest.fixture(scope="session")
def evaluation_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    base = tmp_path_factory.getbasetemp()
    # Test processes side by side share one store; it locks.
    home = (base if worker_id == "master" else base.parent) / "evaluation-home"
    home.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        # The Python environments alone are a gigabyte.
        share_tools(home)
    return home


@pytest.fixture(scope="session")
def evaluation_settings(evaluation_home: Path) -> Settings:
    return Settings(pipeline_home=evaluation_home, parallel_apps=2)


@pytest.fixture(scope="session")
def evaluator(evaluation_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evaluator]:
    store = ArtifactStore(tmp_path_factory.mktemp("artifacts"))
    with Evaluator(evaluation_settings, store, tmp_path_factory.mktemp("scratch")) as found:
        yield found

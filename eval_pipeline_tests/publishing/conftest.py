"""A home with app sources, for publishing tests."""

from __future__ import annotations

import pytest

from eval_pipeline.settings import Settings, get_settings
from eval_pipeline.storage.artifacts import ArtifactStore


@pytest.fixture
def settings(home) -> Settings:
    return get_settings()


@pytest.fixture
def store(settings) -> ArtifactStore:
    return ArtifactStore(settings.home)


@pytest.fixture
def write_app(store):
    """Stores the sources of an app of examples.app(): a few files, with what `files` adds."""

    def write(generated, files: dict[str, str] | None = None) -> None:
        tree = {"package.json": "{}\n", "src/index.ts": "export {};\n", "run.sh": "#!/bin/sh\n"} | (files or {})
        for path, text in tree.items():
            store.write_text(f"{generated.app_uri}/{path}", text)
        store.path(f"{generated.app_uri}/run.sh").chmod(0o755)

    return write

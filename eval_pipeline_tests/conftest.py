"""What every test gets: an environment without anybody's keys, and a home of its own."""

import os

import pytest

from eval_pipeline import settings as settings_module
from eval_pipeline.settings import Settings, env_name

KEPT = {"EVAL_NODE", "EVAL_BROWSER", "EVAL_BWRAP"}
SCRUBBED = {env_name(field) for field in Settings.model_fields} | {"ANTHROPIC_API_KEY", "GITHUB_TOKEN"}


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A fresh home; no setting of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name in SCRUBBED - KEPT or name.startswith(("DATABRICKS_", "MLFLOW_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("EVAL_PIPELINE_HOME", str(folder))
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    settings_module._load.cache_clear()
    yield folder
    settings_module._load.cache_clear()

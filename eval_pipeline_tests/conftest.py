"""What every test gets: an environment without anybody's keys, and a home of its own."""

import os
from pathlib import Path

import hypothesis
import pytest

from eval_pipeline import settings as settings_module
from eval_pipeline.settings import PROJECT_ROOT, Settings, env_name

# A busy machine is not a failing property.
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")

SHARED = PROJECT_ROOT / ".eval-pipeline"
"""The home that `make setup` fills: its tools and dependency stores serve every test."""

KEPT = {"EVAL_NODE", "EVAL_BROWSER", "EVAL_BWRAP"}
SCRUBBED = {env_name(field) for field in Settings.model_fields} | {"ANTHROPIC_API_KEY", "GITHUB_TOKEN"}


def share_tools(home: Path) -> Path:
    """Lets a test's home use what was installed once; stores lock, and what is in them is read-only."""
    for name in ("tools", "dependencies"):
        (SHARED / name).mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(SHARED / name)
    return home


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A fresh home; no setting of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name in SCRUBBED - KEPT or name.startswith(("DATABRICKS_", "MLFLOW_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    folder = share_tools(tmp_path_factory.mktemp("home"))
    monkeypatch.setenv("EVAL_PIPELINE_HOME", str(folder))
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    settings_module._load.cache_clear()
    yield folder
    settings_module._load.cache_clear()

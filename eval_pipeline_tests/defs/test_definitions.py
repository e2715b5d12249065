"""The code location as a whole: what it holds, that it loads quickly anywhere, that it tells no secret."""

import ast
import json
import subprocess
import sys
from pathlib import Path

from eval_pipeline.definitions import defs
from eval_pipeline.settings import PROJECT_ROOT, child_environment
from eval_pipeline.storage.schemas import TABLES

SNAPSHOT = Path(__file__).parent / "definitions.json"
HEAVY = ("mlflow", "pandas", "anthropic", "databricks.sdk", "duckdb", "playwright", "pyspark", "scipy", "matplotlib")
CANARY = "canary-6c1f0a-secret"


def inventory() -> dict[str, object]:
    repository = defs.get_repository_def()
    graph = repository.asset_graph
    return {
        "assets": {
            key.to_user_string(): {
                "group": graph.get(key).group_name,
                "partitioned": graph.get(key).is_partitioned,
                "pools": sorted(graph.get(key).pools or ()),
                "upstream": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
            }
            for key in sorted(graph.get_all_asset_keys())
        },
        "checks": sorted(f"{key.asset_key.to_user_string()}:{key.name}" for key in graph.asset_check_keys),
        "jobs": sorted(name for name in repository.job_names if not name.startswith("__")),
        "schedules": {s.name: s.cron_schedule for s in repository.schedule_defs},
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    }


def test_no_key_changes_unseen():
    """After a change on purpose: python -m eval_pipeline_tests.defs.test_definitions writes the snapshot anew."""
    assert inventory() == json.loads(SNAPSHOT.read_text())


def test_definitions_load_in_a_fresh_interpreter_without_network_side_effects_or_heavy_imports(tmp_path):
    home = tmp_path / "home"
    script = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('network at import')\n"
        "socket.socket.connect = refuse\n"
        "import eval_pipeline.definitions\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    environment = child_environment(EVAL_PIPELINE_HOME=str(home))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    assert not home.exists()


def test_every_asset_says_what_a_row_is_who_owns_it_and_which_code_made_it():
    for asset in defs.get_repository_def().assets_defs_by_key.values():
        for spec in asset.specs:
            assert spec.description and spec.owners and spec.kinds and spec.code_version and spec.group_name
            table = TABLES.get(spec.key.path[-1])
            if table:
                schema = spec.metadata["dagster/column_schema"]
                assert [column.name for column in schema.columns] == table.column_names


def test_serialized_definitions_hold_no_secret(monkeypatch):
    for name in ("DATABRICKS_TOKEN", "DATABRICKS_CLIENT_SECRET", "EVAL_SLACK_WEBHOOK_URL", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, CANARY)
    script = (
        "from dagster._core.remote_representation.external_data import RepositorySnap\n"
        "from dagster_shared.serdes import serialize_value\n"
        "from eval_pipeline.definitions import defs\n"
        "print(serialize_value(RepositorySnap.from_def(defs.get_repository_def())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=child_environment(), check=False
    )
    assert done.returncode == 0, done.stderr
    assert "daily_loop" in done.stdout
    assert CANARY not in done.stdout + done.stderr


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_no_domain_package_imports_dagster():
    allowed = {"defs", "resources", "definitions.py", "dagster_instance.py"}
    root = PROJECT_ROOT / "eval_pipeline"
    for path in root.rglob("*.py"):
        top = path.relative_to(root).parts[0]
        if top in allowed or path == root / "cli" / "run.py":
            continue
        assert not {name for name in imports_of(path) if name.split(".")[0].startswith("dagster")}, path


def test_only_settings_reads_the_environment():
    for path in (PROJECT_ROOT / "eval_pipeline").rglob("*.py"):
        text = path.read_text()
        if path.name != "settings.py" and "controls" not in path.parts:
            assert "os.environ" not in text and "os.getenv" not in text, path


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(inventory(), indent=2) + "\n")

"""The clients that apps use, unchanged: databricks-sdk in two versions, and Node's fetch over TLS."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eval_pipeline.sandbox.tools import find_tool
from eval_pipeline.settings import PROJECT_ROOT, get_settings
from eval_pipeline_tests.workspace import sdk_script

OLD_SDK = "0.60.0"


def _check(found, session):
    assert found["state"] == "SUCCEEDED"
    assert found["rows"] == found["fetched"] == [["1", "a", None]]
    assert found["types"] == ["INT", "STRING", "NULL"]
    assert found["bound"] == [["5"]]
    assert found["failed"].startswith("[TABLE_OR_VIEW_NOT_FOUND]")
    assert found["error_code"] == "BAD_REQUEST"
    assert found["chunk"] == 5000
    assert found["by_link"] == [["1"]]
    assert found["raised"][:2] == ["ResourceDoesNotExist", "ResourceDoesNotExist"]
    assert len(found["raised"]) == 3
    assert [tuple(pair) for pair in found["warehouses"]] == [(session.warehouse_id, "RUNNING")]


@pytest.mark.parametrize("kind", ["token", "oauth"])
def test_the_installed_sdk_works_unchanged(workspace, session, kind):
    found = sdk_script.talk(workspace.http_url, session.warehouse_id, **_credentials(session, kind))
    _check(found, session)
    assert {record.auth for record in session.statements} == {"pat" if kind == "token" else "oauth"}
    assert "databricks-sdk-py" in session.statements[0].user_agent


@pytest.fixture(scope="session")
def old_sdk() -> Path:
    """databricks-sdk as dagster-databricks pins it, beside the installed one; its dependencies come from the venv."""
    target = PROJECT_ROOT / ".tools" / f"databricks-sdk-{OLD_SDK}"
    if not (target / "databricks" / "sdk").is_dir():
        uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
        installer = (
            [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
        )
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        wanted = ["--no-deps", "--target", str(fresh), f"databricks-sdk=={OLD_SDK}"]
        # Away from the project: its pyproject.toml makes uv replace any version of the SDK by the newer one.
        subprocess.run([*installer, *wanted], check=True, cwd=Path.home().anchor)
        try:
            fresh.rename(target)
        except OSError:
            # Another test process was first.
            shutil.rmtree(fresh)
    return target


@pytest.mark.parametrize("kind", ["token", "oauth"])
def test_the_older_sdk_works_unchanged(workspace, session, old_sdk, kind):
    run = subprocess.run(
        [
            sys.executable,
            sdk_script.__file__,
            workspace.http_url,
            session.warehouse_id,
            json.dumps(_credentials(session, kind)),
        ],
        env={"PYTHONPATH": str(old_sdk), "DATABRICKS_CONFIG_FILE": os.devnull, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["version"] == OLD_SDK
    _check(found, session)


def _credentials(session, kind):
    if kind == "token":
        return {"token": session.token}
    return {"client_id": session.client_id, "client_secret": session.client_secret}


NODE = """
const { HOST, TOKEN, WAREHOUSE, CLIENT_ID, CLIENT_SECRET } = process.env;
const post = async (token, statement, extra = {}) => {
  const response = await fetch(`${HOST}/api/2.0/sql/statements`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ statement, warehouse_id: WAREHOUSE, wait_timeout: "30s", ...extra }),
  });
  return { http: response.status, ...(await response.json()) };
};
const seven = { parameters: [{ name: "a", value: "7", type: "INT" }] };
const exchanged = await fetch(`${HOST}/oidc/v1/token`, {
  method: "POST",
  headers: {
    Authorization: `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString("base64")}`,
    "Content-Type": "application/x-www-form-urlencoded",
  },
  body: "grant_type=client_credentials&scope=all-apis",
}).then((response) => response.json());
console.log(JSON.stringify({
  rows: (await post(TOKEN, "SELECT n_name FROM samples.tpch.nation ORDER BY 1 LIMIT 2")).result.data_array,
  oauth: (await post(exchanged.access_token, "SELECT :a AS a", seven)).result.data_array,
  wrong: (await post("nope", "SELECT 1")).http,
  many: (await Promise.all([...Array(20).keys()].map((n) => post(TOKEN, `SELECT ${n}`))))
    .map((answer) => answer.result.data_array[0][0]),
}));
"""


def test_nodes_fetch_works_over_tls_with_the_runs_own_authority(workspace, session, tmp_path):
    (tmp_path / "ca.pem").write_bytes(workspace.ca_pem)
    (tmp_path / "app.mjs").write_text(NODE)
    environment = {
        "NODE_EXTRA_CA_CERTS": str(tmp_path / "ca.pem"),
        "HOST": workspace.https_url,
        "TOKEN": session.token,
        "WAREHOUSE": session.warehouse_id,
        "CLIENT_ID": session.client_id,
        "CLIENT_SECRET": session.client_secret,
    }
    node = find_tool("node", get_settings())
    assert node is not None, "Node is missing: run make setup"
    run = subprocess.run(
        [node.path, tmp_path / "app.mjs"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["rows"] == [["ALGERIA"], ["ARGENTINA"]]
    assert found["oauth"] == [["7"]]
    assert found["wrong"] == 403
    assert found["many"] == [str(n) for n in range(20)]
    assert len(session.statements) == 22

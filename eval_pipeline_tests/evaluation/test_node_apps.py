"""Node apps in forms that no control has: workspaces of npm, jest, bun's own runner, an app below the root."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.evaluation.controls.control import HERE as CONTROLS
from eval_pipeline.model import METRICS, AppEvaluation, Outcome

pytestmark = pytest.mark.timeout(600)  # all of them are judged in one fixture

APPS = Path(__file__).parent / "apps"


def workspaces(folder: Path) -> Path:
    """The good tRPC app as client and server in npm workspaces, with the lockfile that npm would make of it."""
    shutil.copytree(CONTROLS / "trpc" / "good", folder)
    whole = json.loads((folder / "package.json").read_text())
    runs, tools = whole["dependencies"], whole["devDependencies"]
    members: dict[str, dict[str, Any]] = {
        "client": {
            "scripts": {"build": "vite build"},
            "dependencies": {name: runs[name] for name in ("@trpc/client", "react", "react-dom")} | {"server": "*"},
            "devDependencies": {name: tools[name] for name in ("@types/react", "@types/react-dom", "vite")},
        },
        "server": {
            "scripts": {
                "build": whole["scripts"]["build"].partition("&& ")[2].replace("server/index.ts", "index.ts"),
                "start": "node dist/server.js",
                "test": "vitest run",
            },
            "dependencies": {name: runs[name] for name in ("@trpc/server", "express", "zod")},
            "devDependencies": {
                name: tools[name]
                for name in ("@types/express", "@types/node", "@vitest/coverage-v8", "esbuild", "typescript", "vitest")
            },
        },
    }
    root = {
        "name": "root",
        "private": True,
        "workspaces": ["client", "server"],
        "scripts": {"build": "npm run build --workspaces", "start": "node server/dist/server.js"},
    }
    lock = json.loads((folder / "package-lock.json").read_text())
    lock["packages"][""] = {"name": "root", "workspaces": ["client", "server"]}
    (folder / "package.json").write_text(json.dumps(root))
    for name, manifest in members.items():
        identity = {"name": name, "version": "1.0.0", "type": "module"}
        (folder / name / "package.json").write_text(json.dumps(identity | manifest))
        lock["packages"][name] = identity | {key: manifest[key] for key in ("dependencies", "devDependencies")}
        lock["packages"][f"node_modules/{name}"] = {"resolved": name, "link": True}
    (folder / "package-lock.json").write_text(json.dumps(lock))
    for name in ("vite.config.ts", "vitest.config.ts"):
        (folder / name).unlink()
    (folder / "client" / "vite.config.js").write_text(
        'export default { build: { outDir: "../server/dist/client", emptyOutDir: true } };'
    )
    config = folder / "server" / "tsconfig.json"
    config.write_text(config.read_text().replace("../node_modules/.cache", "../.cache").replace('["."]', '["*.ts"]'))
    (folder / "app.yaml").write_text("command: [npm, start]\n")
    return folder


def nested(folder: Path) -> Path:
    shutil.copytree(CONTROLS / "node" / "good", folder / "generated" / "web")
    (folder / "notes.md").write_text("The app is in generated/web.")
    return folder


def no_app(folder: Path) -> Path:
    folder.mkdir()
    (folder / "answer.md").write_text("I could not write the app.")
    return folder


@pytest.fixture(scope="module")
def judged(evaluator: Evaluator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, AppEvaluation]:
    folder = tmp_path_factory.mktemp("apps")
    trees = {
        "workspaces": workspaces(folder / "workspaces"),
        "jest": APPS / "jest",
        "bun": APPS / "bun",
        "nested": nested(folder / "nested"),
        "no-app": no_app(folder / "no-app"),
    }
    apps = [AppUnderTest(name, tree, f"evidence/2026-01-02/forms/{name}") for name, tree in trees.items()]
    return {e.app_name: e for e in evaluator.evaluate(apps, parallel=2, timeout_seconds=120, use_cache=False)}


def test_client_and_server_in_workspaces_pass_everything(judged: dict[str, AppEvaluation]) -> None:
    results = judged["workspaces"].results
    assert judged["workspaces"].stack == "trpc"
    failing = {m: (r.failure_code, r.reason) for m, r in results.items() if r.outcome is not Outcome.PASS}
    assert failing == {}
    # The root's vitest would find the server's tests once more.
    assert results["tests_pass"].evidence["total"] == 4


def test_jest_runs_with_the_options_of_the_apps_script_and_our_reporter(judged: dict[str, AppEvaluation]) -> None:
    result = judged["jest"].results["tests_pass"]
    assert result.outcome is Outcome.PASS, result.reason
    counts = {key: result.evidence[key] for key in ("runner", "total", "passed", "skipped")}
    assert counts == {"runner": "jest", "total": 3, "passed": 2, "skipped": 1}


def test_buns_own_runner_and_a_server_on_bun(judged: dict[str, AppEvaluation]) -> None:
    results = judged["bun"].results
    assert results["runtime_success"].outcome is Outcome.PASS, results["runtime_success"].reason
    result = results["tests_pass"]
    assert (result.failure_code, result.evidence["runner"]) == ("tests_failed", "bun")
    counts = [result.evidence[key] for key in ("total", "passed", "failed", "skipped")]
    assert counts == [3, 1, 1, 1]
    assert "first: fails" in result.reason


def test_a_nested_app_is_judged_and_loses_only_the_point_of_its_descriptor(judged: dict[str, AppEvaluation]) -> None:
    results = judged["nested"].results
    assert results["build_success"].evidence["nested_in"] == "generated/web"
    assert {m: r.failure_code for m, r in results.items() if r.outcome is Outcome.FAIL} == {
        "deployability_score": "no_descriptor"
    }
    assert results["deployability_score"].value == 4


def test_a_tree_without_an_app_fails_everywhere(judged: dict[str, AppEvaluation]) -> None:
    results = judged["no-app"].results
    assert results["build_success"].failure_code == "unsupported_stack"
    assert "answer.md" in results["build_success"].reason
    assert all(results[m].is_blocked for m in METRICS if m != "build_success")

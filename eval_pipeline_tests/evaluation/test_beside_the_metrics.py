"""What is recorded beside the metrics and never decides them: the Dockerfile's lint, an image build, a second opinion;
and API routes that the app describes itself."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.evaluation.controls import GOOD, Edit
from eval_pipeline.model import AppEvaluation, Outcome
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline_tests.anthropic_server import anthropic_server

NODE = next(control for control in GOOD if control.name == "good-node")
DOCKERFILE = (
    '# hadolint ignore=DL3007\nFROM node:latest\nWORKDIR /app\nCOPY . .\nRUN cd /tmp\nCMD ["node", "server.js"]\n'
)
KEY = "sk-ant-beside-canary-000000000000"


def judge(evaluator: Evaluator, folder: Path, *edits: Edit, use_cache: bool = False) -> AppEvaluation:
    if not folder.exists():
        NODE.write(folder)
        for edit in edits:
            edit.apply(folder)
    app = AppUnderTest(folder.name, folder, f"evidence/2026-01-01/test/{folder.name}")
    return evaluator.evaluate([app], parallel=1, timeout_seconds=60, use_cache=use_cache)[0]


def test_findings_of_the_linter_are_beside_the_build_and_the_app_cannot_silence_them(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    silence = Edit(".hadolint.yaml", new="ignored: [DL3007, DL3003]\n")
    found = judge(evaluator, tmp_path / "app", Edit("Dockerfile", new=DOCKERFILE), silence)
    result = found.results["build_success"]
    assert result.outcome is Outcome.PASS
    assert any("DL3007" in line and "line 2" in line for line in result.evidence["dockerfile_lint"])
    assert result.evidence["docker_build"] == "not evaluated: EVAL_DOCKER_BUILD is off"


def test_without_a_dockerfile_nothing_is_said_of_one(evaluator: Evaluator, tmp_path: Path) -> None:
    evidence = judge(evaluator, tmp_path / "app").results["build_success"].evidence
    assert not {"dockerfile_lint", "docker_build"} & set(evidence)


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("exit 1", "not evaluated: docker is here and its engine does not answer"),
        ("exit 0", "passed"),
        ("test $1 = version || { echo 'ERROR: no such image' >&2; exit 1; }", "failed: ERROR: no such image"),
    ],
)
def test_an_image_is_built_where_it_is_asked_for_and_an_engine_is_there(
    evaluation_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    said: str,
) -> None:
    # No engine can run in the tests: a program stands in its place that takes the same command line.
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    program = bin_folder / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n{engine}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}:/usr/local/bin:/usr/bin:/bin")
    settings = evaluation_settings.model_copy(update={"docker_build": True})
    with Evaluator(settings, ArtifactStore(tmp_path / "store")) as evaluator:
        result = judge(evaluator, tmp_path / "app", Edit("Dockerfile", new=DOCKERFILE)).results["build_success"]
    assert result.outcome is Outcome.PASS
    assert result.evidence["docker_build"] == said
    if said == "passed":
        _, build, remove = (tmp_path / "asked").read_text().splitlines()
        assert build.startswith("build --tag eval-pipeline-")
        assert remove.startswith("rmi --force eval-pipeline-")


@pytest.mark.parametrize(
    ("verdict", "page", "outcome"), [("broken", None, "pass"), ("sound", "<title>x</title>", "fail")]
)
def test_a_second_opinion_is_recorded_and_changes_no_outcome(
    evaluation_settings: Settings, tmp_path: Path, verdict: str, page: str | None, outcome: str
) -> None:
    blank = [] if page is None else [Edit("page.js", new=f"export const page = () => '{page}';\n")]
    with anthropic_server(json.dumps({"verdict": verdict, "reasons": ["as it looks"]})) as server:
        settings = evaluation_settings.model_copy(
            update={"vision": "anthropic", "anthropic_base_url": server.url}
            | {"anthropic_api_key": Settings(anthropic_api_key=KEY).anthropic_api_key}  # pyright: ignore[reportArgumentType]
        )
        with Evaluator(settings, ArtifactStore(tmp_path / "store")) as evaluator:
            result = judge(evaluator, tmp_path / "app", *blank, use_cache=True).results["ui_renders"]
            again = judge(evaluator, tmp_path / "app", use_cache=True)
    assert result.outcome == outcome
    assert result.evidence["vision"]["verdict"] == verdict
    assert again.cached
    assert again.results["ui_renders"].evidence["vision"]["verdict"] == verdict
    assert len(server.requests) == 3
    picture = server.requests[0]["messages"][0]["content"][0]["source"]["data"]
    assert base64.b64decode(picture).startswith(b"\x89PNG")


def test_an_api_that_the_broken_page_never_calls_is_judged_by_its_own_description(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    described = '{"openapi":"3.1.0","paths":{"/fares":{"get":{}},"/fares/{zip}":{"get":{}},"/drop":{"post":{}}}}'
    found = judge(
        evaluator,
        tmp_path / "app",
        Edit(
            "server.js",
            '} else if (request.url === "/") {',
            '} else if (request.url === "/openapi.json") {\n'
            f"      response.setHeader('content-type', 'application/json').end('{described}');\n"
            '    } else if (request.url === "/fares") {\n'
            "      response.setHeader('content-type', 'application/json').end(JSON.stringify(await rows()));\n"
            '    } else if (request.url === "/drop") {\n      process.exit(1);\n    } else if (request.url === "/") {',
        ),
        Edit("server.js", "page(await rows())", "'<h1>Fares</h1>soon'"),
    ).results
    assert found["runtime_success"].outcome is Outcome.PASS
    assert found["databricks_connectivity"].outcome is Outcome.PASS
    assert found["data_returned"].outcome is Outcome.PASS, found["data_returned"]
    assert found["ui_renders"].failure_code == "no_served_values_on_page"

"""The evaluator as a whole: apps that hang, are missing, were judged before, or were being judged when it was
killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.evaluation.controls import GOOD, Edit
from eval_pipeline.model import METRICS, AppEvaluation, Outcome, Prompt
from eval_pipeline.sandbox import Sandbox
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore

NODE = next(control for control in GOOD if control.name == "good-node")


def node_app(folder: Path, *edits: Edit) -> Path:
    """The small control app, which needs no dependencies."""
    NODE.write(folder)
    for edit in edits:
        edit.apply(folder)
    return folder


def judge(evaluator: Evaluator, tree: Path, seconds: float = 60, use_cache: bool = False) -> AppEvaluation:
    app = AppUnderTest(tree.name, tree, f"evidence/2026-01-01/test/{tree.name}")
    return evaluator.evaluate([app], parallel=1, timeout_seconds=seconds, use_cache=use_cache)[0]


def test_order_is_kept_and_progress_is_told(evaluator: Evaluator, tmp_path: Path) -> None:
    trees = [node_app(tmp_path / f"app-{i}") for i in range(3)]
    (tmp_path / "empty").mkdir()
    trees.insert(1, tmp_path / "empty")
    apps = [AppUnderTest(t.name, t, f"evidence/2026-01-01/order/{t.name}") for t in trees]
    told: list[str] = []
    found = evaluator.evaluate(apps, 2, 60, use_cache=False, progress=lambda e: told.append(e.app_name))
    assert [e.app_name for e in found] == [t.name for t in trees]
    assert sorted(told) == sorted(t.name for t in trees)
    assert told[0] == "empty"


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "link out", "not utf-8", "sparse"])
def test_a_tree_that_cannot_be_read_safely_is_the_apps_failure(evaluator: Evaluator, tmp_path: Path, kind: str) -> None:
    tree = tmp_path / "app"
    if kind == "file":
        tree.write_text("x")
    elif kind != "missing":
        tree.mkdir()
    if kind == "link out":
        (tree / "link").symlink_to("/etc/hostname")
    elif kind == "not utf-8":
        Path(os.fsdecode(bytes(tree) + b"/\xff\xfe.ts")).write_text("x")
    elif kind == "sparse":
        with (tree / "big.bin").open("wb") as file:
            file.truncate(10 * 1024**3)
    results = judge(evaluator, tree).results
    assert results["build_success"].failure_code == "invalid_tree"
    assert all(results[m].failure_code == "blocked_by:build_success" for m in METRICS[1:])


def test_an_invalid_package_json_is_the_apps_failure(evaluator: Evaluator, tmp_path: Path) -> None:
    tree = node_app(tmp_path / "app", Edit("package.json", new="{"))
    assert judge(evaluator, tree).results["build_success"].failure_code == "invalid_package_json"


def test_a_tree_of_no_known_stack_fails_its_build_and_says_what_was_looked_for(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    tree = tmp_path / "app"
    tree.mkdir()
    (tree / "NOTES.md").write_text("soon")
    found = judge(evaluator, tree)
    build = found.results["build_success"]
    assert (found.stack, build.failure_code) == ("unsupported", "unsupported_stack")
    assert "package.json" in build.reason and "NOTES.md" in build.reason
    assert {r.failure_code for m, r in found.results.items() if m != "build_success"} == {"blocked_by:build_success"}


def test_a_failed_generation_fails_everywhere_and_an_untried_one_is_unknown(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    apps = [
        AppUnderTest("a", tmp_path / "none", "evidence/x/a", not_generated=("refused", "the model declined")),
        AppUnderTest("b", tmp_path / "none", "evidence/x/b", not_generated=("not_tried", "the budget was spent")),
    ]
    failed, untried = evaluator.evaluate(apps, 2, 60)
    assert {(r.outcome, r.failure_code, r.value) for r in failed.results.values()} == {
        (Outcome.FAIL, "not_generated", 0)
    }
    assert {r.outcome for r in untried.results.values()} == {Outcome.UNKNOWN}


def test_an_app_that_hangs_in_its_build_and_its_tests_is_stopped_in_time(evaluator: Evaluator, tmp_path: Path) -> None:
    tree = node_app(
        tmp_path / "app",
        Edit("package.json", '"start": "node server.js"', '"build": "sleep 300", "start": "node server.js"'),
        Edit("page.test.js", "import assert", "await new Promise((done) => setTimeout(done, 300000));\nimport assert"),
    )
    began = time.monotonic()
    results = judge(evaluator, tree, seconds=4).results
    assert time.monotonic() - began < 30
    assert results["build_success"].failure_code == "build_timeout"
    assert results["tests_pass"].failure_code == "tests_timeout"


def test_an_app_that_never_listens_is_told_from_one_that_crashes(evaluator: Evaluator, tmp_path: Path) -> None:
    silent = node_app(
        tmp_path / "silent",
        Edit("server.js", '}).listen(Number(PORT), "0.0.0.0");', "});\nsetInterval(() => {}, 1000);"),
    )
    assert judge(evaluator, silent, seconds=6).results["runtime_success"].failure_code == "no_listener"


def test_an_app_that_fills_its_memory_in_the_build_is_stopped(evaluation_home: Path, tmp_path: Path) -> None:
    settings = Settings(pipeline_home=evaluation_home, app_memory_mb=256)
    hog = 'node -e \\"const a=[];for(;;)a.push(Buffer.alloc(1e7,1))\\"'
    tree = node_app(
        tmp_path / "app",
        Edit("package.json", '"start": "node server.js"', f'"build": "{hog}", "start": "node server.js"'),
    )
    with Evaluator(settings, ArtifactStore(tmp_path / "store"), tmp_path / "scratch") as evaluator:
        result = judge(evaluator, tree).results["build_success"]
    assert result.failure_code in ("build_out_of_memory", "build_failed")


def test_an_app_that_keeps_replies_in_memory_passes_after_a_restart(evaluator: Evaluator, tmp_path: Path) -> None:
    tree = node_app(
        tmp_path / "app",
        Edit(
            "server.js",
            "async function rows() {",
            "let kept;\nconst rows = async () => (kept ??= await fresh());\n\nasync function fresh() {",
        ),
    )
    result = judge(evaluator, tree).results["data_returned"]
    assert result.outcome is Outcome.PASS
    assert "restart" in result.reason


def test_values_that_come_by_event_stream_are_data(evaluator: Evaluator, tmp_path: Path) -> None:
    page = """export const page = () => `<!doctype html><title>Fares</title><link rel="icon" href="data:,"><pre
    id="o"></pre><script> new EventSource("/stream").onmessage = (e) => {
    document.getElementById("o").textContent = e.data; };</script>`;
"""
    tree = node_app(
        tmp_path / "app",
        Edit("page.js", new=page),
        Edit("page.test.js"),
        Edit(
            "server.js",
            '} else if (request.url === "/") {',
            '} else if (request.url === "/stream") {\n'
            '      response.setHeader("content-type", "text/event-stream");\n'
            "      response.write(`data: ${JSON.stringify(await rows())}\\n\\n`);\n"
            '    } else if (request.url === "/") {',
        ),
        Edit("server.js", "page(await rows())", "page()"),
    )
    results = judge(evaluator, tree).results
    assert results["data_returned"].outcome is Outcome.PASS, results["data_returned"]
    assert results["ui_renders"].outcome is Outcome.PASS, results["ui_renders"]
    assert results["tests_pass"].failure_code == "no_tests"


def test_a_reply_that_takes_its_time_is_waited_for(evaluator: Evaluator, tmp_path: Path) -> None:
    page = """export const page = () => `<!doctype html><title>Fares</title><link rel="icon" href="data:,"><pre
    id="o">Reading</pre><script>fetch("/rows").then((r) => r.text()).then((t) => {
    document.getElementById("o").textContent = t; });</script>`;
"""
    tree = node_app(
        tmp_path / "app",
        Edit("page.js", new=page),
        Edit("page.test.js"),
        Edit(
            "server.js",
            '} else if (request.url === "/") {',
            '} else if (request.url === "/rows") {\n      const found = await rows();\n'
            "      await new Promise((done) => setTimeout(done, 4000));\n"
            '      response.setHeader("content-type", "application/json").end(JSON.stringify(found));\n'
            '    } else if (request.url === "/") {',
        ),
        Edit("server.js", "page(await rows())", "page()"),
    )
    results = judge(evaluator, tree).results
    assert results["ui_renders"].outcome is Outcome.PASS, results["ui_renders"]
    assert results["data_returned"].outcome is Outcome.PASS, results["data_returned"]


def test_a_page_that_loops_for_ever_is_the_apps_failure(evaluator: Evaluator, tmp_path: Path) -> None:
    tree = node_app(tmp_path / "app", Edit("page.js", "</table></body>", "</table><script>for (;;) {}</script></body>"))
    assert judge(evaluator, tree, seconds=12).results["ui_renders"].failure_code == "page_load_failed"


def test_an_unchanged_app_comes_from_the_cache_and_a_changed_one_does_not(evaluator: Evaluator, tmp_path: Path) -> None:
    tree = node_app(tmp_path / "app", Edit("README.md", "# Trip", "# Unchanged trip"))
    first = judge(evaluator, tree, use_cache=True)
    again = judge(evaluator, tree, use_cache=True)
    assert (first.cached, again.cached) == (False, True)
    assert again.results == first.results
    assert again.measurements == first.measurements
    (tree / "README.md").write_text("# nothing\n")
    changed = judge(evaluator, tree, use_cache=True)
    assert not changed.cached
    assert changed.results["local_runability_score"].failure_code == "no_instructions"


def test_evidence_of_an_earlier_tree_does_not_stay(evaluator: Evaluator, tmp_path: Path) -> None:
    tree = node_app(tmp_path / "app")
    judge(evaluator, tree)
    uri = "evidence/2026-01-01/test/app"
    assert "screenshot-desktop.png" in evaluator._store.list(uri)
    Edit("server.js", new="process.exit(3)").apply(tree)
    results = judge(evaluator, tree).results
    assert results["runtime_success"].failure_code == "crashed_at_start"
    assert "screenshot-desktop.png" not in evaluator._store.list(uri)


def test_another_prompt_is_another_verdict(evaluator: Evaluator, tmp_path: Path) -> None:
    tree = node_app(tmp_path / "app")
    judge(evaluator, tree, use_cache=True)
    prompt = Prompt(id="p", text="other", category="c", complexity="simple", panel=True, datasets=())
    app = AppUnderTest("app", tree, "evidence/2026-01-01/test/app", prompt)
    assert not evaluator.evaluate([app], 1, 60)[0].cached


def test_ten_unchanged_apps_are_judged_again_in_half_a_second(evaluator: Evaluator, tmp_path: Path) -> None:
    tree = node_app(tmp_path / "app")
    judge(evaluator, tree, use_cache=True)
    apps = []
    for index in range(10):
        copy = tmp_path / f"copy-{index}"
        shutil.copytree(tree, copy)
        apps.append(AppUnderTest(copy.name, copy, f"evidence/2026-01-02/test/{copy.name}"))
    began = time.monotonic()
    found = evaluator.evaluate(apps, 2, 60)
    assert time.monotonic() - began < 0.5
    assert all(e.cached for e in found)
    log = found[9].results["runtime_success"].evidence["log"]
    assert log == "evidence/2026-01-02/test/copy-9/server.log"
    assert evaluator._store.exists(log)


def test_without_a_sandbox_foreign_apps_are_refused_and_trusted_ones_are_judged(
    evaluation_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = Sandbox.probe
    monkeypatch.setattr(Sandbox, "probe", lambda settings, scratch: probe(settings, scratch, at_most="L0"))
    settings = Settings(pipeline_home=evaluation_home)
    tree = node_app(tmp_path / "app")
    with Evaluator(settings, ArtifactStore(tmp_path / "store"), tmp_path / "scratch") as evaluator:
        apps = [
            AppUnderTest("foreign", tree, "evidence/x/foreign"),
            AppUnderTest("ours", tree, "evidence/x/ours", trusted=True),
        ]
        foreign, ours = evaluator.evaluate(apps, 1, 60)
    assert foreign.isolation == "L0"
    assert {r.outcome for r in foreign.results.values()} == {Outcome.UNKNOWN}
    assert foreign.results["build_success"].reason.startswith("unsandboxed_refused")
    outcomes = {m: (r.outcome, r.reason) for m, r in ours.results.items() if r.outcome is not Outcome.PASS}
    assert set(outcomes) == {"type_safety"}, outcomes


SCRIPT = """
import json, sys
from pathlib import Path
from eval_pipeline.evaluation import AppUnderTest, Evaluator
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore

home, store, scratch, trees = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
with Evaluator(Settings(pipeline_home=Path(home)), ArtifactStore(Path(store)), Path(scratch)) as evaluator:
    apps = [AppUnderTest(Path(t).name, Path(t), f"evidence/d/g/{Path(t).name}") for t in trees]
    for e in evaluator.evaluate(apps, 1, 60, progress=lambda e: print("done", e.app_name, flush=True)):
        print(json.dumps([e.app_name, e.cached]), flush=True)
"""


def test_a_batch_that_was_killed_does_only_what_is_missing(evaluation_home: Path, tmp_path: Path) -> None:
    trees = [str(node_app(tmp_path / f"app-{i}", Edit("README.md", "# Trip", f"# {i} Trip"))) for i in range(3)]
    argv = [
        sys.executable,
        "-c",
        SCRIPT,
        str(evaluation_home),
        str(tmp_path / "store"),
        str(tmp_path / "scratch"),
        *trees,
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "done app-0\n"
        first.send_signal(signal.SIGKILL)
    second = subprocess.run(argv, capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in second.stdout.splitlines() if line.startswith("[")]
    assert told == [["app-0", True], ["app-1", False], ["app-2", False]]
    assert not list((tmp_path / "store").rglob(".*"))

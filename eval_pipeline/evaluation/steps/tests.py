"""Runs an app's tests under a configuration of ours and reads the runner's machine-readable report.

vitest and Node's own runner are run here, jest, mocha and bun in runners.py; others are `not_applicable`. The
tests run in a copy of their own, so that they cannot touch the app that is started.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from eval_pipeline.evaluation.facts import TestFacts
from eval_pipeline.evaluation.stacks.base import Package, Project
from eval_pipeline.evaluation.steps.bench import Bench, app_path
from eval_pipeline.evaluation.steps.runner_reports import REPORT, RESULTS, count, jest_facts, read_json
from eval_pipeline.evaluation.steps.runners import RUNNERS, TESTS_SECONDS
from eval_pipeline.evaluation.verdicts import short

VITEST = "vitest/vitest.mjs"

_HERE = Path(__file__).parent
_OTHER_RUNNERS = ("ava", "tap", "@playwright/test", "cypress", "jasmine")
_CONFIG_FLAG = re.compile(r"^(?:--config|-c)(?:=(.*))?$")


def tested_packages(project: Project) -> list[Package]:
    """The packages with a test file or a test script; of workspaces the root's script mostly runs theirs once more.

    All of them when none has any: the runner says then that it found nothing.
    """
    files = [path for path, file in project.tree.files.items() if file.is_test]
    found = [
        package
        for package in project.packages
        if any(map(package.owns, files)) or (package.script("test") and not package.inner)
    ]
    return found or list(project.packages)


def run_tests(bench: Bench, copy: Path, package: Package, log: str) -> TestFacts:
    """Facts of one package's tests."""
    script = package.script("test") or ""
    if bench.has_module(package, VITEST) and "--test" not in script.split():
        return _vitest(bench, copy, package, script, log)
    if re.search(r"\b(node|tsx)\b.*--test\b", script) or _uses_node_test(bench, package):
        return _node_test(bench, copy, package, script, log)
    for runner in RUNNERS:
        if runner.is_meant(bench, package, script):
            return runner.run(bench, copy, package, script, log)
    other = next((name for name in _OTHER_RUNNERS if name in package.all_dependencies), None)
    if other:
        return TestFacts(other, None, unsupported=f"the runner {other} is not supported yet")
    return TestFacts("none", None)


def _uses_node_test(bench: Bench, package: Package) -> bool:
    return any(f.is_test and "node:test" in f.text for p, f in bench.project.tree.files.items() if package.owns(p))


def _vitest(bench: Bench, copy: Path, package: Package, script: str, log: str) -> TestFacts:
    home = copy / package.folder
    (home / RESULTS).mkdir(exist_ok=True)
    # Beside the app's own configuration, so that `vite` resolves to the app's.
    config = "evaluator.vitest.config.mjs"
    (home / config).write_bytes((_HERE / "vitest.config.mjs").read_bytes())
    has_coverage = bench.has_module(package, "@vitest/coverage-v8")
    env = {"EVALUATOR_COVERAGE": "1" if has_coverage else "0", "NODE_ENV": "test"}
    if named := _named_config(script):
        env["EVALUATOR_TEST_CONFIG"] = named
    command = bench.command(
        [
            "node",
            bench.module(package, VITEST) or VITEST,
            "run",
            "--config",
            config,
            "--configLoader",
            "native",
            *(f"--exclude={folder}/**" for folder in _below(package)),
        ],
        copy,
        package.folder,
        seconds=bench.remaining(TESTS_SECONDS),
        env=env,
    )
    return jest_facts("vitest", bench.run(command, log), home)


def _below(package: Package) -> list[str]:
    """Folders of the packages inside this one, as it sees them: their tests run under their own configuration."""
    return [folder if package.folder == "." else folder.removeprefix(f"{package.folder}/") for folder in package.inner]


def _named_config(script: str) -> str | None:
    try:
        words = shlex.split(script)
    except ValueError:
        return None
    for index, word in enumerate(words):
        if match := _CONFIG_FLAG.match(word):
            return match[1] or (words[index + 1] if index + 1 < len(words) else None)
    return None


def _node_test(bench: Bench, copy: Path, package: Package, script: str, log: str) -> TestFacts:
    home = copy / package.folder
    (home / RESULTS).mkdir(exist_ok=True)
    (home / RESULTS / "reporter.mjs").write_bytes((_HERE / "node_reporter.mjs").read_bytes())
    loader = ["--import", "tsx"] if bench.has_module(package, "tsx") else []
    command = bench.command(
        [
            "node",
            *loader,
            "--test",
            f"--test-reporter={app_path(package.folder)}/{RESULTS}/reporter.mjs",
            f"--test-reporter-destination={RESULTS}/tests.json",
            "--test-reporter=spec",
            "--test-reporter-destination=stdout",
            *_test_files(bench, package),
        ],
        copy,
        package.folder,
        seconds=bench.remaining(TESTS_SECONDS),
        env={"NODE_ENV": "test"},
    )
    result = bench.run(command, log)
    report = read_json(home, REPORT)
    if report is None:
        return TestFacts("node:test", result)
    failures = report.get("failures")
    return TestFacts(
        runner="node:test",
        command=result,
        has_report=True,
        total=count(report, "total"),
        passed=count(report, "passed"),
        failed=count(report, "failed"),
        skipped=count(report, "skipped"),
        failures=tuple(short(str(f), 300) for f in failures[:10]) if isinstance(failures, list) else (),
    )


def _test_files(bench: Bench, package: Package) -> list[str]:
    """The files that use the runner, one by one: what `node --test` finds by itself differs between versions."""
    inside = "" if package.folder == "." else package.folder + "/"
    return sorted(
        str(p).removeprefix(inside)
        for p, f in bench.project.tree.files.items()
        if package.owns(p) and f.is_code and re.search(r"[\"']node:test[\"']", f.text)
    )

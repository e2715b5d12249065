"""jest, mocha and bun's runner, each with a reporter of its own to a file of ours; the app's other options stay."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from eval_pipeline.evaluation.facts import CommandFacts, TestFacts
from eval_pipeline.evaluation.stacks.base import Package
from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.evaluation.steps.runner_reports import (
    MAX_REPORT_BYTES,
    REPORT,
    RESULTS,
    count,
    jest_facts,
    read_json,
)
from eval_pipeline.evaluation.verdicts import short
from eval_pipeline.sandbox import read_result
from eval_pipeline.sandbox.package_managers import TOOLS_TARGET

TESTS_SECONDS = 60.0
JUNIT = f"{RESULTS}/tests.xml"
JEST, MOCHA = "jest/bin/jest.js", "mocha/bin/mocha.js"

_OURS = re.compile(
    r"^--?(json|outputFile|reporters?|reporter-options?|reporter-outfile|O|R|watch\w*|w|passWithNoTests|pass-with-no-tests"
    r"|coverage\w*|bail|b|silent|forbid\w*|dry-run|exit)(=.*)?$"
)
_TAKES_VALUE = re.compile(r"^--?(outputFile|reporters?|reporter-options?|reporter-outfile|O|R)$")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")


@dataclass(frozen=True)
class Runner:
    """`is_meant` says whether a package's tests are for this runner."""

    is_meant: Callable[[Bench, Package, str], bool]
    run: Callable[[Bench, Path, Package, str, str], TestFacts]


def _jest(bench: Bench, copy: Path, package: Package, script: str, log: str) -> TestFacts:
    words, env = _options(script, "jest")
    # Ours last: `--reporters` takes every word that follows it.
    ours = ["--ci", "--json", f"--outputFile={REPORT}", "--passWithNoTests=false", "--watchAll=false"]
    ours += ["--watchman=false", "--bail=0", "--reporters=default"]
    result = _run(bench, copy, package, ["node", str(bench.module(package, JEST)), *words, *ours], env, log)
    return jest_facts("jest", result, copy / package.folder)


def _mocha(bench: Bench, copy: Path, package: Package, script: str, log: str) -> TestFacts:
    words, env = _options(script, "mocha")
    # `--exit`: a connection that a test left open must not take the time of all.
    ours = ["--exit", "--reporter", "json", "--reporter-option", f"output={REPORT}"]
    result = _run(bench, copy, package, ["node", str(bench.module(package, MOCHA)), *words, *ours], env, log)
    report = read_json(copy / package.folder, REPORT)
    stats = report.get("stats") if report else None
    if report is None or not isinstance(stats, dict):
        return TestFacts("mocha", result)
    listed = report.get("failures")
    failures = [_mocha_failure(f) for f in listed if isinstance(f, dict)] if isinstance(listed, list) else []
    passed, failed, skipped = count(stats, "passes"), count(stats, "failures"), count(stats, "pending")
    return TestFacts(
        "mocha", result, True, passed + failed + skipped, passed, failed, skipped, failures=(*failures[:10],)
    )


def _bun(bench: Bench, copy: Path, package: Package, script: str, log: str) -> TestFacts:
    words, env = _options(script, "test")
    argv = [f"{TOOLS_TARGET}/bun", "test", *words, "--reporter=junit", f"--reporter-outfile={JUNIT}"]
    result = _run(bench, copy, package, argv, env, log)
    data = read_result(JUNIT, copy / package.folder, MAX_REPORT_BYTES) or b""
    # Counts and names by their attributes: an XML parser would have to be trusted with what the app wrote.
    root = re.search(rb"<testsuites\b[^>]*>", data)
    if root is None:
        return TestFacts("bun", result)
    total, failed, skipped = (_attribute(root[0], name) for name in (b"tests", b"failures", b"skipped"))
    broken = re.findall(rb'<testcase name="([^"]*)"[^>]*>\s*<failure', data)
    failures = tuple(short(name.decode(errors="replace"), 300) for name in broken[:10])
    passed = max(0, total - failed - skipped)
    return TestFacts("bun", result, True, total, passed, failed, skipped, failures=failures)


def _run(bench: Bench, copy: Path, package: Package, argv: list[str], env: dict[str, str], log: str) -> CommandFacts:
    (copy / package.folder / RESULTS).mkdir(exist_ok=True)
    command = bench.command(
        argv, copy, package.folder, seconds=bench.remaining(TESTS_SECONDS), env={"NODE_ENV": "test"} | env
    )
    return bench.run(command, log)


def _options(script: str, runner: str) -> tuple[list[str], dict[str, str]]:
    """What the app's script adds to the runner's call, and the variables before it; nothing of a script that needs a
    shell."""
    if re.search(r"[;&|<>`(){}\n]|\$", script):
        return [], {}
    try:
        words = shlex.split(script)
    except ValueError:
        return [], {}
    names = [PurePosixPath(word).name.removesuffix(".js") for word in words]
    if runner not in names:
        return [], {}
    place = names.index(runner)
    before = [word for word in words[:place] if _ASSIGNMENT.fullmatch(word)]
    env = dict(word.split("=", 1) for word in before)
    flags = [word for word in words[:place] if word.startswith("--experimental")]
    if flags:
        env["NODE_OPTIONS"] = " ".join([env.get("NODE_OPTIONS", ""), *flags]).strip()
    kept: list[str] = []
    rest = iter(words[place + 1 :])
    for word in rest:
        if _TAKES_VALUE.match(word):
            next(rest, None)
        elif not _OURS.match(word):
            kept.append(word)
    return kept, env


def _mocha_failure(failure: dict[str, object]) -> str:
    error = failure.get("err")
    message = error.get("message") if isinstance(error, dict) else ""
    return short(f"{failure.get('fullTitle')}: {message}", 300)


def _attribute(tag: bytes, name: bytes) -> int:
    found = re.search(rb'\b%s="(\d{1,6})"' % name, tag)
    return int(found[1]) if found else 0


RUNNERS = (
    Runner(lambda bench, package, script: bench.has_module(package, JEST), _jest),
    Runner(lambda bench, package, script: bench.has_module(package, MOCHA), _mocha),
    Runner(
        lambda bench, package, script: (
            TOOLS_TARGET in bench.bin_folders and re.search(r"\bbun test\b", script) is not None
        ),
        _bun,
    ),
)

"""Runs the type checker that an app configures over all of its sources, whatever the app's own script covers."""

from __future__ import annotations

import re
from pathlib import Path

from eval_pipeline.evaluation.facts import CommandFacts, TypeFacts
from eval_pipeline.evaluation.stacks.python import checkers_of
from eval_pipeline.evaluation.steps.bench import Bench, read_log
from eval_pipeline.evaluation.steps.python_environment import (
    TESTS_ENVIRONMENT,
    tests_environment,
    variables,
)
from eval_pipeline.evaluation.verdicts import short

TYPES_SECONDS = 60.0
_MAX_FILES = 2000

_ERROR = {
    "mypy": re.compile(r"^.+?: error: .*$", re.MULTILINE),
    "pyright": re.compile(r"^\s+.+?:\d+:\d+ - error: .*$", re.MULTILINE),
    "ty": re.compile(r"^.+?:\d+:\d+: (?:error|fatal)\[.*$", re.MULTILINE),
}
_SUPPRESSION = re.compile(r"#\s*(?:type:\s*ignore|(?:based)?pyright:\s*ignore|ty:\s*ignore|mypy:\s*ignore-errors)")


def check_types(bench: Bench, copy: Path) -> TypeFacts | None:
    """Facts of the first checker that the app configures and has; None when it configures none."""
    tree = bench.project.tree
    asked = checkers_of(tree)
    sources = [p for p in tree.files if p.suffix == ".py"][:_MAX_FILES]
    if not asked or not sources:
        return None
    environment = bench.environments[TESTS_ENVIRONMENT]
    checker = next((name for name in asked if (environment / "bin" / name).exists()), None)
    suppressions = sum(len(_SUPPRESSION.findall(tree.files[p].text)) for p in sources)
    if checker is None:
        return TypeFacts(CommandFacts(None, 0.0), (), 0, (), 0, (), has_compiler=False, checker=asked[0])
    venv, mounts = tests_environment(bench)
    command = bench.command(
        [*_arguments(checker, venv), *map(str, sources)],
        copy,
        ".",
        seconds=bench.remaining(TYPES_SECONDS),
        env=variables(venv),
        mounts=mounts,
    )
    result = bench.run(command, "types.log")
    errors = [line.strip() for line in _ERROR[checker].findall(read_log(bench.evidence / "types.log", 4_000_000))]
    return TypeFacts(
        command=result,
        errors=tuple(short(e, 300) for e in errors[:20]),
        error_count=len(errors),
        configs=(checker,),
        files_checked=len(sources),
        unchecked=(),
        suppressions=suppressions,
        is_strict=bool(
            re.search(
                r"^\s*(?:strict\s*=\s*true|typeCheckingMode\s*=\s*.strict)",
                tree.text("pyproject.toml") or "",
                re.M | re.I,
            )
        ),
        checker=checker,
    )


def _arguments(checker: str, venv: str) -> list[str]:
    """Sources are named one by one, so that nothing of them is left out by the app's own choice."""
    python = f"{venv}/bin/python"
    if checker == "mypy":
        # By its path from the root, a file is one module however it is reached.
        flags = ["--explicit-package-bases", "--namespace-packages", "--no-pretty", "--show-error-codes"]
        return [python, "-m", "mypy", "--no-incremental", "--cache-dir=/dev/null", *flags]
    if checker == "pyright":
        return [f"{venv}/bin/pyright", "--pythonpath", python]
    return [f"{venv}/bin/ty", "check", "--python", venv, "--output-format", "concise", "--color", "never"]

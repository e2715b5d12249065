"""What is said of an app's Dockerfile beside `build_success`: a linter's findings and, where it is asked for and an
engine is at hand, whether the image builds. Neither decides a metric."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from eval_pipeline.evaluation.facts import Trouble
from eval_pipeline.evaluation.steps.bench import Bench, read_log, telling_lines
from eval_pipeline.evaluation.verdicts import short
from eval_pipeline.sandbox import Mount
from eval_pipeline.settings import child_environment, search_path

DOCKERFILE = "Dockerfile"
ENGINES = ("docker", "podman")
LINT_SECONDS = 20.0
BUILD_SECONDS = 600.0
ENGINE_SECONDS = 20.0
MAX_FINDINGS = 10
_LINTER = "/opt/hadolint"
_NOT_EVALUATED = "not evaluated: "


def image_evidence(bench: Bench) -> dict[str, Any]:
    """Facts for the evidence of `build_success`; empty without a Dockerfile."""
    if bench.project.tree.text(DOCKERFILE) is None:
        return {}
    copy = bench.copy("image")
    return {"dockerfile_lint": lint(bench, copy), "docker_build": build_image(bench, copy)}


def lint(bench: Bench, copy: Path) -> list[str] | str:
    """hadolint's findings, worst first, or why there are none to be had. It reads the app's text, so it is sandboxed
    too, and the app's own configuration of it is left aside."""
    linter = _find("hadolint", str(Path(sys.executable).parent))
    if linter is None:
        return f"{_NOT_EVALUATED}hadolint is not installed"
    try:
        command = bench.command(
            # From a folder where the app can have put no configuration.
            ["sh", "-c", f"cd / && exec {_LINTER} --no-fail --disable-ignore-pragma --format json /app/{DOCKERFILE}"],
            copy,
            ".",
            seconds=LINT_SECONDS,
            mounts=(Mount(linter, _LINTER),),
        )
        facts = bench.run(command, "dockerfile.log")
    except Trouble as trouble:
        return f"{_NOT_EVALUATED}{short(str(trouble), 200)}"
    found = _findings(read_log(bench.evidence / "dockerfile.log")) if facts.exit_code == 0 else None
    return f"{_NOT_EVALUATED}hadolint: {facts.tail or 'no answer'}" if found is None else found


def _findings(output: str) -> list[str] | None:
    try:
        listed = json.loads(output)
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, list):
        return None
    order = ("error", "warning", "info", "style")
    rows = [row for row in listed if isinstance(row, dict) and row.get("level") in order]
    rows.sort(key=lambda row: order.index(row["level"]))
    return [
        short(f"{row['level']} {row.get('code')} line {row.get('line')}: {row.get('message')}", 200)
        for row in rows[:MAX_FINDINGS]
    ]


def build_image(bench: Bench, copy: Path) -> str:
    """`passed`, `failed: …`, or why it was not tried. The image is removed again.

    The engine runs the Dockerfile's instructions outside our sandbox; that is why it must be asked for.
    """
    if not bench.settings.docker_build:
        return f"{_NOT_EVALUATED}EVAL_DOCKER_BUILD is off"
    engine = next((path for name in ENGINES if (path := _find(name))), None)
    if engine is None:
        return f"{_NOT_EVALUATED}neither docker nor podman is here"
    if not _answers(engine):
        return f"{_NOT_EVALUATED}{engine.name} is here and its engine does not answer"
    tag = f"eval-pipeline-{secrets.token_hex(6)}"
    log = bench.evidence / "docker.log"
    try:
        with log.open("wb") as output:
            done = subprocess.run(
                [engine, "build", "--tag", tag, "--file", str(copy / DOCKERFILE), str(copy)],
                stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=child_environment(),
                timeout=bench.remaining(BUILD_SECONDS), check=False,
            )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "failed: the image did not build in its time"
    except OSError as error:
        return f"{_NOT_EVALUATED}{engine.name} cannot be run: {error.strerror}"
    if done.returncode != 0:
        return f"failed: {telling_lines(log)}"
    subprocess.run([engine, "rmi", "--force", tag], capture_output=True, env=child_environment(), check=False)
    return "passed"


def _answers(engine: Path) -> bool:
    try:
        done = subprocess.run(
            [engine, "version"], capture_output=True, env=child_environment(), timeout=ENGINE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _find(name: str, first: str = "") -> Path | None:
    path = shutil.which(name, path=":".join(filter(None, (first, search_path()))))
    return Path(path) if path else None

"""9 deployability_score 0–5: descriptor, port and interface, health check, no secrets, declared and locked
dependencies."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from eval_pipeline.evaluation.facts import AppFault, BuildFacts, RunFacts
from eval_pipeline.evaluation.metrics.points import Point, blocked_point, score
from eval_pipeline.evaluation.secrets_scan import Finding
from eval_pipeline.model import MetricResult

METRIC = "deployability_score"
VERSION = 1

_INSTRUCTIONS = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)
_HEREDOC = re.compile(r"<<-?[\"']?(\w+)")


def judge(
    app_yaml: str | None,
    app_yaml_problem: str | None,
    dockerfile: str | None,
    bundle: str | None,
    secrets: Sequence[Finding],
    dependencies: AppFault | None,
    build: BuildFacts | None,
    run: RunFacts | None,
) -> MetricResult:
    """`build` or `run` is None when what comes before it failed."""
    return score(
        METRIC,
        (
            _descriptor(app_yaml, app_yaml_problem, dockerfile, bundle),
            _port(run),
            _health(run),
            Point("secrets", "secret_in_tree", "; ".join(map(str, secrets[:3]))) if secrets else Point("secrets"),
            _dependencies(dependencies, build, run),
        ),
    )


def _descriptor(app_yaml: str | None, problem: str | None, dockerfile: str | None, bundle: str | None) -> Point:
    if app_yaml is None and dockerfile is None and bundle is None:
        return Point("descriptor", "no_descriptor", "no app.yaml, Dockerfile or databricks.yml")
    problem = problem or (dockerfile is not None and dockerfile_problem(dockerfile)) or _bundle_problem(bundle)
    return Point("descriptor", "invalid_descriptor", problem) if problem else Point("descriptor")


def dockerfile_problem(text: str) -> str | None:
    """What is wrong with a Dockerfile, as far as its text tells: no image is built."""
    found: list[str] = []
    lines = iter(text.splitlines())
    for raw in lines:
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        word = line.split(maxsplit=1)[0].upper()
        if word not in _INSTRUCTIONS:
            return f"Dockerfile: {word[:40]!r} is not an instruction"
        if word != "ARG" and "FROM" not in found and word != "FROM":
            return "Dockerfile: it does not begin with FROM"
        found.append(word)
        for end in _HEREDOC.findall(line):
            next((inner for inner in lines if inner.strip() == end), None)
        while line.endswith("\\"):
            line = next(lines, "").strip()
            if line.startswith("#") or not line:
                line = "\\"
    if "FROM" not in found:
        return "Dockerfile: no FROM"
    if "CMD" not in found and "ENTRYPOINT" not in found:
        return "Dockerfile: neither CMD nor ENTRYPOINT"
    return None


def _bundle_problem(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        root = yaml.safe_load(text[:64_000])
    except (yaml.YAMLError, RecursionError) as error:
        return f"databricks.yml: {str(error)[:200]}"
    return None if isinstance(root, dict) and "bundle" in root else "databricks.yml: no bundle"


def _port(run: RunFacts | None) -> Point:
    if run is None:
        return blocked_point("port", "build_success")
    if run.listening:
        return Point("port")
    if run.other_ports:
        return Point("port", "port_not_bound", f"listens on {run.other_ports[0]} instead of {run.port}")
    return blocked_point("port", "runtime_success")


def _health(run: RunFacts | None) -> Point:
    if run is None:
        return blocked_point("health", "build_success")
    if not run.listening:
        return blocked_point("health", "runtime_success")
    if run.health:
        return Point("health")
    return Point("health", "no_health_check", "no health route answers 2xx for itself")


def _dependencies(fault: AppFault | None, build: BuildFacts | None, run: RunFacts | None) -> Point:
    if fault:
        return Point("dependencies", "lockfile_unusable", fault.reason)
    if build and build.unlocked:
        return Point("dependencies", "lockfile_unusable", f"without an exact version: {', '.join(build.unlocked[:8])}")
    missing = {*(build.imports_undeclared if build else ()), *(run.modules_missing if run else ())}
    if missing:
        names = ", ".join(sorted(missing)[:5])
        return Point("dependencies", "dependency_undeclared", f"not among dependencies: {names}")
    return Point("dependencies")

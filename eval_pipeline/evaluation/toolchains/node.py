"""Node projects: dependencies by lockfile, build and test scripts of package.json, the TypeScript compiler."""

from __future__ import annotations

from pathlib import Path

from eval_pipeline.evaluation.codes import DEPENDENCIES
from eval_pipeline.evaluation.facts import AppFault, TestFacts, Trouble, TypeFacts
from eval_pipeline.evaluation.stacks.base import Project
from eval_pipeline.evaluation.steps import tests, types
from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.evaluation.steps.build import build, npm_env
from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox.dependencies import DependencyError

__all__ = ["build", "check_types", "install", "run_tests", "start_environment"]


def install(bench: Bench) -> None:
    for package in bench.project.packages:
        if not package.all_dependencies:
            continue
        try:
            bench.stores[package.folder] = bench.dependencies.ensure(bench.project.tree.root / package.folder)
        except DependencyError as error:
            code = error.code if error.code in DEPENDENCIES else "install_failed"
            raise AppFault(code, error.reason) from error
        except EvaluatorError as error:
            raise Trouble(f"dependencies: {error}") from error


def check_types(bench: Bench, copy: Path) -> list[TypeFacts]:
    found = (types.check_types(bench, copy, p, f"types{_suffix(p.folder)}.log") for p in bench.project.packages)
    return [facts for facts in found if facts is not None]


def run_tests(bench: Bench, copy: Path) -> list[TestFacts]:
    return [tests.run_tests(bench, copy, p, f"tests{_suffix(p.folder)}.log") for p in bench.project.packages]


def start_environment(project: Project) -> dict[str, str]:
    return {"NODE_ENV": "production"} | (npm_env(project.packages[-1], "start") if project.packages else {})


def _suffix(folder: str) -> str:
    return "" if folder == "." else f"-{folder}"

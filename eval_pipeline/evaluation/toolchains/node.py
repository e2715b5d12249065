"""Node projects: dependencies by lockfile, build and test scripts of package.json, the TypeScript compiler."""

from __future__ import annotations

import re
from pathlib import Path

from eval_pipeline.evaluation.codes import DEPENDENCIES
from eval_pipeline.evaluation.facts import AppFault, TestFacts, Trouble, TypeFacts
from eval_pipeline.evaluation.stacks.base import Package, Project
from eval_pipeline.evaluation.stacks.workspaces import needed_by_others, under
from eval_pipeline.evaluation.steps import tests, types
from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.evaluation.steps.build import build, npm_env, run_script
from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import Mount
from eval_pipeline.sandbox.dependencies import DependencyError
from eval_pipeline.sandbox.lockfiles import lockfile_of
from eval_pipeline.sandbox.package_managers import INSTALLERS, TOOLS_TARGET

__all__ = ["build", "check_types", "install", "run_tests", "start_environment"]


def install(bench: Bench) -> None:
    packages = bench.project.packages
    for package in packages:
        covered = [p for p in packages if p.workspace_of == package.folder]
        if package.workspace_of is not None:
            continue
        try:
            _show_package_manager(bench, package)
            if not any(p.all_dependencies for p in (package, *covered)):
                continue
            found = bench.dependencies.ensure_all(bench.project.tree.root / package.folder, bench.holder)
        except DependencyError as error:
            code = error.code if error.code in DEPENDENCIES else "install_failed"
            raise AppFault(code, error.reason) from error
        except EvaluatorError as error:
            raise Trouble(f"dependencies: {error}") from error
        bench.stores |= {under(package.folder, folder): modules for folder, modules in found.items()}


def check_types(bench: Bench, copy: Path) -> list[TypeFacts]:
    _build_libraries(bench, copy, "types")
    found = (types.check_types(bench, copy, p, f"types{_suffix(p.folder)}.log") for p in bench.project.packages)
    return [facts for facts in found if facts is not None]


def run_tests(bench: Bench, copy: Path) -> list[TestFacts]:
    _build_libraries(bench, copy, "tests")
    packages = tests.tested_packages(bench.project)
    return [tests.run_tests(bench, copy, p, f"tests{_suffix(p.folder)}.log") for p in packages]


def start_environment(project: Project, port: int) -> dict[str, str]:
    return {"NODE_ENV": "production"} | (npm_env(project.packages[-1], "start") if project.packages else {})


def _show_package_manager(bench: Bench, package: Package) -> None:
    """Lets scripts call the package manager that the app is installed with (`pnpm -r build`, `bun server.ts`)."""
    named = str(package.manifest.get("packageManager", "")).partition("@")[0]
    manager = lockfile_of(bench.project.tree.root / package.folder, named) or named
    if not manager and re.search(r"\bbun\b", " ".join(package.scripts.values())):
        # Without dependencies bun leaves no lockfile.
        manager = "bun"
    tool = INSTALLERS[manager].tool(bench.settings) if manager in INSTALLERS else None
    if tool is not None and TOOLS_TARGET not in bench.bin_folders:
        bench.mounts.append(Mount(tool, TOOLS_TARGET))
        bench.bin_folders.append(TOOLS_TARGET)


def _build_libraries(bench: Bench, copy: Path, step: str) -> None:
    """Builds the workspaces that others import, as their types and files may be in what the build makes.

    A build that fails is the business of build_success; the step that needed it says what it lacks.
    """
    for package in needed_by_others(bench.project.packages):
        run_script(bench, copy, package, "build", f"{step}-prepare{_suffix(package.folder)}.log")


def _suffix(folder: str) -> str:
    return "" if folder == "." else f"-{folder.replace('/', '-')}"

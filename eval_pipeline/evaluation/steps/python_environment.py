"""Where a Python app's packages are inside the sandbox, and what its commands see of them."""

from __future__ import annotations

from pathlib import Path

from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.sandbox import Mount
from eval_pipeline.sandbox.python_dependencies import VENV, interpreter, site_packages

APP_ENVIRONMENT = "app"
TESTS_ENVIRONMENT = "tests"
PYTEST_ENVIRONMENT = "pytest"

_TESTS_VENV = "/opt/venv-tests"
_PYTEST_VENV = "/opt/venv-pytest"

VARIABLES = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
"""No bytecode beside the app's sources, and nothing of a log lost when a process ends."""


def show_app_environment(bench: Bench) -> None:
    """Lets every command see the interpreter and the app's own environment."""
    _, python_mounts = interpreter()
    bench.mounts += [*python_mounts, Mount(bench.environments[APP_ENVIRONMENT], VENV)]
    bench.bin_folders.append(f"{VENV}/bin")


def tests_environment(bench: Bench) -> tuple[str, tuple[Mount, ...]]:
    """The environment for tests and type checks: its place inside, and what a command must be shown besides."""
    source = bench.environments[TESTS_ENVIRONMENT]
    if source == bench.environments[APP_ENVIRONMENT]:
        return VENV, ()
    return _TESTS_VENV, (Mount(source, _TESTS_VENV),)


def own_pytest(bench: Bench) -> tuple[str | None, tuple[Mount, ...]]:
    """Where our own pytest is, for an app that does not bring one."""
    source = bench.environments.get(PYTEST_ENVIRONMENT)
    if source is None:
        return None, ()
    return site_packages(_PYTEST_VENV), (Mount(source, _PYTEST_VENV),)


def variables(venv: str) -> dict[str, str]:
    return VARIABLES | {"VIRTUAL_ENV": venv}


def provides(environment: Path, module: str) -> bool:
    """Whether `import module` finds something in an environment of the store."""
    folder = Path(site_packages(str(environment)))
    if (folder / module).is_dir() or (folder / f"{module}.py").is_file():
        return True
    return any(folder.glob(f"{module}.*.so")) or (folder / f"{module}.so").is_file()


def holds(environment: Path, module: str) -> bool:
    """Whether an environment of the store has a package, by its import name."""
    return (Path(site_packages(str(environment))) / module).is_dir()

"""Sandboxes shared by the tests of this folder, one per level, and the Python that hostile programs are written in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eval_pipeline.sandbox import Command, CommandResult, Level, Limits, Mount, Sandbox
from eval_pipeline.settings import Settings

CANARY = "canary-secret-of-the-evaluator"
QUICK = Limits(memory_mb=512, processes=64, seconds=20, output_mb=0.25, disk_mb=64)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(pipeline_home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def open_sandbox(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Level], Sandbox]]:
    """Opens each level once; skips what this machine cannot give."""
    os.environ["EVAL_TEST_CANARY"] = CANARY
    sandboxes: dict[str, Sandbox] = {}

    def open_one(level: Level) -> Sandbox:
        if level not in sandboxes:
            sandboxes[level] = Sandbox.probe(settings, tmp_path_factory.mktemp("scratch"), at_most=level)
        if sandboxes[level].level != level:
            pytest.skip(f"{level} is not to be had here: {sandboxes[level].describe()}")
        return sandboxes[level]

    yield open_one
    for sandbox in sandboxes.values():
        sandbox.close()
    del os.environ["EVAL_TEST_CANARY"]


@pytest.fixture(params=["L3", "L2"])
def sandbox(request: pytest.FixtureRequest, open_sandbox: Callable[[Level], Sandbox]) -> Sandbox:
    return open_sandbox(request.param)


@pytest.fixture(scope="session")
def any_sandbox(settings: Settings, open_sandbox: Callable[[Level], Sandbox]) -> Sandbox:
    """The best level there is, where the level makes no difference."""
    for level in ("L3", "L2"):
        try:
            return open_sandbox(level)
        except pytest.skip.Exception:
            continue
    pytest.skip("no namespaces here")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    return folder


def python_mounts() -> tuple[str, list[Mount]]:
    """Where this very Python is inside, and the mount that puts it there."""
    prefix = Path(sys.base_prefix)
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if prefix == Path("/usr"):
        return f"/usr/bin/{name}", []
    return f"/opt/python/bin/{name}", [Mount(prefix, "/opt/python")]


def python_command(app: Path, code: str, limits: Limits = QUICK, **kwargs: object) -> Command:
    """A program in `app`, run as /app/program.py."""
    (app / "program.py").write_text(code)
    python, mounts = python_mounts()
    mounts = [*mounts, Mount(app, "/app", writable=True), *kwargs.pop("mounts", [])]  # pyright: ignore[reportGeneralTypeIssues]
    return Command([python, "-S", "-u", "program.py"], mounts=mounts, limits=limits, **kwargs)  # pyright: ignore[reportArgumentType]


def run_python(
    sandbox: Sandbox, app: Path, code: str, limits: Limits = QUICK, **kwargs: object
) -> tuple[CommandResult, str]:
    """The result, and what was printed."""
    log = app.parent / "log.txt"
    result = sandbox.run(python_command(app, code, limits, **kwargs), log)
    return result, log.read_text(errors="replace")


def processes_with(marker: str) -> list[int]:
    """Processes of this machine that have `marker` in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if marker.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found

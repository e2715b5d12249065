"""The bench that one app is judged on: scratch copies of its tree, its dependencies, its clock, and commands in
the sandbox."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from eval_pipeline.evaluation.facts import CommandFacts, Trouble
from eval_pipeline.evaluation.stacks.base import Package, Project
from eval_pipeline.evaluation.verdicts import short
from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import Command, CommandResult, Limits, Mount, Sandbox
from eval_pipeline.sandbox.dependencies import CACHE_FOLDERS, DependencyStore
from eval_pipeline.sandbox.profile import PATH as SANDBOX_PATH
from eval_pipeline.settings import Settings

APP = "/app"
NOT_COPIED = shutil.ignore_patterns("node_modules", ".git", ".eval")
OVERLOADED_LOAD = 6.0
"""Runnable processes per core above which a time-out is the machine's doing: the limits are 20 to 60 times the
usual times."""

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[\]P].*?(?:\x07|\x1b\\)")
_TELLING = re.compile(r"error|cannot|fail|exception|missing|not found|denied|illegal|EADDR", re.IGNORECASE)


@dataclass
class Bench:
    """Everything that the steps of one app share. `deadline` is in time.monotonic() seconds."""

    sandbox: Sandbox
    dependencies: DependencyStore
    settings: Settings
    node: Path
    project: Project
    scratch: Path
    deadline: float
    stores: dict[str, Path] = field(default_factory=dict)
    """The `node_modules` to show in each package's folder."""
    mounts: list[Mount] = field(default_factory=list)
    """What else every command sees."""
    bin_folders: list[str] = field(default_factory=list)
    """Folders inside the sandbox that come first on PATH."""
    environments: dict[str, Path] = field(default_factory=dict)
    """Python environments of the store, by what they are for."""

    holder: ExitStack = field(default_factory=ExitStack)
    """Closed when the app is judged: until then its entries of the dependency store are not removed."""

    @property
    def evidence(self) -> Path:
        return self.scratch / "evidence"

    def remaining(self, at_most: float) -> float:
        return max(0.5, min(at_most, self.deadline - time.monotonic()))

    def copy(self, name: str) -> Path:
        """A fresh writable copy of the tree, with mount points for the dependencies."""
        target = self.scratch / name
        shutil.copytree(self.project.tree.root, target, symlinks=True, ignore=NOT_COPIED)
        for folder in self.stores:
            (target / folder / "node_modules").mkdir(parents=True, exist_ok=True)
        return target

    def module(self, package: Package, path: str) -> str | None:
        """Where a file of an installed package is inside the sandbox, as the package would find it; None if nowhere."""
        folder = PurePosixPath(package.folder)
        for place in map(str, (folder, *folder.parents)):
            store = self.stores.get(place)
            if store is not None and (store / path).exists():
                return f"{app_path(place)}/node_modules/{path}"
        return None

    def has_module(self, package: Package, path: str) -> bool:
        return self.module(package, path) is not None

    def command(
        self,
        argv: list[str],
        copy: Path,
        folder: str,
        *,
        seconds: float,
        env: dict[str, str] | None = None,
        network: str = "none",
        hosts: dict[str, str] | None = None,
        mounts: tuple[Mount, ...] = (),
    ) -> Command:
        """A command on a copy of the tree, in the package at `folder`."""
        at = app_path(folder)
        stores = [Mount(store, f"{app_path(name)}/node_modules", writable=False) for name, store in self.stores.items()]
        bins = [f"{at}/node_modules/.bin", f"{APP}/node_modules/.bin"]
        path = ":".join([*dict.fromkeys([*self.bin_folders, *bins]), SANDBOX_PATH, str(self.node.parent)])
        base = {"PATH": path, "CI": "1", "NO_COLOR": "1"}
        return Command(
            argv=argv,
            cwd=at,
            env=base | (env or {}),
            mounts=[Mount(copy, APP, writable=True), *stores, *self.mounts, *mounts],
            tmpfs=[f"{app_path(name)}/node_modules/{cache}" for name in self.stores for cache in CACHE_FOLDERS],
            limits=Limits(
                memory_mb=self.settings.app_memory_mb,
                processes=self.settings.app_processes,
                seconds=seconds,
                output_mb=self.settings.app_output_mb,
                disk_mb=self.settings.app_disk_mb,
            ),
            network=network,  # pyright: ignore[reportArgumentType]
            hosts=hosts or {},
        )

    def run(self, command: Command, log: str) -> CommandFacts:
        """Runs a command to its end; its output goes to the evidence file `log`.

        Raises:
            Trouble: the sandbox broke.
        """
        path = self.evidence / log
        try:
            result = self.sandbox.run(command, path)
        except EvaluatorError as error:
            raise Trouble(f"{log.removesuffix('.log')}: {error}") from error
        return self.facts_of(result, path)

    def facts_of(self, result: CommandResult, log: Path) -> CommandFacts:
        """The result as facts.

        Raises:
            Trouble: it ran out of time while the machine was overloaded.
        """
        if result.timed_out and is_machine_overloaded():
            raise Trouble(f"{log.stem}: out of time on an overloaded machine")
        tail = "" if result.ended_well else telling_lines(log)
        if result.output_exceeded:
            tail = f"it printed more than {self.settings.app_output_mb} MB"
        if result.disk_exceeded:
            tail = f"it wrote more than {self.settings.app_disk_mb} MB"
        return CommandFacts(
            exit_code=result.exit_code if result.ended_well or result.exit_code else None,
            seconds=round(result.seconds, 3),
            timed_out=result.timed_out,
            out_of_memory=result.out_of_memory,
            tail=tail,
        )


def app_path(folder: str) -> str:
    """Where a package's folder is inside the sandbox."""
    return APP if folder == "." else f"{APP}/{folder}"


def read_log(log: Path, limit: int = 200_000) -> str:
    """The end of a log as text without terminal codes."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - limit))
            return _ANSI.sub("", file.read().decode("utf-8", errors="replace"))
    except FileNotFoundError:
        return ""


def telling_lines(log: Path) -> str:
    """The lines of a log that most likely say why it failed."""
    lines = [line.strip() for line in read_log(log).splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line) and not line.startswith("at ")]
    return short(" · ".join(telling[:3] or lines[-3:]), 300)


def load_per_core() -> float:
    """Runnable processes per core over the last minute; a batch of our own makes it about 2."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def is_machine_overloaded() -> bool:
    return load_per_core() > OVERLOADED_LOAD

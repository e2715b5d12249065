"""What is run and what came of it: plain values, no processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Level = Literal["L3", "L2", "L0"]
"""L3: namespaces and control groups. L2: namespaces, rlimits and a watch. L0: no containment."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one command's whole process tree."""

    memory_mb: int = 2048
    processes: int = 512
    seconds: float | None = 300
    output_mb: float = 8
    disk_mb: int = 512


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine, shown at `target` inside. Read-only unless `writable`."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Command:
    """One command line with everything it may see.

    `network`: "none" and "app" are an empty network namespace with only loopback (the same thing; "app" says that
    the evaluator will call in), "host" is the machine's network, for dependency installs only. `tmpfs` are further
    folders that are writable and forgotten. `hosts` adds names to /etc/hosts.
    """

    argv: tuple[str, ...] | list[str]
    cwd: str = "/app"
    env: dict[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] | list[Mount] = ()
    tmpfs: tuple[str, ...] | list[str] = ()
    limits: Limits = field(default_factory=Limits)
    network: Literal["none", "app", "host"] = "none"
    hosts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CommandResult:
    """How a command ended.

    `exit_code` is None when we ended it (time, output, disk, memory, stop), 128 + N after signal N of its own.
    """

    exit_code: int | None
    timed_out: bool
    out_of_memory: bool
    output_exceeded: bool
    disk_exceeded: bool
    seconds: float
    cpu_seconds: float
    log: Path

    @property
    def ended_well(self) -> bool:
        """Whether it ended by itself with exit code 0, inside its bounds."""
        return self.exit_code == 0 and not self.out_of_memory and not self.disk_exceeded

"""Control groups, version 1 or 2, wherever this process may make one below a group it is in."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

_V1_CONTROLLERS = ("memory", "pids", "cpuacct")


@dataclass(frozen=True)
class Hierarchy:
    """The folders under which groups are made: one for version 2, one per controller for version 1."""

    version: int
    memory: Path
    pids: Path
    cpu: Path

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.memory, self.pids, self.cpu)))


@dataclass(frozen=True)
class Group:
    """One command's group."""

    hierarchy: Hierarchy
    name: str

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(folder / self.name for folder in self.hierarchy.folders)

    def enter(self) -> None:
        """Moves the calling process in; for the child between fork and exec."""
        for folder in self.folders:
            _write(folder / "cgroup.procs", "0")

    def cpu_seconds(self) -> float:
        folder = self.hierarchy.cpu / self.name
        if self.hierarchy.version == 1:
            return int(_read(folder / "cpuacct.usage") or 0) / 1e9
        return _field(folder / "cpu.stat", "usage_usec") / 1e6

    def oom_kills(self) -> int:
        folder = self.hierarchy.memory / self.name
        return _field(folder / ("memory.oom_control" if self.hierarchy.version == 1 else "memory.events"), "oom_kill")

    def remove(self, patience_seconds: float = 2.0) -> bool:
        """Kills what is left in the group and removes it; False when the kernel still holds it after that time."""
        gone = [remove_group(folder, patience_seconds) for folder in self.folders]
        return all(gone)


def find(attempt_name: str) -> tuple[Hierarchy | None, str]:
    """A hierarchy in which limits can really be set, or None with the reason."""
    mounts = _mounts()
    own = _own_groups()
    if all(name in mounts and name in own for name in _V1_CONTROLLERS):
        folders = [_below(mounts[name], own[name]) for name in _V1_CONTROLLERS]
        candidates = [Hierarchy(1, *folders)]
    elif "unified" in mounts and "" in own:
        own_folder = _below(mounts["unified"], own[""])
        root = mounts["unified"]
        chain = [folder for folder in (own_folder, *own_folder.parents) if folder.is_relative_to(root)]
        candidates = [Hierarchy(2, folder, folder, folder) for folder in chain]
    else:
        return None, "no cgroup file system with memory and pids controllers is mounted"
    reason = ""
    for hierarchy in candidates:
        try:
            _try(hierarchy, f"{attempt_name}-probe")
        except OSError as error:
            reason = f"cgroup v{hierarchy.version} at {error.filename or hierarchy.memory}: {error.strerror}"
        else:
            return hierarchy, ""
    return None, reason


def create(hierarchy: Hierarchy, name: str, memory_bytes: int, processes: int) -> Group:
    """Makes a group with its limits.

    Raises:
        OSError: the kernel refused.
    """
    group = Group(hierarchy, name)
    for folder in group.folders:
        folder.mkdir(parents=True, exist_ok=True)
    memory, pids = hierarchy.memory / name, hierarchy.pids / name
    _write(pids / "pids.max", str(processes))
    if hierarchy.version == 1:
        _write(memory / "memory.limit_in_bytes", str(memory_bytes))
        # Only present with swap accounting; without it swap stays outside the limit.
        with contextlib.suppress(OSError):
            _write(memory / "memory.memsw.limit_in_bytes", str(memory_bytes))
    else:
        _write(memory / "memory.max", str(memory_bytes))
        for file, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            with contextlib.suppress(OSError):
                _write(memory / file, value)
    return group


def remove_group(folder: Path, patience_seconds: float = 2.0) -> bool:
    """Kills every process in a group and removes it; True when it is gone."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            folder.rmdir()
            return True
        except FileNotFoundError:
            return True
        except OSError:
            for pid in _read(folder / "cgroup.procs").split():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(int(pid), 9)
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)


def remove_with_children(folder: Path) -> None:
    """Removes a sandbox's group and those of its commands."""
    for child in folder.glob("*/"):
        remove_group(child)
    remove_group(folder)


def _try(hierarchy: Hierarchy, name: str) -> None:
    group = None
    pid = 0
    name = f"{name}-{secrets.token_hex(3)}"
    try:
        group = create(hierarchy, name, 64 * 1024 * 1024, 16)
        pid = os.fork()
        if pid == 0:
            code = 1
            with contextlib.suppress(OSError):
                group.enter()
                code = 0
            os._exit(code)
        _, status = os.waitpid(pid, 0)
        if status != 0:
            raise OSError(1, "a process may not be moved into a new group", str(hierarchy.memory))
    finally:
        Group(hierarchy, name).remove()


def _mounts() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for line in _read(Path("/proc/self/mountinfo")).splitlines():
        left, _, right = line.partition(" - ")
        fields = right.split()
        target = Path(left.split()[4])
        if fields[0] == "cgroup2":
            found.setdefault("unified", target)
        elif fields[0] == "cgroup":
            for option in fields[2].split(","):
                found.setdefault(option, target)
    return found


def _own_groups() -> dict[str, str]:
    groups: dict[str, str] = {}
    for line in _read(Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = path
    return groups


def _below(mount: Path, group: str) -> Path:
    folder = mount / group.lstrip("/")
    # In a container the group may be named from outside while only its own part is mounted.
    return folder if folder.is_dir() else mount


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _field(path: Path, name: str) -> int:
    for line in _read(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


def _write(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)

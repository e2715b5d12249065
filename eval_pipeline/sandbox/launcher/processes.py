"""What the processes of one command use, read from /proc; for machines without control groups."""

# Descriptors and single system calls are what this is about, so it speaks os, not pathlib.
# ruff: noqa: PTH123, PTH208

from __future__ import annotations

import os
from dataclasses import dataclass

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class TreeUsage:
    """Sums over a process and all its descendants."""

    memory_bytes: int = 0
    cpu_seconds: float = 0.0
    threads: int = 0


def tree_usage(root: int) -> TreeUsage:
    """Memory (anonymous and shared, each process by itself, so shared pages may count twice), CPU and threads.

    CPU holds that of descendants already reaped inside the tree.
    """
    usage = TreeUsage()
    for pid in descendants(root):
        status = _read(f"/proc/{pid}/status")
        for line in status.splitlines():
            if line.startswith(("RssAnon:", "RssShmem:")):
                usage.memory_bytes += int(line.split()[1]) * 1024
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        if len(fields) > 17:
            usage.cpu_seconds += sum(map(int, fields[11:15])) / _TICK
            usage.threads += int(fields[17])
    return usage


def descendants(root: int) -> list[int]:
    """`root` and every process below it, as far as they hold still."""
    found = [root]
    for pid in found:
        found.extend(children(pid))
    return found


def children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    return [int(child) for thread in threads for child in _read(f"/proc/{pid}/task/{thread}/children").split()]


def marked(marker: str) -> list[int]:
    """Processes whose environment holds `marker`; for strays of a command run without namespaces."""
    wanted = marker.encode()
    found = []
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if wanted in file.read().split(b"\0"):
                        found.append(int(name))
            except OSError:
                continue
    return found


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""

"""Timing of whole commands, in pairs, so that a drifting machine moves both sides alike."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = 100


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds of one run. CPU is the whole machine's, so that no process of either side is missed."""

    wall: float
    cpu: float


def machine_cpu_seconds() -> float:
    """CPU seconds that the machine has worked: user, nice, system, interrupts (Linux, /proc/stat)."""
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split(maxsplit=8)[1:8])
    return (user + nice + system + irq + softirq) / _TICKS


def cost_of(work: Callable[[], object]) -> Cost:
    cpu, start = machine_cpu_seconds(), time.perf_counter()
    work()
    return Cost(time.perf_counter() - start, machine_cpu_seconds() - cpu)


def command(arguments: Sequence[str | Path], **options) -> Callable[[], object]:
    """A command as work to be measured; its output is kept for the error message."""

    def run() -> None:
        done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False, **options)
        if done.returncode != 0:
            raise SystemExit(
                f"{arguments[0]} failed ({done.returncode}):\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            )

    return run


def in_turn(works: dict[str, Callable[[], object]], rounds: int, warmup: int = 1) -> dict[str, list[Cost]]:
    """Runs each work once a round, A B A B …; the warm-up rounds are not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    for number in range(warmup + rounds):
        for name, work in works.items():
            cost = cost_of(work)
            if number >= warmup:
                costs[name].append(cost)
    return costs


def median_wall(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.wall for cost in costs)


def median_cpu(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.cpu for cost in costs)


def spread(costs: Sequence[Cost]) -> str:
    """`median (min–max)` of the wall time, in seconds."""
    walls = [cost.wall for cost in costs]
    return f"{statistics.median(walls):.2f} ({min(walls):.2f}–{max(walls):.2f})"

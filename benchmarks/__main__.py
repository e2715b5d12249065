"""`make bench`: runs every benchmark and prints the tables of docs/BENCHMARKS.md. Names as arguments run only those."""

from __future__ import annotations

import importlib
import os
import platform
import sys

BENCHMARKS = ("definitions", "evaluation", "day", "verdicts", "kills", "soak", "steadiness")


def main(names: list[str]) -> None:
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        raise SystemExit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB"
    print(f"{machine}, Python {platform.python_version()}")
    for name in names or BENCHMARKS:
        print(f"\n## {name}\n", flush=True)
        print("\n".join(importlib.import_module(f"benchmarks.{name}").run()), flush=True)


main(sys.argv[1:])

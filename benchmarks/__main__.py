"""`make bench`: runs every benchmark and prints the tables of docs/BENCHMARKS.md. Names as arguments run only those."""

from __future__ import annotations

import importlib
import platform
import sys

import psutil

BENCHMARKS = ("definitions", "evaluation", "day")


def main(names: list[str]) -> None:
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        raise SystemExit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    memory = psutil.virtual_memory().total / 2**30
    print(f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores, {memory:.0f} GB, Python ", end="")
    print(platform.python_version())
    for name in names or BENCHMARKS:
        print(f"\n## {name}\n", flush=True)
        print("\n".join(importlib.import_module(f"benchmarks.{name}").run()), flush=True)


main(sys.argv[1:])

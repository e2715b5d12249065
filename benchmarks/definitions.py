"""How long the code location takes to load, beside `import dagster` alone."""

from __future__ import annotations

import sys

from benchmarks.measure import command, in_turn, median_wall, spread

AIM = 1.5


def run() -> list[str]:
    costs = in_turn(
        {
            "import dagster": command([sys.executable, "-c", "import dagster"]),
            "our definitions": command([sys.executable, "-c", "import eval_pipeline.definitions"]),
        },
        rounds=9,
    )
    ratio = median_wall(costs["our definitions"]) / median_wall(costs["import dagster"])
    return [
        "| load in a fresh interpreter | seconds, median (min–max) of 9 |",
        "| --- | --- |",
        *(f"| {name} | {spread(cost)} |" for name, cost in costs.items()),
        f"| ratio (aim: at most {AIM}) | {ratio:.2f} |",
    ]

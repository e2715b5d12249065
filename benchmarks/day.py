"""A whole day as `make demo` runs it, on a home with warm stores, and its peak memory."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import cost_of
from eval_pipeline.settings import child_environment, get_settings


def run() -> list[str]:
    shared = get_settings().home
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tools", "dependencies"):
            (Path(folder) / name).symlink_to(shared / name)
        environment = child_environment(EVAL_PIPELINE_HOME=folder)
        arguments = [sys.executable, "-m", "eval_pipeline", "run"]
        said: list[str] = []

        def work() -> None:
            done = subprocess.run(arguments, capture_output=True, text=True, env=environment, check=True)
            said.append(done.stderr)

        cost = cost_of(work)
        apps = len(re.findall(r"^evaluate \d+/", said[0], re.MULTILINE))
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        f"| the day of {apps} apps with controls, fresh home, warm stores | |",
        "| --- | --- |",
        f"| wall s | {cost.wall:.0f} |",
        f"| CPU s | {cost.cpu:.0f} |",
        f"| largest process, MB | {peak_mb:.0f} |",
    ]

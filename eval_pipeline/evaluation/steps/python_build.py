"""What stands for a build where there is nothing to build: every source of the app can be compiled, and the file that
is started is there."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from eval_pipeline.evaluation.facts import BuildFacts
from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.evaluation.steps.python_environment import variables
from eval_pipeline.sandbox.python_dependencies import VENV

BUILD_SECONDS = 60.0
_MAX_FILES = 2000

_COMPILE = """
import sys, warnings
warnings.simplefilter("ignore")
broken = 0
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        broken += 1
        print(f"{path}: {type(error).__name__}: {error}")
    except OSError as error:
        print(f"{path}: not read: {error.strerror}")
sys.exit(broken > 0)
"""


def build(bench: Bench, copy: Path, unlocked: tuple[str, ...]) -> BuildFacts:
    """Compiles the app's own sources, tests left out: those speak for themselves."""
    tree, start = bench.project.tree, bench.project.start
    sources = [str(p) for p, f in tree.files.items() if p.suffix == ".py" and not f.is_test][:_MAX_FILES]
    command = bench.command(
        ["python", "-I", "-S", "-c", _COMPILE, *sources],
        copy,
        ".",
        seconds=bench.remaining(BUILD_SECONDS),
        env=variables(VENV),
    )
    ran = bench.run(command, "build.log")
    artefact = start.artefact if start else None
    return BuildFacts(
        command=ran,
        artefact=artefact,
        has_artefact=artefact is None or PurePosixPath(artefact) in tree.files,
        has_start_command=start is not None,
        unlocked=unlocked,
    )

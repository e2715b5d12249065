"""What stands for a build where there is nothing to build: every source of the app can be compiled, and the file that
is started is there."""

from __future__ import annotations

import re
import sys
from pathlib import Path, PurePosixPath

from eval_pipeline.evaluation.facts import BuildFacts
from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.evaluation.steps.python_environment import APP_ENVIRONMENT, provides, variables
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


_IMPORT = re.compile(r"^(?:from\s+([A-Za-z_]\w*)[\w.]*\s+import\b|import\s+(.+?)\s*(?:#.*)?$)", re.MULTILINE)
"""At the margin alone: what stands in a `try` or a function may be there for when it is missing."""


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
        imports_undeclared=_undeclared(bench),
        unlocked=unlocked,
    )


def _undeclared(bench: Bench) -> tuple[str, ...]:
    """Modules that the app imports and that neither it, nor Python, nor what it requires has."""
    tree = bench.project.tree
    own = {part.removesuffix(".py") for path in tree.files if path.suffix == ".py" for part in path.parts}
    imported = {
        name
        for path, file in tree.files.items()
        if path.suffix == ".py" and not file.is_test
        for name in imported_modules(file.text)
    }
    environment = bench.environments[APP_ENVIRONMENT]
    foreign = imported - own - sys.stdlib_module_names
    return tuple(sorted(name for name in foreign if not provides(environment, name)))


def imported_modules(text: str) -> set[str]:
    """First parts of the modules that a source imports whatever happens."""
    found: set[str] = set()
    for package, names in _IMPORT.findall(text):
        words = [package] if package else [name.strip().split(" ")[0].split(".")[0] for name in names.split(",")]
        found.update(word for word in words if word.isidentifier())
    return found

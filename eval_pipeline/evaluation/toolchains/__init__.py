"""How the projects of one language are installed, built, checked, tested and started: a module each, with the
functions of `Toolchain`. A stack names its toolchain in its Project."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from eval_pipeline.evaluation.facts import BuildFacts, TestFacts, TypeFacts
from eval_pipeline.evaluation.stacks.base import Project
from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.evaluation.toolchains import node, python

__all__ = ["TOOLCHAINS", "Toolchain"]


class Toolchain(Protocol):
    """What a toolchain module has. All but `install` may run beside each other, on a scratch `copy` each."""

    def install(self, bench: Bench) -> None:
        """Finds or builds the dependencies, and says in `bench` how commands see them.

        Raises:
            AppFault: they cannot be installed, by the app's doing.
            Trouble: they cannot be had, by ours (no registry, no disk).
        """
        ...

    def build(self, bench: Bench, copy: Path) -> BuildFacts: ...

    def check_types(self, bench: Bench, copy: Path) -> list[TypeFacts]:
        """A part for each package that has types to check."""
        ...

    def run_tests(self, bench: Bench, copy: Path) -> list[TestFacts]: ...

    def start_environment(self, project: Project, port: int) -> dict[str, str]:
        """Variables that the start command finds beside those of the platform."""
        ...


TOOLCHAINS: dict[str, Toolchain] = {"node": node, "python": python}

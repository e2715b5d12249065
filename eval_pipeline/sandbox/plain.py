"""A command where there are no namespaces (L0): mounts' targets become their sources' paths. Contains nothing."""

from __future__ import annotations

import re
from pathlib import Path

from eval_pipeline.sandbox import profile
from eval_pipeline.sandbox.commands import Command, Mount


def translated(command: Command, home: Path, path: str) -> tuple[list[str], str, dict[str, str]]:
    """Arguments, working folder and environment for running on the machine itself.

    Read-only mounts inside a writable one (`node_modules` in the work copy) are put there as links.
    """
    mounts = sorted(command.mounts, key=lambda mount: len(mount.target), reverse=True)
    for mount in mounts:
        if not mount.writable:
            _link(mount, mounts)

    def real(text: str) -> str:
        for mount in mounts:
            text = re.sub(
                rf"(?<![\w./-]){re.escape(mount.target)}(?=[/:]|$)",
                lambda _, source=mount.source: str(source.absolute()),
                text,
            )
        return text

    env = profile.environment(command)
    if "PATH" not in command.env:
        env["PATH"] = path
    env = {name: real(value) for name, value in env.items()}
    if "HOME" not in command.env:
        env["HOME"] = str(home)
    cwd = real(command.cwd)
    return [real(argument) for argument in command.argv], cwd if Path(cwd).is_dir() else str(home), env


def _link(mount: Mount, mounts: list[Mount]) -> None:
    for outer in mounts:
        if outer.writable and mount.target.startswith(outer.target + "/"):
            place = outer.source / mount.target.removeprefix(outer.target + "/")
            if place.is_dir() and not place.is_symlink() and not any(place.iterdir()):
                place.rmdir()
            if not place.exists() and not place.is_symlink():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(mount.source.absolute())
            return

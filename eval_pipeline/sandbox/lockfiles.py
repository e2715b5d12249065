"""What an app's manifests and lockfile ask for, reduced to what decides the installed tree.

Refused where they point anywhere but the registry. Pure: no process, no network. The formats are in npm_lock.py,
pnpm_lock.py and bun_lock.py.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.sandbox import bun_lock, npm_lock, pnpm_lock
from eval_pipeline.sandbox.manifests import DependencyError, read_manifests, read_text

__all__ = ["UNSUPPORTED", "Dependencies", "DependencyError", "lockfile_of", "read"]

_MAX_LOCK_BYTES = 20_000_000

LOCKFILES = {"npm": "package-lock.json", "pnpm": "pnpm-lock.yaml", "bun": "bun.lock"}
"""By package manager; where there are two, and `packageManager` names neither, the first of these."""

UNSUPPORTED = {
    "yarn.lock": "yarn is not supported: commit package-lock.json, pnpm-lock.yaml or bun.lock",
    "bun.lockb": "the binary lockfile of bun is not supported: commit bun.lock (`bun install --save-text-lockfile`)",
    "npm-shrinkwrap.json": "npm-shrinkwrap.json is not supported: commit package-lock.json",
}

_CLEAN = {"npm": npm_lock.clean, "pnpm": pnpm_lock.clean, "bun": bun_lock.clean}


@dataclass(frozen=True)
class Dependencies:
    """The files that are installed from, by their path, and the folders that get packages."""

    manager: str
    files: dict[str, str]
    folders: tuple[str, ...]
    """"." for the root, and the workspaces."""

    def digest(self, node_major: int, platform: str, manager_version: str) -> str:
        """Same digest, same installed tree. The number is raised when trees are made in another way."""
        content = json.dumps([3, self.manager, manager_version, self.files, node_major, platform], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:32]


def lockfile_of(folder: Path, package_manager: object) -> str | None:
    """The package manager whose lockfile counts, by the lockfiles in `folder`; None without any.

    Args:
        package_manager: `packageManager` of package.json, which decides between two.
    """
    there = [name for name, file in LOCKFILES.items() if (folder / file).is_file()]
    named = str(package_manager).partition("@")[0]
    return named if named in there else next(iter(there), None)


def read(folder: Path) -> Dependencies:
    """Reads and checks the manifests and the lockfile of `folder`.

    Raises:
        DependencyError: `manifest_invalid`, `lockfile_missing`, `lockfile_invalid`, `lockfile_unsupported`,
            `lockfile_out_of_sync` or `foreign_package_source`.
    """
    manifests = read_manifests(folder)
    manager = lockfile_of(folder, manifests.package_manager)
    if manager is None:
        found = next((name for name in UNSUPPORTED if (folder / name).is_file()), None)
        if found:
            raise DependencyError("lockfile_unsupported", UNSUPPORTED[found])
        raise DependencyError("lockfile_missing", f"none of {', '.join(LOCKFILES.values())} is beside package.json")
    text = read_text(folder, LOCKFILES[manager], _MAX_LOCK_BYTES)
    if text is None:
        raise DependencyError("lockfile_missing", f"{LOCKFILES[manager]} is not a plain file of a usual size")
    files = _CLEAN[manager](manifests, text)
    return Dependencies(manager, files, (".", *manifests.members))

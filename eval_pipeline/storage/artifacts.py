"""The artifact store: app sources, evidence, reports and caches by store-relative URI.

A URI is a POSIX path without a leading slash (`apps/2026-11-21/template/taxi-tips`). Rows hold these, never machine
paths. Writes are atomic: written beside, then renamed, so that no reader or killed run sees half a file or tree.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path, PurePosixPath

from eval_pipeline.model import InputError


class ArtifactStore:
    """A folder of artifacts."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, uri: str) -> Path:
        """The local path of a URI.

        Raises:
            InputError: the URI is absolute or climbs out of the store.
        """
        pure = PurePosixPath(uri)
        if not uri or pure.is_absolute() or ".." in pure.parts or "\0" in uri:
            raise InputError(f"not an artifact URI: {uri!r} (a relative path without '..' is)")
        return self.root / pure

    def exists(self, uri: str) -> bool:
        return self.path(uri).exists()

    def read_bytes(self, uri: str) -> bytes:
        return self.path(uri).read_bytes()

    def read_text(self, uri: str) -> str:
        return self.read_bytes(uri).decode("utf-8", errors="replace")

    def write_bytes(self, uri: str, data: bytes) -> None:
        write_atomically(self.path(uri), data)

    def write_text(self, uri: str, text: str) -> None:
        self.write_bytes(uri, text.encode("utf-8", errors="replace"))

    def put_tree(self, source: Path, uri: str) -> None:
        """Copies the folder `source` to `uri`, in place of what was there. Links are copied as links."""
        target = self.path(uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.parent / f".{target.name}.{secrets.token_hex(4)}"
        try:
            shutil.copytree(source, fresh, symlinks=True)
            swap_tree(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def delete(self, uri: str) -> None:
        path = self.path(uri)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def list(self, uri: str) -> list[str]:
        """Names directly under `uri`, sorted; empty when there is no such folder. Unfinished writes are left out."""
        path = self.path(uri)
        return sorted(p.name for p in path.iterdir() if not p.name.startswith(".")) if path.is_dir() else []


def write_atomically(path: Path, data: bytes) -> None:
    """Writes `data` to `path` by a rename, so that a crash leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def swap_tree(fresh: Path, target: Path) -> None:
    """Puts the folder `fresh` at `target`; what was there goes away."""
    if not target.exists():
        fresh.rename(target)
        return
    old = target.parent / f".{target.name}.{secrets.token_hex(4)}.old"
    target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)

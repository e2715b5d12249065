"""The inbox: app directories that a person or another program drops, ready once they have stopped changing.

A pure decision over two looks; the sensor keeps the cursor between them.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Decision:
    """What a look at the inbox says. `key` names this exact content, so that one content starts one run."""

    is_ready: bool
    reason: str
    cursor: str
    key: str = ""
    names: tuple[str, ...] = ()


def look(inbox: Path, cursor: str | None) -> Decision:
    """Compares the inbox with what the last look saw.

    Args:
        inbox: folder of app directories; names that begin with a dot are left alone.
        cursor: what the last decision returned, None at first.
    """
    seen = json.loads(cursor) if cursor else {"last": "", "started": ""}
    folders = sorted(p for p in _children(inbox) if p.is_dir() and not p.is_symlink())
    if not folders:
        return Decision(False, f"no app directories in {inbox}", json.dumps({"last": "", "started": seen["started"]}))
    key = hashlib.sha256("\n".join(line for folder in folders for line in _state(folder)).encode()).hexdigest()[:16]
    if key == seen["started"]:
        return Decision(False, "the inbox is unchanged", json.dumps({"last": key, "started": key}))
    if key != seen["last"]:
        waiting = json.dumps({"last": key, "started": seen["started"]})
        return Decision(False, "the inbox changed; waiting until it stands still", waiting)
    names = tuple(folder.name for folder in folders)
    return Decision(True, "ready", json.dumps({"last": key, "started": key}), key, names)


def _children(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if not p.name.startswith(".")] if folder.is_dir() else []


def _state(folder: Path) -> list[str]:
    """A line a file: path, size, time of change. Links are not followed."""
    lines = []
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ("node_modules", ".git"))
        for name in sorted(files):
            status = (Path(path) / name).lstat()
            lines.append(f"{path}/{name} {status.st_size} {status.st_mtime_ns}".encode(errors="replace").decode())
    return lines or [str(folder)]

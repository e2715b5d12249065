"""What a killed evaluator left behind, reclaimed by the next one.

Every sandbox keeps a record file, locked for as long as the evaluator or its launcher lives. A record that can be
locked belongs to nobody any more: its control groups, folders and mount point are removed. Usually the launcher has
done so itself; this is for when it was killed too, or the machine went down.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path

from eval_pipeline.sandbox.launcher import cgroups, trees


def open_record(folder: Path, name: str) -> tuple[Path, int]:
    """Makes and locks the record of a new sandbox; the descriptor holds the lock."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    return path, fd


def reclaim(folder: Path) -> list[str]:
    """Removes what dead sandboxes left; the names of those found."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            _reclaim(Path(f"/proc/self/fd/{fd}"))
            path.unlink(missing_ok=True)
            found.append(path.stem)
        finally:
            os.close(fd)
    return found


def _reclaim(record: Path) -> None:
    try:
        content = json.loads(record.read_text())
    except ValueError:
        # Killed between making the record and writing it: nothing was made yet.
        return
    for group in content["groups"]:
        cgroups.remove_with_children(Path(group))
    if content["staging"]:
        with contextlib.suppress(OSError):
            Path(content["staging"]).rmdir()
    if content["folder"]:
        with contextlib.suppress(OSError):
            trees.remove(content["folder"])

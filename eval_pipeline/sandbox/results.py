"""Reads and removes what an app may have written: links never followed, only regular files read, any depth removed."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from eval_pipeline.sandbox.launcher import trees

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO must not wait for its writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def read_result(path: str | PurePosixPath, root: Path, max_bytes: int) -> bytes | None:
    """The content of `path` (relative to `root`), or None when that is not a plain file of at most `max_bytes`.

    Absent, a link (also as a folder on the way), a pipe, a device, a path with `..`, too large: all are None. One
    component is opened at a time without following links, which is what openat2's RESOLVE_BENEATH and
    RESOLVE_NO_SYMLINKS give.

    Raises:
        OSError: `root` itself cannot be opened.
    """
    pure = PurePosixPath(path)
    if not pure.parts or pure.is_absolute() or ".." in pure.parts or "\0" in str(path):
        return None
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in pure.parts[:-1]:
            child = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = child
        file = os.open(pure.parts[-1], _FILE, dir_fd=folder)
    except OSError:
        return None
    finally:
        os.close(folder)
    try:
        info = os.fstat(file)
        if not stat.S_ISREG(info.st_mode) or info.st_size > max_bytes:
            return None
        with os.fdopen(file, "rb", closefd=False) as stream:
            data = stream.read(max_bytes + 1)
    finally:
        os.close(file)
    return data if len(data) <= max_bytes else None


def remove_tree(path: Path) -> None:
    """Removes a tree that an app could write to: nested too deep for shutil.rmtree, or without permissions.

    Nothing happens when there is none.

    Raises:
        OSError: something could not be removed.
    """
    trees.remove(str(path))

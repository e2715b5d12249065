"""Hostile folder trees: measured, given to another user, and removed, without ever following a link.

Everything goes by descriptors relative to the parent folder, because what runs in the sandbox can swap a folder for a
link while we walk, nest deeper than a path can be long, and take its own permissions away.
"""

# Descriptors and single system calls are what this is about, so it speaks os, not pathlib.
# ruff: noqa: PTH101, PTH106, PTH108, PTH116

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_DEPTH = 200
"""Deeper trees count as over any bound; real projects stay under 30."""


@dataclass
class Usage:
    """What a tree takes on disk; `is_complete` is False when the walk stopped at a bound."""

    bytes: int = 0
    files: int = 0
    is_complete: bool = True


def measure(path: str, max_bytes: float, max_files: float, owner: int | None = None) -> Usage:
    """Sums allocated bytes and entries below `path` until past a bound; gives entries to `owner` on the way."""
    usage = Usage()
    try:
        root = os.open(path, _OPEN_FOLDER)
    except NotADirectoryError:
        info = os.stat(path, follow_symlinks=False)
        return Usage(info.st_blocks * 512, 1)
    except OSError:
        return usage
    try:
        if owner is not None:
            _give(root, None, owner)
        _measure(root, usage, max_bytes, max_files, owner, MAX_DEPTH)
    finally:
        os.close(root)
    return usage


def _measure(folder: int, usage: Usage, max_bytes: float, max_files: float, owner: int | None, depth: int) -> None:
    if depth == 0:
        usage.is_complete = False
        return
    try:
        entries = os.scandir(folder)
    except OSError:
        return
    with entries:
        for entry in entries:
            try:
                info = entry.stat(follow_symlinks=False)
                if owner is not None and info.st_uid != owner:
                    _give(folder, entry.name, owner)
            except OSError:
                continue
            usage.files += 1
            usage.bytes += info.st_blocks * 512
            if usage.bytes > max_bytes or usage.files > max_files:
                usage.is_complete = False
                return
            if stat.S_ISDIR(info.st_mode):
                try:
                    child = os.open(entry.name, _OPEN_FOLDER, dir_fd=folder)
                except OSError:
                    continue
                try:
                    _measure(child, usage, max_bytes, max_files, owner, depth - 1)
                finally:
                    os.close(child)
                if not usage.is_complete:
                    return


def _give(folder: int, name: str | None, owner: int) -> None:
    if name is None:
        os.fchown(folder, owner, owner)
    else:
        os.chown(name, owner, owner, dir_fd=folder, follow_symlinks=False)


def remove(path: str) -> None:
    """Removes a tree of any depth and any permissions; nothing happens when there is none.

    Raises:
        OSError: something could not be removed.
    """
    try:
        if not stat.S_ISDIR(os.stat(path, follow_symlinks=False).st_mode):
            os.unlink(path)
            return
    except FileNotFoundError:
        return
    root = _open_for_removal(path, None)
    try:
        _empty(root)
    finally:
        os.close(root)
    os.rmdir(path)


def _empty(root: int) -> None:
    """Empties a folder with bounded recursion: what is nested too deep is first moved up to the root."""
    serial = 0

    def empty(folder: int, depth: int) -> None:
        nonlocal serial
        with os.scandir(folder) as entries:
            names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_folder in names:
            if not is_folder:
                os.unlink(name, dir_fd=folder)
                continue
            if depth == MAX_DEPTH:
                serial += 1
                os.rename(name, f".removed-{os.getpid()}-{serial}", src_dir_fd=folder, dst_dir_fd=root)
                continue
            child = _open_for_removal(name, folder)
            try:
                empty(child, depth + 1)
            finally:
                os.close(child)
            os.rmdir(name, dir_fd=folder)

    while True:
        empty(root, 0)
        with os.scandir(root) as entries:
            if next(entries, None) is None:
                return


def _open_for_removal(path: str, folder: int | None) -> int:
    try:
        fd = os.open(path, _OPEN_FOLDER, dir_fd=folder)
    except PermissionError:
        _make_ours(path, folder)
        fd = os.open(path, _OPEN_FOLDER, dir_fd=folder)
    with contextlib.suppress(OSError):
        os.fchmod(fd, 0o700)
    return fd


def _make_ours(path: str, folder: int | None) -> None:
    # An O_PATH descriptor needs no permission on the folder itself and is never a link's target.
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.chmod(f"/proc/self/fd/{handle}", 0o700)
    finally:
        os.close(handle)

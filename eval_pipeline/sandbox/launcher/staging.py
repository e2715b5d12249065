"""Bind mounts that let a command of another user reach its sources. Root only."""

# Descriptors and single system calls are what this is about, so it speaks os, not pathlib.
# ruff: noqa: PTH102, PTH112

from __future__ import annotations

import contextlib
import ctypes
import os


class Stage:
    """Bind mounts of a command's sources where any user may reach them, in this process's own mount namespace.

    A command of another user could not reach sources below, say, a home folder of mode 0700.
    """

    _BIND, _RECURSIVE, _PRIVATE, _DETACH = 4096, 16384, 1 << 18, 2
    _CLONE_NEWNS = 0x20000

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._serial = 0
        if folder is None:
            return
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._check(self._libc.unshare(self._CLONE_NEWNS))
        self._check(self._libc.mount(b"none", b"/", None, self._RECURSIVE | self._PRIVATE, None))
        self._check(self._libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=1m,mode=0711"))

    def path(self, source: str, staged: list[str]) -> str:
        """Where the command's user reaches `source`; remembered in `staged` for `release`."""
        if self._folder is None:
            return source
        self._serial += 1
        target = f"{self._folder}/{self._serial}"
        if os.path.isdir(source):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
        staged.append(target)
        flags = self._BIND | self._RECURSIVE
        self._check(self._libc.mount(os.fsencode(source), target.encode(), None, flags, None), source)
        return target

    def release(self, target: str) -> None:
        self._libc.umount2(target.encode(), self._DETACH)
        with contextlib.suppress(OSError):
            (os.rmdir if os.path.isdir(target) else os.unlink)(target)

    def close(self) -> None:
        """Takes the staging mount away; commands that still run keep what they hold."""
        if self._folder is not None:
            self._libc.umount2(os.fsencode(self._folder), self._DETACH)

    def _check(self, result: int, what: str | None = None) -> None:
        if result != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), what)

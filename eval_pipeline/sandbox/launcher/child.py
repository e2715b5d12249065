"""Between fork and exec: a command's control group, limits, descriptors and user."""

# Descriptors and single system calls are what this is about, so it speaks os, not pathlib.
# ruff: noqa: PTH208

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
from typing import Any, NoReturn

from . import cgroups

_OPEN_FILES = 8192


def execute(
    spec: dict[str, Any],
    group: cgroups.Group | None,
    argv: list[str],
    executable: int | None,
    output: int,
    inherited: list[int],
    passed: list[int],
) -> NoReturn:
    """Becomes the command; says why on `output` and exits with 127 when it cannot.

    `executable` is bubblewrap, opened while still root; None runs `argv` itself. `inherited` keep their numbers,
    `passed` become 3, 4, ….
    """
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if group is not None:
            group.enter()
        if executable is None:
            os.setsid()
        _set_limits(spec)
        null = os.open("/dev/null", os.O_RDWR)
        # Moved out of the way first: one of them may itself be 3 or 4.
        for target, fd in enumerate([_move_up(fd) for fd in passed], start=3):
            os.dup2(fd, target)
        os.dup2(null, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        _keep_only({0, 1, 2, *range(3, 3 + len(passed)), *inherited})
        if spec["uid"] is not None:
            os.setgroups([])
            os.setresgid(spec["uid"], spec["uid"], spec["uid"])
            os.setresuid(spec["uid"], spec["uid"], spec["uid"])
        os.umask(0o022)
        if executable is not None:
            os.chdir("/")
            os.execve(executable, argv, {})
        os.chdir(spec["cwd"])
        os.execvpe(argv[0], argv, spec["env"])
    except OSError as error:
        os.write(output, f"cannot start {argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def _set_limits(spec: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_FSIZE, spec["file_bytes"])
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    if spec["data_bytes"] is not None:
        _lower(resource.RLIMIT_DATA, spec["data_bytes"])
    if spec["uid"] is not None:
        # The user is this command's alone, so its count is the command's.
        _lower(resource.RLIMIT_NPROC, spec["processes"] + 4)


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _keep_only(kept: set[int]) -> None:
    """Nothing of ours crosses exec: not the control connection, not another command's pipes."""
    for name in os.listdir("/dev/fd"):
        # The listing's own descriptor is closed by now.
        with contextlib.suppress(OSError):
            os.set_inheritable(int(name), int(name) in kept)


def _move_up(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100)

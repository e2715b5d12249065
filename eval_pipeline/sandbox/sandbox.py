"""The sandbox: probes once what containment this machine gives, then runs commands in it."""

from __future__ import annotations

import contextlib
import itertools
import os
import platform
import secrets
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Literal

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import leftovers, plain, profile
from eval_pipeline.sandbox.commands import Command, CommandResult, Level, Limits
from eval_pipeline.sandbox.launcher import seccomp, trees
from eval_pipeline.sandbox.launcher.wire import Channel
from eval_pipeline.sandbox.running import RunningProcess
from eval_pipeline.sandbox.tools import find_tool, node_prefix
from eval_pipeline.settings import Settings

_LAUNCHER = "import sys; sys.path.append(sys.argv.pop(1)); from launcher.main import main; main()"
_MB = 1024 * 1024
_MAX_FILES = 200_000
"""Entries in an app's work copy, its own included."""

_FIRST_UID, _UIDS = 60578, 600
"""A range that Debian and systemd leave free, inside the 65,536 ids that a rootless container has."""

_LEVELS: tuple[Level, ...] = ("L0", "L2", "L3")
_DISK_SPARE_MB = 64


class Sandbox:
    """Runs untrusted commands. Any thread may call `run` and `start`; a context manager that ends all of them."""

    def __init__(self, settings: Settings, scratch: Path, at_most: Level = "L3") -> None:
        self.level: Level = "L0"
        self._reasons: list[str] = []
        self._lock = threading.Lock()
        self._serial = itertools.count(1)
        self._uids: dict[str, int] = {}
        self._is_dropping = False
        self._has_groups = False
        self.cache = settings.home / "cache"
        self.settings = settings
        self._name = f"eval-pipeline-{os.getpid()}-{secrets.token_hex(4)}"
        records = settings.home / "sandboxes"
        leftovers.reclaim(records)
        record, record_fd = leftovers.open_record(records, self._name)
        self.folder = scratch.resolve() / self._name
        self.folder.mkdir(parents=True)
        self._start_launcher(record_fd)
        try:
            self._set_up(settings, record, at_most)
        except BaseException:
            self.close()
            raise

    @classmethod
    def probe(cls, settings: Settings, scratch: Path, at_most: Level = "L3") -> Sandbox:
        """A sandbox of the highest level that works here, or `at_most` (for tests and comparisons).

        Whatever a killed evaluator of the same home left behind is removed first.
        """
        return cls(settings, scratch, at_most)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends every command and removes everything that was made for them."""
        self.end()
        trees.remove(str(self.folder))

    def end(self) -> None:
        """Ends every command; who waits for one, or starts another, gets an EvaluatorError."""
        with self._lock:
            self._control.close()
        try:
            self._launcher.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._launcher.kill()
            self._launcher.wait()

    def describe(self) -> str:
        """The level in words, why it is not higher, and how to get there."""
        what = {
            "L3": "namespaces, system call filter and control groups",
            "L2": "namespaces, system call filter, rlimits and a watch",
            "L0": "none: commands run as this user, with this user's files and network",
        }[self.level]
        return "; ".join([what, *self._reasons])

    def run(self, command: Command, log: Path) -> CommandResult:
        """Runs a command to its end; stdout and stderr go to `log`, head and tail kept.

        Raises:
            EvaluatorError: the sandbox could not be set up, or the disk is full.
        """
        channel = self._spawn(command, log, is_held=False)
        return RunningProcess(channel, log, self.is_isolated).finish()

    def start(self, command: Command, log: Path) -> RunningProcess:
        """Starts a command that goes on, held until the first call on it other than `listen`.

        Raises:
            EvaluatorError: as `run`.
        """
        process = RunningProcess(self._spawn(command, log, is_held=True), log, self.is_isolated)
        try:
            process.await_setup()
        except BaseException:
            with contextlib.suppress(EvaluatorError):
                process.stop(0)
            raise
        return process

    def admit(self, ticket: str, command: Command, log: Path) -> Channel:
        """Lets a browser shim with this ticket have `command` started, its arguments added. For the browser module."""
        spec = self._spec(command, log, is_held=False, kind="browser")
        return self._send_spec("ticket", spec | {"ticket": ticket})

    @property
    def is_isolated(self) -> bool:
        """Whether commands have namespaces (L2 and up)."""
        return self.level != "L0"

    def _spawn(self, command: Command, log: Path, is_held: bool) -> Channel:
        self._check_disk(command, log)
        return self._send_spec("spawn", self._spec(command, log, is_held))

    def _send_spec(self, op: str, spec: dict[str, Any]) -> Channel:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                with self._lock:
                    self._control.send(spec | {"op": op}, [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise EvaluatorError("the sandbox is closed, or its launcher is gone") from error
        return Channel(ours)

    def _spec(
        self, command: Command, log: Path, is_held: bool, kind: Literal["app", "browser"] = "app"
    ) -> dict[str, Any]:
        limits = command.limits
        serial = next(self._serial)
        marker = f"EVAL_SANDBOX_COMMAND={self._name}-{serial}"
        spec: dict[str, Any] = {
            "namespaced": self.is_isolated,
            "log": str(log.absolute()),
            "output_bytes": int(limits.output_mb * _MB),
            "memory_bytes": limits.memory_mb * _MB,
            "processes": limits.processes,
            "disk_bytes": limits.disk_mb * _MB,
            "file_bytes": limits.disk_mb * _MB,
            "files": _MAX_FILES,
            "seconds": limits.seconds,
            "group": str(serial) if self._has_groups else None,
            # Where control groups hold the sum, a bound for each process would only get in the way.
            "data_bytes": None if self._has_groups or kind == "browser" else limits.memory_mb * _MB,
            "writable": [str(mount.source.absolute()) for mount in command.mounts if mount.writable],
            "uid": self._uid(command, serial) if self._is_dropping else None,
            "hold": is_held,
            "marker": marker,
            "seccomp": self._filter(kind).hex(),
            "tmpfs": profile.tmpfs_targets(command),
        }
        if self.is_isolated:
            return spec | {"argv": self._system.arguments(command, self._hosts_file(command, serial), kind)}
        name, _, value = marker.partition("=")
        return spec | self._plain(command, {name: value})

    def _plain(self, command: Command, extra: dict[str, str]) -> dict[str, Any]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        argv, cwd, env = plain.translated(command, home, self._plain_path)
        return {"argv": argv, "cwd": cwd, "env": env | extra, "tmpfs": []}

    def _filter(self, kind: Literal["app", "browser"]) -> bytes:
        # Chromium shares memory between its processes by memfd.
        is_memory_watched = kind == "app" and not self._has_groups
        return seccomp.program(platform.machine(), is_memory_watched) or b""

    def _uid(self, command: Command, serial: int) -> int:
        """One user per work copy, so that commands on the same copy share its files and others cannot."""
        key = next((str(m.source.absolute()) for m in command.mounts if m.writable), f"#{serial}")
        with self._lock:
            if key not in self._uids:
                self._uids[key] = _FIRST_UID + (os.getpid() * 37 + len(self._uids)) % _UIDS
            return self._uids[key]

    def _hosts_file(self, command: Command, serial: int) -> Path | None:
        if not command.hosts:
            return None
        path = self.folder / f"hosts-{serial}"
        path.write_text(profile.hosts_text(command.hosts))
        return path

    def _check_disk(self, command: Command, log: Path) -> None:
        for folder in {log.parent, *(mount.source for mount in command.mounts if mount.writable)}:
            try:
                info = os.statvfs(folder)
            except OSError as error:
                raise EvaluatorError(f"{folder}: {error.strerror}") from error
            free_mb = info.f_bavail * info.f_frsize // _MB
            if free_mb < command.limits.disk_mb + _DISK_SPARE_MB and info.f_blocks:
                raise EvaluatorError(
                    f"only {free_mb} MB are free on the disk of {folder}; a command needs "
                    f"{command.limits.disk_mb + _DISK_SPARE_MB} MB: free some, or lower EVAL_APP_DISK_MB"
                )

    # Set-up

    def _start_launcher(self, record_fd: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            os.set_inheritable(record_fd, True)
            # The record's lock lasts until the launcher has cleaned up, even when we are killed.
            self._launcher = subprocess.Popen(
                [
                    sys.executable, "-S", "-I", "-B", "-c", _LAUNCHER, str(Path(__file__).parent),
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno(), record_fd], stdin=subprocess.DEVNULL, cwd="/", env={},
                start_new_session=True,
            )  # fmt: skip
            os.close(record_fd)
        self._control = Channel(ours)

    def _set_up(self, settings: Settings, record: Path, at_most: Level) -> None:
        bwrap = find_tool("bwrap", settings) if at_most != "L0" and sys.platform == "linux" else None
        node = find_tool("node", settings)
        self.node_major = node.major if node is not None else 0
        prefix = node_prefix(node.path) if node is not None else None
        self._plain_path = f"{node.path.parent}:{profile.PATH}" if node is not None else profile.PATH
        answer = self._configure(record, cgroups=at_most == "L3" and bwrap is not None, staging=bwrap is not None)
        if at_most != "L3":
            self._reasons.append(f"held at {at_most} by the caller")
        if at_most == "L0":
            return
        if bwrap is None:
            self._reasons.append(
                "bubblewrap was not found: install the package `bubblewrap` or set EVAL_BWRAP"
                if sys.platform == "linux"
                else "namespaces need Linux: run in a container (see docs/SECURITY.md)"
            )
            return
        etc = self.folder / "etc"
        profile.write_etc(etc)
        self._system = profile.System(bwrap.path, etc, prefix)
        if seccomp.program(platform.machine()) is None:
            self._reasons.append(f"no system call filter is known for {platform.machine()}")
            return
        self._probe_levels(answer)

    def _configure(self, record: Path, cgroups: bool, staging: bool) -> dict[str, Any]:
        self._control.send(
            {
                "op": "configure",
                "folder": str(self.folder),
                "record": str(record),
                "name": self._name,
                "cgroups": cgroups,
                "staging": f"/tmp/{self._name}" if staging else None,  # noqa: S108  traversable by any user; O_EXCL by mkdir
                "door": str(self.folder / "door"),
            }
        )
        answer = self._control.receive()
        if answer is None:
            raise EvaluatorError("the sandbox's launcher did not start")
        return answer[0]

    def _probe_levels(self, answer: dict[str, Any]) -> None:
        reason = "bubblewrap does not work here"
        for is_dropping in (True, False) if answer["is_staging"] else (False,):
            self._is_dropping = is_dropping
            try:
                self.level = "L2"
                self._try()
                break
            except EvaluatorError as error:
                self.level = "L0"
                reason = str(error)
        if self.level == "L0":
            self._is_dropping = False
            self._reasons.append(
                f"{reason}: allow unprivileged user namespaces (sysctl user.max_user_namespaces, "
                "kernel.apparmor_restrict_unprivileged_userns) or run in a container that may"
            )
            return
        if answer["cgroup"] is None:
            if answer["cgroup_reason"] != "not asked for":
                self._reasons.append(f"no writable control group ({answer['cgroup_reason']})")
            return
        self._has_groups = True
        try:
            self._try()
            self.level = "L3"
        except EvaluatorError as error:
            self._has_groups = False
            self._reasons.append(f"control groups do not work here ({error})")

    def _try(self) -> None:
        limits = Limits(memory_mb=64, processes=16, seconds=20, output_mb=0.1, disk_mb=1)
        log = self.folder / "probe.log"
        result = self.run(Command(["/bin/true"], cwd="/", limits=limits), log)
        if result.exit_code != 0:
            text = log.read_text(errors="replace")[:300].strip()
            raise EvaluatorError(f"a probe ended with {result.exit_code}: {text}")

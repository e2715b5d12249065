"""One command: forked, bounded, watched, ended. The event loop in `main` calls in; nothing here waits for long."""

# Descriptors and single system calls are what this is about, so it speaks os, not pathlib.
# ruff: noqa: PTH110, PTH116

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import time
from typing import Any

from . import cgroups, child, netns, processes, trees
from .output import Output
from .staging import Stage
from .wire import Channel

_TMPFS_FILES = 100_000
"""Entries that one command may make in its tmpfs mounts together; tmpfs itself allows half the RAM's pages."""

_GRACE_AFTER_KILL_SECONDS = 5.0


class Job:
    """A command from its spawn message to its exit message."""

    def __init__(
        self, spec: dict[str, Any], channel: Channel, hierarchy: cgroups.Hierarchy | None, stage: Stage
    ) -> None:
        self.spec = spec
        self.channel = channel
        self.namespaced: bool = spec["namespaced"]
        self.inner: int | None = None
        self.inner_handle: int | None = None
        self.is_inner_gone = not self.namespaced
        self.released_at: float | None = None
        self.ended_by: str | None = None
        self.message = ""
        self.killed_at: float | None = None
        self.stop_at: float | None = None
        self.exit_status: int | None = None
        self.reported_exit: int | None = None
        self.shim: Channel | None = None
        self.output_fd: int | None = None
        self.status_fd: int | None = None
        self._status = b""
        self._block_fd: int | None = None
        self._sampled_cpu = 0.0
        self._reaped_cpu = 0.0
        self._stage = stage
        self._staged: list[str] = []
        self._disk_limits: dict[str, float] = {}
        for folder in spec["writable"]:
            usage = trees.measure(folder, float("inf"), float("inf"), spec["uid"])
            self._disk_limits[folder] = usage.bytes + spec["disk_bytes"]
        self.output = Output(spec["log"], spec["output_bytes"])
        self.group: cgroups.Group | None = None
        if hierarchy is not None and spec["group"]:
            self.group = cgroups.create(hierarchy, spec["group"], spec["memory_bytes"], spec["processes"])
        self.pid = -1

    # Start

    def spawn(self, passed: list[int]) -> None:
        """Forks and executes; `passed` become the command's descriptors 3, 4, … (0, 1 and 2 stay ours).

        Raises:
            OSError: the system refused to fork or to stage a mount.
        """
        spec = self.spec
        argv = [
            self._stage.path(item["stage"], self._staged) if isinstance(item, dict) else item for item in spec["argv"]
        ]
        executable = os.open(argv[0], os.O_RDONLY | os.O_CLOEXEC) if self.namespaced else None
        self.output_fd, write_end = os.pipe()
        os.set_blocking(self.output_fd, False)
        inherited: list[int] = []
        if spec["uid"] is not None:
            # Else /dev/stdout could not be opened by the command.
            os.fchown(write_end, spec["uid"], spec["uid"])
        if self.namespaced:
            self.status_fd, status_write = os.pipe()
            os.set_blocking(self.status_fd, False)
            block_read, self._block_fd = os.pipe()
            inherited += [status_write, block_read]
            numbers = {"{status}": status_write, "{block}": block_read}
            if spec["seccomp"]:
                seccomp_read, seccomp_write = os.pipe()
                os.write(seccomp_write, bytes.fromhex(spec["seccomp"]))
                os.close(seccomp_write)
                inherited.append(seccomp_read)
                numbers["{seccomp}"] = seccomp_read
            argv = [str(numbers.get(item, item)) for item in argv]
        try:
            self.pid = os.fork()
            if self.pid == 0:
                child.execute(spec, self.group, argv, executable, write_end, inherited, passed)
        finally:
            for fd in [write_end, *inherited, *passed, *([executable] if executable is not None else [])]:
                os.close(fd)
        if not self.namespaced:
            self.released_at = time.monotonic()
            self.channel.send({"event": "held", "pid": self.pid})

    # Events

    def read_output(self) -> bool:
        """Drains the log pipe; False at its end."""
        assert self.output_fd is not None
        try:
            is_open = self.output.read_from(self.output_fd)
        except OSError as error:
            self.end("error", f"the log cannot be written: {error.strerror}")
            return False
        if self.output.is_excessive:
            self.end("output")
        return is_open

    def read_status(self) -> bool:
        """Reads bubblewrap's status documents; False at their end."""
        assert self.status_fd is not None
        data = os.read(self.status_fd, 65536)
        self._status += data
        *lines, self._status = self._status.split(b"\n")
        for line in lines:
            try:
                document = json.loads(line)
            except ValueError:
                continue
            if "child-pid" in document:
                self._found_inner(int(document["child-pid"]))
            if "exit-code" in document:
                self.reported_exit = int(document["exit-code"])
        return bool(data)

    def _found_inner(self, pid: int) -> None:
        try:
            self.inner_handle = os.pidfd_open(pid)
        except ProcessLookupError:
            self.is_inner_gone = True
            return
        self.inner = pid
        if self.spec["uid"] is None and self.group is None:
            # Set inside the user namespace, it counts only the command's own processes.
            with contextlib.suppress(OSError):
                limit = self.spec["processes"]
                resource.prlimit(pid, resource.RLIMIT_NPROC, (limit, limit))
        self.channel.send({"event": "held", "pid": pid})
        if not self.spec["hold"]:
            self.release()

    def release(self) -> None:
        if self._block_fd is not None:
            with contextlib.suppress(OSError):
                os.write(self._block_fd, b"x")
            os.close(self._block_fd)
            self._block_fd = None
            self.released_at = time.monotonic()

    def handle(self, message: dict[str, Any]) -> None:
        """Answers a request of the evaluator."""
        match message["op"]:
            case "release":
                self.release()
            case "sockets" | "listen":
                self._make_sockets(message.get("count", 0), message.get("port"))
            case "usage":
                self.channel.send({"event": "usage", "cpu_seconds": self.cpu_seconds()})
            case "stop":
                self.stop(message["grace_seconds"])

    def _make_sockets(self, count: int, port: int | None) -> None:
        if self.inner is None:
            self.channel.send({"event": "sockets", "errno": 3})
            return
        try:
            fds = netns.make_sockets(self.inner, count, port)
        except OSError as error:
            self.channel.send({"event": "sockets", "errno": error.errno or 5})
            return
        try:
            self.channel.send({"event": "sockets", "errno": 0}, fds)
        finally:
            for fd in fds:
                os.close(fd)

    # Watch

    def check_time(self, now: float) -> None:
        if self.killed_at is not None:
            return
        if self.stop_at is not None and now > self.stop_at:
            self.kill()
        elif self.released_at is None or self.ended_by:
            return
        elif self.spec["seconds"] is not None and now - self.released_at > self.spec["seconds"]:
            self.end("timeout")

    def check_usage(self) -> None:
        """Ends the command when it is over a bound that the kernel does not hold for us."""
        if self.killed_at is not None or self.released_at is None:
            return
        if self.group is not None:
            if self.group.oom_kills():
                self.end("memory")
                return
        else:
            usage = processes.tree_usage(self.inner or self.pid)
            self._sampled_cpu = max(self._sampled_cpu, usage.cpu_seconds)
            if usage.memory_bytes > self.spec["memory_bytes"]:
                self.end("memory")
            elif usage.threads > self.spec["processes"]:
                self.end("processes")
        for folder, limit in self._disk_limits.items():
            if not trees.measure(folder, limit, self.spec["files"]).is_complete:
                self.end("disk")
                return
        if self.inner is not None:
            files = 0
            for target in self.spec["tmpfs"]:
                with contextlib.suppress(OSError):
                    place = f"/proc/{self.inner}/root{target}"
                    if _is_hosts(place, target):
                        continue
                    info = os.statvfs(place)
                    files += info.f_files - info.f_ffree
            if files > _TMPFS_FILES:
                self.end("disk")

    def cpu_seconds(self) -> float:
        if self.group is not None:
            return self.group.cpu_seconds()
        if self.exit_status is None:
            with contextlib.suppress(OSError):
                self._sampled_cpu = max(self._sampled_cpu, processes.tree_usage(self.inner or self.pid).cpu_seconds)
        return max(self._sampled_cpu, self._reaped_cpu)

    # End

    def end(self, reason: str, message: str = "") -> None:
        if self.ended_by is None:
            self.ended_by, self.message = reason, message
        self.kill()

    def stop(self, grace_seconds: float) -> None:
        """SIGTERM to the command, SIGKILL to all of it after the grace."""
        if self.ended_by is None:
            self.ended_by = "stop"
        if grace_seconds <= 0 or self.released_at is None:
            self.kill()
            return
        for pid in self._main_processes():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)
        self.stop_at = time.monotonic() + grace_seconds

    def _main_processes(self) -> list[int]:
        if self.inner is None:
            return [self.pid]
        # The first child of the namespace's process 1 is the command itself.
        return processes.descendants(self.inner)[1:2]

    def kill(self) -> None:
        if self.killed_at is None and self.group is None:
            # What is killed unreaped inside the namespace is in nobody's account afterwards.
            self.cpu_seconds()
        self.killed_at = self.killed_at or time.monotonic()
        if self.inner_handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.inner_handle, signal.SIGKILL)
        if self.exit_status is None:
            # bubblewrap itself too: when its child dies before the two have agreed, it waits for ever.
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
        if not self.namespaced:
            self._kill_strays()

    def _kill_strays(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        for pid in processes.marked(self.spec["marker"]):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def reaped(self, pid: int, status: int, usage: resource.struct_rusage) -> None:
        """One of our children (the command's outer process, or an orphan of it) was waited for."""
        self._reaped_cpu += usage.ru_utime + usage.ru_stime
        if pid == self.pid:
            self.exit_status = os.waitstatus_to_exitcode(status)
            if self.inner_handle is not None:
                # Whatever the command left behind in its namespace goes with it.
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self.inner_handle, signal.SIGKILL)
            elif self.namespaced:
                self.is_inner_gone = True
            else:
                self._kill_strays()

    @property
    def is_over(self) -> bool:
        if self.exit_status is None or not self.is_inner_gone:
            return False
        if self.output_fd is None and self.status_fd is None:
            return True
        # Without namespaces an escaped process may hold the pipe for ever.
        return not self.namespaced and time.monotonic() - (self.killed_at or 0) > _GRACE_AFTER_KILL_SECONDS

    @property
    def is_stuck(self) -> bool:
        """Whether its outer process was killed and waited for, and somebody still holds its pipes."""
        return self.namespaced and self.killed_at is not None and self.exit_status is not None and not self.is_over

    def abandon(self) -> None:
        """Gives back what was made for a command that could not be forked."""
        with contextlib.suppress(OSError):
            self.output.finish()
        if self.group is not None:
            self.group.remove(patience_seconds=0.1)
        for path in self._staged:
            self._stage.release(path)
        for fd in (self.output_fd, self.status_fd, self._block_fd):
            if fd is not None:
                os.close(fd)

    def finish(self) -> bool:
        """Sends the exit message and gives everything back; False when the group has yet to be removed."""
        message = self.message
        try:
            self.output.finish()
        except OSError as error:
            self.ended_by, message = "error", f"the log cannot be written: {error.strerror}"
        out_of_memory = self.ended_by == "memory"
        cpu_seconds = self.cpu_seconds()
        is_clean = True
        if self.group is not None:
            out_of_memory = out_of_memory or self.group.oom_kills() > 0
            is_clean = self.group.remove(patience_seconds=0.01)
        if self.released_at is not None and self.ended_by is None:
            # A burst may be over before the watch has looked.
            for folder, limit in self._disk_limits.items():
                if not trees.measure(folder, limit, self.spec["files"]).is_complete:
                    self.ended_by = "disk"
        for path in self._staged:
            self._stage.release(path)
        has_run = not self.namespaced or self.reported_exit is not None or self.ended_by is not None
        code = self.reported_exit if self.reported_exit is not None else self.exit_status
        with contextlib.suppress(OSError):
            self.channel.send(
                {
                    "event": "exit",
                    "has_run": has_run,
                    "exit_code": code if self.killed_at is None else None,
                    "ended_by": self.ended_by,
                    "message": message,
                    "out_of_memory": out_of_memory,
                    "output_dropped": self.output.dropped,
                    "seconds": time.monotonic() - self.released_at if self.released_at else 0.0,
                    "cpu_seconds": cpu_seconds,
                }
            )
        self.channel.close()
        for fd in (self.inner_handle, self._block_fd):
            if fd is not None:
                os.close(fd)
        return is_clean


def _is_hosts(place: str, target: str) -> bool:
    """Whether a path of the command is still the host's: until bubblewrap has changed its root, it is."""
    device = os.stat(place).st_dev
    return device == os.stat("/").st_dev or (os.path.exists(target) and device == os.stat(target).st_dev)

"""The launcher's event loop: control connection, a channel per command, children, pipes, a watch ten times a second."""

# Descriptors and single system calls are what this is about, so it speaks os, not pathlib.
# ruff: noqa: PTH102, PTH106, PTH108, PTH119, PTH120, PTH123

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from . import cgroups, processes, trees
from .job import Job
from .staging import Stage
from .wire import Channel

_WATCH_SECONDS = 0.1
_HEAVY_WATCH_SHARE = 0.05
"""Of the time may go into measuring; the interval stretches when there is much to measure."""

_PR_SET_CHILD_SUBREAPER = 36


class Launcher:
    """Owns every command of one sandbox."""

    def __init__(self, control: Channel) -> None:
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._jobs: dict[int, Job] = {}
        self._unremoved: list[cgroups.Group] = []
        self._tickets: dict[str, tuple[dict[str, Any], Channel]] = {}
        self._hierarchy: cgroups.Hierarchy | None = None
        self._stage = Stage(None)
        self._door: socket.socket | None = None
        self._folder: str | None = None
        self._record: str | None = None
        self._staging: str | None = None
        self._name = "eval-pipeline"
        self._is_closing = False
        self._next_usage_check = 0.0

    def run(self) -> None:
        """Until the evaluator is gone and everything it had is ended."""
        self._watch_children()
        self._on(self._control.fileno(), self._control_message)
        try:
            while not self._is_closing or self._jobs:
                wait = _WATCH_SECONDS if self._jobs or self._unremoved else None
                for key, _ in self._selector.select(wait):
                    key.data()
                self._tick()
        finally:
            self._clean_up()

    # Control

    def _control_message(self) -> None:
        received = self._control.receive()
        if received is None:
            self._close_all()
            return
        message, fds = received
        match message["op"]:
            case "configure":
                self._control.send(self._configure(message))
            case "spawn":
                channel = Channel(socket.socket(fileno=fds[0]))
                self._spawn(message, channel, fds[1:])
            case "ticket":
                self._tickets[message["ticket"]] = (message, Channel(socket.socket(fileno=fds[0])))

    def _configure(self, message: dict[str, Any]) -> dict[str, Any]:
        self._folder, self._record, self._name = message["folder"], message["record"], message["name"]
        answer: dict[str, Any] = {"cgroup": None, "cgroup_reason": "not asked for", "is_staging": False}
        if message["cgroups"]:
            self._hierarchy, answer["cgroup_reason"] = cgroups.find(self._name)
            if self._hierarchy is not None:
                answer["cgroup"] = f"v{self._hierarchy.version}"
        if message["staging"] and os.geteuid() == 0:
            self._write_record(message["staging"])
            try:
                os.mkdir(message["staging"], 0o711)
                self._staging = message["staging"]
                self._stage = Stage(self._staging)
                answer["is_staging"] = True
            except OSError as error:
                answer["staging_reason"] = str(error)
        self._write_record(self._staging)
        if message["door"]:
            self._open_door(message["door"])
        return answer

    def _write_record(self, staging: str | None) -> None:
        """What a janitor must remove, should this process be killed as well."""
        if self._record is None:
            return
        groups = [str(f / self._name) for f in self._hierarchy.folders] if self._hierarchy else []
        with open(self._record, "w") as file:
            json.dump({"folder": self._folder, "groups": groups, "staging": staging}, file)

    def _open_door(self, path: str) -> None:
        self._door = socket.socket(socket.AF_UNIX)
        # A Unix socket's path may have some 100 characters; a relative one is always short enough.
        os.chdir(os.path.dirname(path))
        self._door.bind(os.path.basename(path))
        os.chdir("/")
        self._door.listen(16)
        self._on(self._door.fileno(), self._enter_door)

    def _enter_door(self) -> None:
        """A shim in the place of a browser brings its arguments and descriptors; its ticket says what to start."""
        assert self._door is not None
        visitor, _ = self._door.accept()
        shim = Channel(visitor)
        received = shim.receive()
        if received is None or received[0].get("ticket") not in self._tickets:
            shim.close()
            return
        message, fds = received
        spec, channel = self._tickets.pop(message["ticket"])
        spec["argv"] = [*spec["argv"], *message["arguments"]]
        job = self._spawn(spec, channel, fds)
        if job is None:
            shim.close()
            return
        job.shim = shim
        self._on(shim.fileno(), lambda: self._shim_gone(job))

    def _shim_gone(self, job: Job) -> None:
        assert job.shim is not None
        self._off(job.shim.fileno())
        job.shim.close()
        job.shim = None
        job.end("stop")

    # Commands

    def _spawn(self, spec: dict[str, Any], channel: Channel, passed: list[int]) -> Job | None:
        if spec["group"] is not None:
            spec["group"] = f"{self._name}/{spec['group']}"
        job = None
        try:
            job = Job(spec, channel, self._hierarchy, self._stage)
            job.spawn(passed)
        except OSError as error:
            where = error.filename or spec["log"]
            with contextlib.suppress(OSError):
                channel.send({"event": "refused", "message": f"{error.strerror or error}: {where}"})
            if job is not None:
                job.abandon()
            channel.close()
            return None
        self._jobs[job.pid] = job
        self._on(channel.fileno(), lambda: self._job_message(job))
        assert job.output_fd is not None
        self._on(job.output_fd, lambda: self._job_output(job))
        if job.status_fd is not None:
            self._on(job.status_fd, lambda: self._job_status(job))
        return job

    def _job_message(self, job: Job) -> None:
        received = job.channel.receive()
        if received is None:
            self._off(job.channel.fileno())
            job.end("stop")
            return
        with contextlib.suppress(OSError):
            job.handle(received[0])

    def _job_output(self, job: Job) -> None:
        assert job.output_fd is not None
        if not job.read_output():
            self._off(job.output_fd)
            os.close(job.output_fd)
            job.output_fd = None

    def _job_status(self, job: Job) -> None:
        assert job.status_fd is not None
        known = job.inner_handle
        try:
            is_open = job.read_status()
        except OSError:
            # The evaluator closed the channel before the command was set up.
            job.end("stop")
            is_open = False
        if job.inner_handle is not None and known is None:
            handle = job.inner_handle
            self._on(handle, lambda: self._inner_gone(job, handle))
        if not is_open:
            self._off(job.status_fd)
            os.close(job.status_fd)
            job.status_fd = None

    def _inner_gone(self, job: Job, handle: int) -> None:
        self._off(handle)
        job.is_inner_gone = True

    # Children and time

    def _watch_children(self) -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._on(reader, lambda: self._reap(reader))

    def _reap(self, reader: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(reader, 4096)
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for job in self._jobs.values():
                if pid in (job.pid, job.inner):
                    job.reaped(pid, status, usage)

    def _tick(self) -> None:
        now = time.monotonic()
        for job in list(self._jobs.values()):
            job.check_time(now)
        if now >= self._next_usage_check and self._jobs:
            for job in self._jobs.values():
                job.check_usage()
            spent = time.monotonic() - now
            self._next_usage_check = now + max(_WATCH_SECONDS, spent / _HEAVY_WATCH_SHARE)
        for job in [job for job in self._jobs.values() if job.is_over]:
            self._finish(job)
        if any(job.is_stuck for job in self._jobs.values()):
            self._kill_orphans()
        self._unremoved = [group for group in self._unremoved if not group.remove(patience_seconds=0)]

    def _kill_orphans(self) -> None:
        """Ends children of ours that no job knows.

        A bubblewrap that is killed before it has told us of its child leaves that child waiting for it, for ever, with
        the job's pipes in its hands. Orphans come to us, because we are their reaper.
        """
        known = {pid for job in self._jobs.values() for pid in (job.pid, job.inner)}
        for pid in processes.children(os.getpid()):
            if pid not in known:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _finish(self, job: Job) -> None:
        del self._jobs[job.pid]
        fds = [job.output_fd, job.status_fd, job.inner_handle, job.channel.fileno()]
        if job.shim is not None:
            fds.append(job.shim.fileno())
        for fd in fds:
            if fd is not None:
                self._off(fd)
        for fd in (job.output_fd, job.status_fd):
            if fd is not None:
                os.close(fd)
        if job.shim is not None:
            with contextlib.suppress(OSError):
                job.shim.send({"exit_code": job.exit_status})
            job.shim.close()
        if not job.finish() and job.group is not None:
            self._unremoved.append(job.group)

    # End

    def _close_all(self) -> None:
        self._off(self._control.fileno())
        self._is_closing = True
        for job in self._jobs.values():
            job.end("stop")

    def _clean_up(self) -> None:
        if self._hierarchy is not None:
            for folder in self._hierarchy.folders:
                cgroups.remove_with_children(folder / self._name)
        if self._door is not None:
            self._door.close()
        # The staging folder's mount is this process's own and ends with it; only the empty folder is the machine's.
        self._leave_stage()
        with contextlib.suppress(OSError):
            if self._folder is not None:
                trees.remove(self._folder)
            if self._record is not None:
                os.unlink(self._record)

    def _leave_stage(self) -> None:
        if self._staging is not None:
            self._stage.close()
            with contextlib.suppress(OSError):
                os.rmdir(self._staging)

    def _on(self, fd: int, callback: Callable[[], None]) -> None:
        self._selector.register(fd, selectors.EVENT_READ, callback)

    def _off(self, fd: int) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(fd)


def main() -> None:
    """Takes the control connection's descriptor number as its only argument."""
    control = Channel(socket.socket(fileno=int(sys.argv[1])))
    Launcher(control).run()

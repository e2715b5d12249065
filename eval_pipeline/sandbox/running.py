"""A started command, seen from the evaluator: sockets into its namespace, its state, its end."""

from __future__ import annotations

import collections
import contextlib
import errno
import os
import select
import socket
import threading
import time
from pathlib import Path
from typing import Any

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox.commands import CommandResult
from eval_pipeline.sandbox.launcher.wire import Channel

_SOCKETS_AT_ONCE = 16
_SETUP_SECONDS = 30.0
_END_SECONDS = 15.0
_POLL_SECONDS = 0.02
_TCP_LISTEN = "0A"
_NO_SUCH_PROGRAM = "bwrap: execvp "


class RunningProcess:
    """A command that goes on. Any thread may call any method; a context manager that stops it.

    The command is set up but held until the first call other than `listen`, so that what it will connect to is there
    before it runs; `release` lets it go by itself.
    """

    def __init__(self, channel: Channel, log: Path, is_isolated: bool) -> None:
        self._channel = channel
        self._log = log
        self._is_isolated = is_isolated
        self._lock = threading.Lock()
        self._sockets: collections.deque[socket.socket] = collections.deque()
        self._exit: dict[str, Any] | None = None
        self._is_released = False
        self.pid: int | None = None

    def __enter__(self) -> RunningProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(0)

    def listen(self, port: int) -> socket.socket:
        """A socket that listens on 127.0.0.1:port inside the command's network; made before the command runs.

        Raises:
            OSError: the port is taken inside.
            EvaluatorError: the command is gone or its network could not be entered.
        """
        if not self._is_isolated:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(128)
            return listener
        return self._request_sockets({"op": "listen", "port": port})[0]

    def connect(self, port: int, timeout: float) -> socket.socket:
        """A socket connected to 127.0.0.1:port inside the command's network, with `timeout` seconds set on it.

        Raises:
            OSError: refused or timed out, as from any connect; `ConnectionRefusedError` also when the command is gone.
            EvaluatorError: the namespace could not be entered.
        """
        self.release()
        deadline = time.monotonic() + timeout
        while True:
            connection = self._unconnected()
            try:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                connection.connect(("127.0.0.1", port))
                connection.settimeout(timeout)
                return connection
            except OSError as error:
                connection.close()
                # `lo` may still be coming up.
                is_starting = error.errno in (errno.ENETUNREACH, errno.ECONNABORTED, errno.ENETDOWN)
                if not is_starting or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_SECONDS)

    def listening_ports(self) -> set[int]:
        """TCP ports on which something inside listens (our own `listen` ports too)."""
        self.release()
        if self.pid is None or not self.alive:
            return set()
        ports = set()
        for name in ("tcp", "tcp6"):
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{self.pid}/net/{name}").read_text().splitlines()[1:]:
                    fields = line.split()
                    if fields[3] == _TCP_LISTEN:
                        ports.add(int(fields[1].rpartition(":")[2], 16))
        return ports

    def release(self) -> None:
        """Lets a held command run."""
        if self._is_released:
            return
        with self._lock:
            self._send({"op": "release"})
            self._is_released = True

    @property
    def alive(self) -> bool:
        """Whether the command itself still runs."""
        self.release()
        with self._lock:
            self._drain(0)
            return self._exit is None

    @property
    def exit_code(self) -> int | None:
        """As `CommandResult.exit_code`; None also while it runs."""
        return None if self.alive or self._exit is None else self._exit["exit_code"]

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the whole tree until now, or until its end."""
        with self._lock:
            if self._exit is None:
                answer = self._request({"op": "usage"}, "usage")
                if answer is not None:
                    return answer[0]["cpu_seconds"]
            return self._exit["cpu_seconds"] if self._exit else 0.0

    def wait(self, timeout: float | None = None) -> CommandResult | None:
        """Waits for the end; None when it has not come after `timeout` seconds."""
        self.release()
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            # Outside the lock, so that other threads can go on connecting.
            if self._exit is None:
                _wait_readable(self._channel.fileno(), left)
            with self._lock:
                self._drain(0)
                if self._exit is not None:
                    return self._result()
            if left == 0:
                return None

    def stop(self, grace_seconds: float = 2.0) -> CommandResult:
        """Ends the whole tree: SIGTERM to the command, after the grace SIGKILL to everything in its namespace.

        Raises:
            EvaluatorError: the tree would not end.
        """
        with self._lock:
            if self._exit is None:
                self._send({"op": "stop", "grace_seconds": grace_seconds})
            deadline = time.monotonic() + grace_seconds + _END_SECONDS
            while self._exit is None and time.monotonic() < deadline:
                self._drain(0.2)
            self._channel.close()
            for spare in self._sockets:
                spare.close()
            self._sockets.clear()
            if self._exit is None:
                raise EvaluatorError("a command in the sandbox did not end when it was killed")
            return self._result()

    def await_setup(self) -> None:
        """Waits until bubblewrap has made the namespaces. Called once, by the sandbox.

        Raises:
            EvaluatorError: it did not.
        """
        with self._lock:
            deadline = time.monotonic() + _SETUP_SECONDS
            while self.pid is None and self._exit is None:
                self._drain(deadline - time.monotonic())
                if time.monotonic() > deadline:
                    raise EvaluatorError("the sandbox did not start a command within 30 s")
        if self._exit is not None:
            self._result()

    def finish(self) -> CommandResult:
        """Waits for the end of a command that was not held, bounded only by its own limits. For `Sandbox.run`."""
        with self._lock:
            while self._exit is None:
                self._drain(None)
            self._channel.close()
            return self._result()

    def _result(self) -> CommandResult:
        end = self._exit
        assert end is not None
        if end["ended_by"] == "error":
            raise EvaluatorError(f"{self._log}: {end['message']}")
        code = end["exit_code"]
        if not end["has_run"]:
            said = self._first_line()
            if not said.startswith(_NO_SUCH_PROGRAM):
                raise EvaluatorError(f"the sandbox could not be set up: {said}")
            code = 127
        return CommandResult(
            exit_code=code,
            timed_out=end["ended_by"] == "timeout",
            out_of_memory=end["out_of_memory"],
            output_exceeded=end["ended_by"] == "output",
            disk_exceeded=end["ended_by"] == "disk",
            seconds=end["seconds"],
            cpu_seconds=end["cpu_seconds"],
            log=self._log,
        )

    def _first_line(self) -> str:
        with contextlib.suppress(OSError), self._log.open(errors="replace") as file:
            return file.readline(500).strip()
        return "no message"

    def _unconnected(self) -> socket.socket:
        if not self._is_isolated:
            return socket.socket()
        try:
            return self._sockets.popleft()
        except IndexError:
            sockets = self._request_sockets({"op": "sockets", "count": _SOCKETS_AT_ONCE})
            self._sockets.extend(sockets[1:])
            return sockets[0]

    def _request_sockets(self, request: dict[str, Any]) -> list[socket.socket]:
        with self._lock:
            answer = None if self._exit is not None else self._request(request, "sockets")
        if answer is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "the app is not running")
        message, fds = answer
        if message["errno"] == errno.EADDRINUSE:
            raise OSError(errno.EADDRINUSE, "the port is in use inside the sandbox")
        if message["errno"] in (errno.ENOENT, errno.ESRCH):
            raise ConnectionRefusedError(errno.ECONNREFUSED, "the app is not running")
        if message["errno"]:
            raise EvaluatorError(f"the app's network could not be entered: {os.strerror(message['errno'])}")
        return [socket.socket(fileno=fd) for fd in fds]

    def _request(self, request: dict[str, Any], answer: str) -> tuple[dict[str, Any], list[int]] | None:
        self._send(request)
        while self._exit is None:
            received = self._next()
            if received is not None and received[0]["event"] == answer:
                return received
        return None

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._channel.send(message)

    def _drain(self, timeout: float | None) -> None:
        """Takes the messages that are there, waiting up to `timeout` for the first."""
        while self._exit is None:
            if not _wait_readable(self._channel.fileno(), timeout):
                return
            self._next()
            timeout = 0

    def _next(self) -> tuple[dict[str, Any], list[int]] | None:
        received = self._channel.receive()
        if received is None:
            self._exit = _LOST
            return None
        event = received[0]["event"]
        if event == "held":
            self.pid = received[0]["pid"]
        elif event == "exit":
            self._exit = received[0]
        elif event == "refused":
            self._exit = _LOST | {"message": f"the command could not be started: {received[0]['message']}"}
        return received


def _wait_readable(fd: int, timeout: float | None) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(None if timeout is None else max(0, timeout) * 1000))


_LOST: dict[str, Any] = {
    "has_run": True,
    "exit_code": None,
    "ended_by": "error",
    "message": "the sandbox's launcher is gone",
    "out_of_memory": False,
    "seconds": 0.0,
    "cpu_seconds": 0.0,
}

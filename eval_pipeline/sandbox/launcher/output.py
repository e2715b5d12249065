"""What a command prints, kept within a bound: the head as it comes, the newest part as a tail.

The pipe is always drained, so an app that logs a lot does not stall; one that never stops is ended by the launcher.
"""

from __future__ import annotations

import collections
import os

EXCESS = 16
"""A command that prints more than this many times its bound is ended."""

_CHUNK = 256 * 1024


class Output:
    """A log file of at most `limit` bytes (plus one line that says how much is missing).

    Raises:
        OSError: the log cannot be written (also from `read_from` and `finish`).
    """

    def __init__(self, path: str, limit: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o644)
        self._head_left = limit // 2
        self._tail_limit = limit - limit // 2
        self._tail: collections.deque[bytes] = collections.deque()
        self._tail_size = 0
        self._excess = limit * EXCESS
        self.dropped = 0
        self.total = 0

    @property
    def is_excessive(self) -> bool:
        return self.total > self._excess

    def read_from(self, fd: int) -> bool:
        """Takes what is waiting in the pipe; False at its end."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return True
        if not data:
            return False
        self.total += len(data)
        if self._head_left:
            head, data = data[: self._head_left], data[self._head_left :]
            self._head_left -= len(head)
            _write_all(self._file, head)
        if data:
            self._tail.append(data)
            self._tail_size += len(data)
            while self._tail_size - len(self._tail[0]) >= self._tail_limit:
                gone = len(self._tail.popleft())
                self._tail_size -= gone
                self.dropped += gone
        return True

    def finish(self) -> None:
        """Writes the tail and closes the file."""
        try:
            tail = b"".join(self._tail)
            cut = max(0, len(tail) - self._tail_limit)
            self.dropped += cut
            if self.dropped:
                _write_all(self._file, b"\n[... %d bytes left out ...]\n" % self.dropped)
            _write_all(self._file, tail[cut:])
        finally:
            os.close(self._file)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]

"""Framed JSON messages, with file descriptors beside them, over a Unix stream socket. Both ends use this."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

_HEADER = struct.Struct("!I")
_MAX_MESSAGE = 16 * 1024 * 1024
_MAX_FDS = 64


class Channel:
    """One end of a conversation. Not safe for two threads at once: callers hold a lock."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
        """Sends one message; `fds` travel with its first byte.

        Raises:
            OSError: the other end is gone.
        """
        body = json.dumps(message).encode()
        data = _HEADER.pack(len(body)) + body
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        sent = self.socket.sendmsg([data], ancillary)
        if sent < len(data):
            self.socket.sendall(data[sent:])

    def receive(self) -> tuple[dict[str, Any], list[int]] | None:
        """The next message and its descriptors (close-on-exec), or None when the other end is gone."""
        fds: list[int] = []
        header = self._exactly(_HEADER.size, fds)
        if header is None:
            return None
        (length,) = _HEADER.unpack(header)
        if length > _MAX_MESSAGE:
            raise OSError(f"message of {length} bytes")
        body = self._exactly(length, fds)
        return None if body is None else (json.loads(body), fds)

    def close(self) -> None:
        self.socket.close()

    def _exactly(self, length: int, fds: list[int]) -> bytes | None:
        parts = bytearray()
        while len(parts) < length:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(length - len(parts), socket.CMSG_SPACE(_MAX_FDS * 4))
            except ConnectionResetError:
                return None
            for level, kind, payload in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    received = array.array("i")
                    received.frombytes(payload[: len(payload) - len(payload) % received.itemsize])
                    fds.extend(received)
            if not data:
                return None
            parts += data
        for fd in fds:
            os.set_inheritable(fd, False)
        return bytes(parts)

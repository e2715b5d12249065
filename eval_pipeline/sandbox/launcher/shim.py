"""Stands where playwright expects the browser: hands its arguments and its debugging pipe to the launcher, then waits.

It is the whole of the program that playwright starts; the browser itself is the launcher's child, in the sandbox.
"""

from __future__ import annotations

import os
import socket
import sys

from .wire import Channel

_PIPES = (3, 4)


def main() -> None:
    """Arguments: the folder of the launcher's door, a ticket, then what the browser is to be given."""
    folder, ticket, *arguments = sys.argv[1:]
    # A Unix socket's path may have some 100 characters; a relative one is always short enough.
    os.chdir(folder)
    door = socket.socket(socket.AF_UNIX)
    door.connect("door")
    channel = Channel(door)
    channel.send({"ticket": ticket, "arguments": arguments}, _PIPES)
    for fd in _PIPES:
        os.close(fd)
    received = channel.receive()
    code = received[0]["exit_code"] if received is not None else 1
    sys.exit(code if code in range(256) else 1)

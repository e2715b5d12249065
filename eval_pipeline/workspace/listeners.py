"""Listening sockets on the server's loop: plain or TLS, each with its own connections and its own limit of them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

if TYPE_CHECKING:
    from eval_pipeline.workspace.sessions import AppSession

HANDSHAKE_SECONDS = 10.0


class Listener:
    """One listening socket; `session` owns what arrives there, None for the shared ones."""

    def __init__(self, config: Config, session: AppSession | None) -> None:
        self._config = config
        self._session = session
        # Its own state, so that the limit of connections holds per socket and one app cannot use up another's.
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    async def start(self, sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        # asyncio does this itself only for sockets made with IPPROTO_TCP; without it an answer waits 40 ms for an ACK.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        seconds = HANDSHAKE_SECONDS if tls else None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, sock=sock, ssl=tls, ssl_handshake_timeout=seconds)

    def _protocol(self) -> asyncio.Protocol:
        return H11Protocol(self._config, self._state, {"session": self._session})

    def close(self) -> None:
        """Stops listening and drops what is connected."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._state.connections):
            connection.transport.abort()


def listen_on_loopback(port: int) -> socket.socket:
    """A listening TCP socket on 127.0.0.1.

    Raises:
        OSError: the port is taken.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return sock

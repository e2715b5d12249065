"""The local warehouse, seen from the server: worker processes and the sessions' connections to them.

A session whose process died (a statement ran it out of memory) or hangs (a statement that ignores interrupts) gets a
new one for its next statement: its rows follow from the seed, so nothing is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from typing import Any

from eval_pipeline.model import EvaluatorError
from eval_pipeline.workspace.warehouse import Failure, Query, Result, ResultColumn
from eval_pipeline.workspace.wire import COMMAND, HEADER

GRACE_SECONDS = 2.0
"""How long an interrupted statement may take to stop before its process is killed."""
OPEN_SECONDS = 30.0

_LOST = Failure(
    "RESOURCE_EXHAUSTED",
    "[RESOURCE_EXHAUSTED] The statement ran out of the memory or time that this warehouse has. SQLSTATE: 53200",
    "53200",
)


class WorkerPool:
    """The parent of the sessions' processes."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "eval_pipeline.workspace.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                # Nothing of our environment: it may hold credentials.
                env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LANG": "C.UTF-8", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._control = ours
        self._control.settimeout(OPEN_SECONDS)
        self._lock = threading.Lock()

    def spawn(self) -> tuple[socket.socket, int]:
        """A new process: our end of its socket, and its id.

        Raises:
            EvaluatorError: the pool's process is gone or does not answer.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                socket.send_fds(self._control, [COMMAND.pack(b"O", 0)], [theirs.fileno()])
                answer = b""
                while len(answer) < COMMAND.size:
                    part = self._control.recv(COMMAND.size - len(answer))
                    if not part:
                        raise OSError("its process ended")
                    answer += part
            return ours, COMMAND.unpack(answer)[1]
        except OSError as error:
            ours.close()
            raise EvaluatorError(f"the local warehouse cannot start a session: {error}") from error

    def kill(self, pid: int) -> None:
        with contextlib.suppress(OSError), self._lock:
            self._control.sendall(COMMAND.pack(b"K", pid))

    def close(self) -> None:
        self._control.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class LocalWarehouse:
    """One session's warehouse. Its methods run on the server's event loop."""

    def __init__(self, pool: WorkerPool, seed: int) -> None:
        self._pool = pool
        self._seed = seed
        self._ids = itertools.count()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._opening = asyncio.Lock()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._pid = 0

    async def start(self) -> None:
        """Raises EvaluatorError when no process can be had."""
        async with self._opening:
            if self._writer is not None and not self._writer.is_closing():
                return
            connection, self._pid = await asyncio.to_thread(self._pool.spawn)
            reader, self._writer = await asyncio.open_connection(sock=connection)
            self._reading = asyncio.create_task(self._read(reader, self._writer))
            try:
                await self._ask({"op": "open", "seed": self._seed}, OPEN_SECONDS)
            except (ConnectionError, TimeoutError) as error:
                self._writer.close()
                raise EvaluatorError("the local warehouse cannot draw a session's rows") from error

    async def execute(self, query: Query, timeout_seconds: float) -> Result:
        await self.start()
        try:
            answer = await self._ask(
                {
                    "op": "run",
                    "sql": query.sql,
                    "parameters": {name: list(pair) for name, pair in query.parameters.items()},
                    "catalog": query.catalog,
                    "schema": query.schema,
                    "row_limit": query.row_limit,
                    "timeout_seconds": timeout_seconds,
                },
                timeout_seconds + GRACE_SECONDS,
            )
        except (TimeoutError, ConnectionError):
            return Result(failure=_LOST)
        return _result(answer)

    async def check(self, query: Query, timeout_seconds: float) -> Failure | None:
        """Why a statement may not go to a real warehouse; None when it may. Parsed here, as parsing can be slow."""
        await self.start()
        try:
            answer = await self._ask({"op": "check", "sql": query.sql}, timeout_seconds)
        except (TimeoutError, ConnectionError):
            return _LOST
        return Failure(**answer["error"]) if "error" in answer else None

    async def reseed(self, seed: int) -> None:
        self._seed = seed
        await self.start()
        try:
            await self._ask({"op": "reseed", "seed": seed}, OPEN_SECONDS)
        except (ConnectionError, TimeoutError):
            # Its process died under a statement; the next one draws from the new seed.
            await self.start()

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._pool.kill(self._pid)
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=GRACE_SECONDS)

    async def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Raises ConnectionError when the process dies first, TimeoutError (and kills it) when it does not answer."""
        writer = self._writer
        if writer is None:
            raise ConnectionError
        name = str(next(self._ids))
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[name] = answer
        try:
            body = json.dumps({"id": name, **request}).encode()
            writer.write(HEADER.pack(len(body)) + body)
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            self._pool.kill(self._pid)
            writer.close()
            raise
        except asyncio.CancelledError:
            if request["op"] == "run" and not writer.is_closing():
                body = json.dumps({"id": "", "op": "interrupt", "target": name}).encode()
                writer.write(HEADER.pack(len(body)) + body)
            raise
        finally:
            self._waiting.pop(name, None)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                size = HEADER.unpack(await reader.readexactly(HEADER.size))[0]
                answer = json.loads(await reader.readexactly(size))
                waiting = self._waiting.get(answer["id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass
        finally:
            writer.close()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionError())


def _result(answer: dict[str, Any]) -> Result:
    if "error" in answer:
        return Result(failure=Failure(**answer["error"]))
    return Result(
        columns=tuple(ResultColumn(**column) for column in answer["columns"]),
        rows=tuple(tuple(row) for row in answer["rows"]),
        aggregates=tuple(answer["aggregates"]),
        is_truncated=answer["truncated"],
    )

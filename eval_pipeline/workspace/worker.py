"""The process side of the local warehouse: a parent that forks one small, bounded process per session.

`python -m eval_pipeline.workspace.worker FD` imports DuckDB and sqlglot once and waits on the control socket; a fork
then costs milliseconds. A session's process reads framed JSON from its own socket, runs statements in threads and dies
with that socket. Nothing here trusts a statement; the limits hold whatever DuckDB does.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import resource
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from eval_pipeline.workspace.engine import Engine, check
from eval_pipeline.workspace.wire import COMMAND, HEADER

DATA_BYTES = 1_500_000_000
"""Memory of a session's process: DuckDB's own limit, plus what DuckDB does not count against it."""


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    children: set[int] = set()
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, COMMAND.size, 1)
        for pid in list(children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                children.discard(pid)
        if len(data) < COMMAND.size:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
            os._exit(0)
        letter, target = COMMAND.unpack(data)
        if letter == b"K" and target in children:
            os.kill(target, signal.SIGKILL)
        elif letter == b"O":
            pid = os.fork()
            if pid == 0:
                control.close()
                _serve_and_exit(descriptors[0])
            children.add(pid)
            os.close(descriptors[0])
            control.sendall(COMMAND.pack(b"P", pid))


def _serve_and_exit(descriptor: int) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))
        with contextlib.suppress(OSError):
            # If memory runs out all the same, this process goes first.
            Path("/proc/self/oom_score_adj").write_text("1000")
        _serve(socket.socket(fileno=descriptor))
    finally:
        os._exit(0)


def _serve(connection: socket.socket) -> None:
    """Answers requests until the socket closes.

    Requests: `{op: "open"|"reseed", seed}`, `{op: "run", …}` (see `Engine.run`), `{op: "interrupt", id}`; each answer
    carries the request's `id`.
    """
    writing = threading.Lock()

    def answer(request: dict[str, Any], reply: dict[str, Any]) -> None:
        body = json.dumps({"id": request["id"], **reply}, ensure_ascii=True).encode()
        with writing:
            connection.sendall(HEADER.pack(len(body)) + body)

    def run(request: dict[str, Any]) -> None:
        answer(request, _need(engine).run(request))

    stream = connection.makefile("rb")
    engine: Engine | None = None
    while header := stream.read(HEADER.size):
        body = stream.read(HEADER.unpack(header)[0])
        request = json.loads(body)
        match request["op"]:
            case "open":
                engine = Engine(request["seed"])
                answer(request, {})
            case "reseed":
                _need(engine).reseed(request["seed"])
                answer(request, {})
            case "interrupt":
                _need(engine).interrupt(request["target"])
            case "check":
                answer(request, check(request["sql"]))
            case "run":
                threading.Thread(target=run, args=(request,), daemon=True).start()


def _need(engine: Engine | None) -> Engine:
    if engine is None:
        raise RuntimeError("the session's process was asked before it was opened")
    return engine


if __name__ == "__main__":
    main()

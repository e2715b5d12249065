"""A local server that speaks Slack's incoming webhook, with the answers a test scripts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: bool = False


class SlackServer:
    """`answers` are given in turn, then 200."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/services/T0/B0/verysecretpart"
        self.answers: list[Answer] = []
        self.received: list[dict[str, Any]] = []
        self.released = threading.Event()


@contextmanager
def slack_server() -> Iterator[SlackServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            slack.received.append(json.loads(body))
            answer = slack.answers.pop(0) if slack.answers else Answer()
            if answer.hang:
                slack.released.wait(60)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            text = b"ok" if answer.status == 200 else b"no_text"
            self.send_header("Content-Length", str(1000 if answer.drip else len(text)))
            self.end_headers()
            while answer.drip and not slack.released.wait(0.05):
                try:
                    self.wfile.write(b"o")
                except OSError:
                    return
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    slack = SlackServer(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield slack
    finally:
        slack.released.set()
        server.shutdown()
        thread.join()
        server.server_close()

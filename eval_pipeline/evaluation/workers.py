"""Permanent worker threads, each with a browser of its own: a browser belongs to the thread that opened it."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any

from eval_pipeline.sandbox.browser import BrowserPool

Job = Callable[["Worker"], Any]


class Worker(threading.Thread):
    """Does the jobs of one queue until it is told to end."""

    def __init__(self, number: int, open_browsers: Callable[[], BrowserPool]) -> None:
        super().__init__(name=f"evaluation-{number}", daemon=True)
        self._open = open_browsers
        self._pool: BrowserPool | None = None
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()

    def submit(self, job: Job) -> None:
        self._jobs.put(job)

    def browsers(self) -> BrowserPool:
        """This thread's browser, opened when it is first asked for."""
        if self._pool is None:
            pool = self._open()
            self._pool = pool.__enter__()
        return self._pool

    def drop_browsers(self) -> None:
        """Closes the browser, so that the next job gets a fresh one."""
        pool, self._pool = self._pool, None
        if pool is not None:
            with contextlib.suppress(Exception):
                pool.__exit__(None, None, None)

    def end(self) -> None:
        self._jobs.put(None)

    def run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job(self)
        self.drop_browsers()

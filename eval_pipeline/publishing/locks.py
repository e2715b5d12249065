"""One writer at a time, over processes: a lock that its holder's death releases."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval_pipeline.model import EvaluatorError

LOCK_SECONDS = 900


class LockedError(EvaluatorError):
    """Another process held the lock for too long."""


@contextmanager
def exclusive(path: Path, what: str, seconds: float = LOCK_SECONDS) -> Iterator[int]:
    """Holds the lock file at `path`; yields its descriptor.

    A program that is given the descriptor keeps the lock for as long as it runs, even when we are killed before it
    ends.

    Raises:
        LockedError: another process held `what` for `seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise LockedError(f"another process held {what} for {seconds:.0f} s; run it again later") from None
                time.sleep(0.05)
        yield descriptor
    finally:
        os.close(descriptor)

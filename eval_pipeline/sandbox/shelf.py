"""A folder of `<digest>/` trees, each built once, shared read-only, and bounded together.

An entry that any process holds is never removed: a holder has a shared flock on the entry's folder, and who removes
one needs it alone. What was used longest ago goes first; the time of last use is the marker's modification time.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox.launcher import trees

MARKER = "complete.json"
"""Written last: what the entry holds; without it the entry is not whole."""

_GB = 1_000_000_000


@dataclass(frozen=True)
class Entry:
    """A whole entry. `used_at` is in seconds since the epoch."""

    path: Path
    bytes: int
    used_at: float


class Shelf:
    """Safe for threads and processes: one build or removal at a time, by a lock on `root`/.lock."""

    def __init__(self, root: Path, max_gb: float | None = None) -> None:
        self.root = root
        self._max_bytes = None if max_gb is None else int(max_gb * _GB)

    def take(
        self,
        digest: str,
        build: Callable[[Path], None],
        is_whole: Callable[[Path], bool] = lambda _: True,
        holder: ExitStack | None = None,
    ) -> Path:
        """The entry's folder, made by `build` in an empty folder if need be, and kept from removal until `holder`
        is closed.

        Args:
            is_whole: whether nobody has taken anything out of the entry since it was built.

        Raises:
            EvaluatorError: the disk; and whatever `build` raises.
        """
        place = self.root / digest
        held = self._hold(place)
        while True:
            if held is not None:
                if _marker(place) is not None and is_whole(place):
                    with contextlib.suppress(OSError):
                        os.utime(place / MARKER)
                    if holder is None:
                        os.close(held)
                    else:
                        holder.callback(os.close, held)
                    return place
                os.close(held)
            with self._locked():
                # Another process may have built it while we waited.
                if _marker(place) is None or not is_whole(place):
                    self._build(build, place)
                # Before the lock is let go, so that nobody takes the entry away for room of their own.
                held = self._hold(place)

    def entries(self) -> list[Entry]:
        """Every whole entry, the one used longest ago first."""
        found = []
        for place in self.root.glob("*"):
            content = _marker(place)
            if content is None:
                continue
            size = content.get("bytes")
            with contextlib.suppress(OSError):
                used_at = (place / MARKER).stat().st_mtime
                found.append(Entry(place, size if isinstance(size, int) else _measure(place), used_at))
        return sorted(found, key=lambda entry: entry.used_at)

    def trim(self, max_gb: float | None = None) -> list[str]:
        """Removes what was used longest ago until the entries fit; the digests removed. What is in use stays."""
        with self._locked():
            return self._trim(self._max_bytes if max_gb is None else int(max_gb * _GB), keep=None)

    def _trim(self, max_bytes: int | None, keep: Path | None) -> list[str]:
        if max_bytes is None:
            return []
        found = self.entries()
        total = sum(entry.bytes for entry in found)
        removed = []
        for entry in found:
            if total <= max_bytes:
                break
            if entry.path != keep and self._remove(entry.path):
                total -= entry.bytes
                removed.append(entry.path.name)
        return removed

    def _remove(self, place: Path) -> bool:
        """Whether nobody held the entry, so that it is gone."""
        try:
            fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Out of the way at once: who asks for it from now on builds it again.
            aside = self.root / f".removed-{secrets.token_hex(4)}"
            place.rename(aside)
            trees.remove(str(aside))
        except OSError:
            return False
        finally:
            os.close(fd)
        return True

    def _hold(self, place: Path) -> int | None:
        """A shared lock on the entry as it is on the shelf now; None when there is none."""
        try:
            fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)
            if os.path.samestat(os.fstat(fd), place.stat()):
                return fd
        except OSError:
            pass
        os.close(fd)
        return None

    def _build(self, build: Callable[[Path], None], place: Path) -> None:
        for pattern in (".building-*", ".removed-*"):
            for unfinished in self.root.glob(pattern):
                # We hold the lock, so whoever made it was killed.
                trees.remove(str(unfinished))
        folder = self.root / f".building-{secrets.token_hex(4)}"
        try:
            folder.mkdir()
            build(folder)
            _seal(folder)
            if place.exists():
                # Not whole; whoever holds it keeps what is left of it until the next start.
                place.rename(self.root / f".removed-{secrets.token_hex(4)}")
            folder.rename(place)
            self._trim(self._max_bytes, keep=place)
        except OSError as error:
            raise EvaluatorError(f"the dependency store {self.root} cannot be written: {error.strerror}") from error
        finally:
            with contextlib.suppress(OSError):
                trees.remove(str(folder))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EvaluatorError(f"the dependency store {self.root} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _seal(folder: Path) -> None:
    """Makes the tree ours, and marks it whole with its size and with what `build` left in the marker."""
    owner = 0 if os.geteuid() == 0 else None
    usage = trees.measure(str(folder), float("inf"), float("inf"), owner=owner)
    content = (_marker(folder) or {}) | {"bytes": usage.bytes}
    with (folder / MARKER).open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())


def _marker(place: Path) -> dict[str, object] | None:
    try:
        content = json.loads((place / MARKER).read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _measure(place: Path) -> int:
    return trees.measure(str(place), float("inf"), float("inf")).bytes

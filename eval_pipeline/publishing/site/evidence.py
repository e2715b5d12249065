"""An app's evidence for its page: screenshots copied into the site, ends of logs, request and statement logs in short.

Evidence comes from untrusted apps: read as regular files without following links, bounded, and shown as text. What is
missing or damaged is left out, never an error.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval_pipeline.model import InputError
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.text import mask, one_line, plain, tail

MAX_IMAGE_BYTES = 8 * 1024 * 1024
MAX_JSON_BYTES = 4 * 1024 * 1024
LOG_LINES = 40
LOG_CHARACTERS = 6000
ROWS_SHOWN = 20

SCREENSHOTS = (("screenshot-desktop.png", "desktop.png", "Desktop"), ("screenshot-phone.png", "phone.png", "Phone"))
LOGS = (("build.log", "Build"), ("types.log", "Types"), ("tests.log", "Tests"), ("server.log", "Server"))
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Screenshot:
    label: str
    source: str
    width: int
    height: int


@dataclass(frozen=True)
class Evidence:
    """What was found. `statements` and `requests` are the first rows of `statement_count` and `request_count`."""

    screenshots: tuple[Screenshot, ...] = ()
    logs: tuple[tuple[str, str], ...] = ()
    statements: tuple[dict[str, str], ...] = ()
    statement_count: int = 0
    requests: tuple[dict[str, str], ...] = ()
    request_count: int = 0
    uri: str = field(default="")

    @property
    def is_empty(self) -> bool:
        return not (self.screenshots or self.logs or self.statements or self.requests)


def collect(uri: str, store: ArtifactStore, target: Path, secrets: Sequence[str]) -> Evidence:
    """Reads the evidence folder `uri`; screenshots go into the folder `target`, linked by its name."""
    try:
        folder = store.path(uri)
    except InputError:
        return Evidence()
    if folder.is_symlink() or not folder.is_dir():
        return Evidence()
    statements, statement_count = _rows(
        folder / "statements.json", ("state", "auth", "row_count", "error_code", "sql"), secrets
    )
    requests, request_count = _rows(folder / "requests.json", ("status", "method", "type", "path"), secrets)
    return Evidence(
        screenshots=tuple(_screenshots(folder, target)),
        logs=tuple(_logs(folder, secrets)),
        statements=statements,
        statement_count=statement_count,
        requests=requests,
        request_count=request_count,
        uri=uri,
    )


def _screenshots(folder: Path, target: Path) -> Iterable[Screenshot]:
    for name, copy, label in SCREENSHOTS:
        head = _read(folder / name, limit=24, largest=MAX_IMAGE_BYTES)
        if head is None or len(head) < 24 or not head.startswith(_PNG):
            continue
        target.mkdir(parents=True, exist_ok=True)
        _link_or_copy(folder / name, target / copy)
        width, height = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
        yield Screenshot(label, f"{target.name}/{copy}", width, height)


def _logs(folder: Path, secrets: Sequence[str]) -> Iterable[tuple[str, str]]:
    for name, label in LOGS:
        data = _read(folder / name, limit=8 * LOG_CHARACTERS, from_end=True)
        text = mask(tail((data or b"").decode("utf-8", "replace"), LOG_LINES, LOG_CHARACTERS), secrets)
        if text.strip():
            yield label, text


def _rows(path: Path, keys: Sequence[str], secrets: Sequence[str]) -> tuple[tuple[dict[str, str], ...], int]:
    data = _read(path, limit=MAX_JSON_BYTES, largest=MAX_JSON_BYTES)
    try:
        rows = json.loads(data or b"[]")
    except (ValueError, RecursionError):
        return (), 0
    if not isinstance(rows, list):
        return (), 0
    kept = [row for row in rows if isinstance(row, dict)]
    return tuple({key: _shown(row.get(key), secrets) for key in keys} for row in kept[:ROWS_SHOWN]), len(kept)


def _shown(value: Any, secrets: Sequence[str]) -> str:
    return "" if value is None else one_line(mask(plain(str(value)), secrets), 400)


def _read(path: Path, *, limit: int, largest: int | None = None, from_end: bool = False) -> bytes | None:
    """Up to `limit` bytes of a regular file that is no link; None when there is none, or one over `largest`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode) or (largest is not None and info.st_size > largest):
            return None
        if from_end:
            file.seek(max(0, info.st_size - limit))
        return file.read(limit)


def _link_or_copy(source: Path, target: Path) -> None:
    # A link costs nothing per rebuild; evidence is replaced by renames, so what is linked never changes.
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copyfile(source, target, follow_symlinks=False)

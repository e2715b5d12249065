"""One bounded reading of an app's tree, shared by everything that looks at its text: sizes, secrets, variables,
known values.

The tree is hostile: no link is followed, files are cut at a size, binary ones are skipped.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

SKIPPED_FOLDERS = frozenset(
    {"node_modules", ".git", ".eval", ".venv", "__pycache__", "dist", "build", ".next", "coverage"}
)
CODE_SUFFIXES = frozenset(
    [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".css", ".html", ".sql", ".py", ".vue", ".svelte"]
)
LOCKFILES = frozenset(
    ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "uv.lock", "poetry.lock"]
)
MAX_FILE_BYTES = 1_000_000
MAX_TOTAL_BYTES = 20_000_000

_TEST_FILE = re.compile(
    r"(^|/)(__tests__|tests?|e2e)/|\.(test|spec)\.[cm]?[jt]sx?$|"
    r"(^|/)(test_[^/]*|[^/]*_test|conftest|tests)\.py$"
)
_ENV_READ = re.compile(
    r"(?:process\.env|import\.meta\.env)(?:\.([A-Z][A-Z0-9_]*)|\[\s*[\"']([A-Z][A-Z0-9_]*)[\"']\s*\])|"
    r"(?:\benviron(?:\.get\(|\[|\.setdefault\()|\bgetenv\()\s*[\"']([A-Z][A-Z0-9_]*)[\"']"
)
_ENV_TAKEN_APART = re.compile(r"\{([^{}]{1,2000})\}\s*=\s*(?:process\.env|import\.meta\.env)\b(?!\s*[.\[])")
_TAKEN = re.compile(r"(?:^|,)\s*([A-Z][A-Z0-9_]*)\b")
_ENV_NAME = re.compile(r"[\"'`](DATABRICKS_[A-Z0-9_]+)[\"'`]")


@dataclass(frozen=True)
class SourceFile:
    path: PurePosixPath
    text: str

    @property
    def is_test(self) -> bool:
        return bool(_TEST_FILE.search(str(self.path)))

    @property
    def is_code(self) -> bool:
        return self.path.suffix in CODE_SUFFIXES


class SourceTree:
    """The text files of a tree by path; `skipped` names what was too large to read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.skipped: list[str] = []

    @cached_property
    def files(self) -> dict[PurePosixPath, SourceFile]:
        found: dict[PurePosixPath, SourceFile] = {}
        total = 0
        for path, size in _walk(self.root):
            relative = PurePosixPath(path.relative_to(self.root).as_posix())
            if size > MAX_FILE_BYTES or total + size > MAX_TOTAL_BYTES:
                self.skipped.append(str(relative))
                continue
            data = path.read_bytes()
            total += len(data)
            if b"\0" not in data[:4096]:
                found[relative] = SourceFile(relative, data.decode("utf-8", errors="replace"))
        return found

    def text(self, path: str) -> str | None:
        file = self.files.get(PurePosixPath(path))
        return file.text if file else None

    @cached_property
    def lines_of_code(self) -> int:
        """Lines that are not blank, tests included, in the files of the app's languages."""
        return sum(sum(1 for line in f.text.splitlines() if line.strip()) for f in self.files.values() if f.is_code)

    @cached_property
    def variables_read(self) -> set[str]:
        """Names of the environment variables that the app's own code reads, tests left out."""
        names: set[str] = set()
        for file in self.files.values():
            if file.is_code and not file.is_test:
                names.update(next(filter(None, found)) for found in _ENV_READ.findall(file.text))
                for parts in _ENV_TAKEN_APART.findall(file.text):
                    names.update(_TAKEN.findall(parts))
                names.update(_ENV_NAME.findall(file.text))
        return names

    def known_texts(self) -> list[str]:
        """What the app holds before it asks anything; the lockfile only holds hashes and is left out."""
        return [f.text for f in self.files.values() if f.path.name not in LOCKFILES]


def static_texts(folder: Path) -> list[str]:
    """The text files under a built folder, bounded."""
    texts = []
    total = 0
    for path, size in _walk(folder, skip=frozenset({"node_modules"})):
        if path.suffix in CODE_SUFFIXES | {".json", ".svg", ".txt"} and size <= 4 * MAX_FILE_BYTES:
            total += size
            if total > MAX_TOTAL_BYTES:
                break
            texts.append(path.read_bytes().decode("utf-8", errors="replace"))
    return texts


def _walk(root: Path, skip: frozenset[str] = SKIPPED_FOLDERS) -> Iterator[tuple[Path, int]]:
    """Regular files under `root`, sorted, with their sizes; never through a link."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in skip)
        for name in sorted(names):
            path = Path(folder, name)
            info = path.lstat()
            if stat.S_ISREG(info.st_mode):
                yield path, info.st_size

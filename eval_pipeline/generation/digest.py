"""App trees as untrusted folders: what belongs to one, whether it can be judged, its digest, a safe copy.

Trees come from strangers: links are never followed, special files never opened, sizes checked before reading.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from eval_pipeline.model import InputError

MAX_FILE_MB = 50
MAX_TREE_MB = 500
MAX_FILES = 20_000
_MB = 1024 * 1024
_CHUNK = 1024 * 1024

NOT_PART = frozenset({".eval", ".git", "node_modules"})
"""Folders that are no part of an app wherever they lie: our metadata, history, installed packages."""


class TreeError(InputError):
    """An app tree that cannot be judged; `code` is a short stable word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class TreeEntry:
    """A file or link of a tree. `target` is a link's text; `size` in bytes; `path` relative, with slashes."""

    path: str
    size: int
    is_executable: bool
    target: str | None


def tree_digest(path: Path) -> str:
    """SHA-256 over the relative path, executable bit and content of every file, sorted; hex.

    `.eval/`, `.git/` and `node_modules/` are left out. A link counts by its text, not by what it points to.

    Raises:
        TreeError: as `check_tree` says.
    """
    digest = hashlib.sha256()
    root = Path(path)
    for entry in check_tree(root):
        kind = b"link" if entry.target is not None else b"exec" if entry.is_executable else b"file"
        digest.update(kind + b"\0" + entry.path.encode() + b"\0")
        if entry.target is not None:
            digest.update(entry.target.encode())
        else:
            digest.update(_content_hash(root, entry))
        digest.update(b"\0")
    return digest.hexdigest()


def check_tree(path: Path) -> list[TreeEntry]:
    """The tree's files and links, sorted by path, when it can be judged.

    Raises:
        TreeError: the folder is missing, a file, a link or empty; a link leaves the tree; a name is not UTF-8; a
            file is neither regular nor a link; a file, the whole, or the number of files is over its bound.
    """
    root = Path(path)
    shown = _shown(root)
    try:
        mode = root.lstat().st_mode
    except FileNotFoundError:
        raise TreeError("no_such_directory", f"{shown}: no such folder; give the path of an app's folder") from None
    except OSError as error:
        raise TreeError("unreadable", f"{shown}: cannot be read ({error.strerror})") from error
    if not stat.S_ISDIR(mode):
        what = "a link" if stat.S_ISLNK(mode) else "not a folder"
        raise TreeError("not_a_directory", f"{shown}: is {what}; give the path of an app's folder itself")
    entries = sorted(_walk(root, shown, lambda folder, name: name in NOT_PART), key=lambda entry: entry.path)
    if not entries:
        raise TreeError("empty_tree", f"{shown}: holds no files; an app needs at least its manifest and its source")
    return entries


def copy_tree(source: Path, target: Path, is_left_out: Callable[[Path, str], bool]) -> None:
    """Copies the parts of a tree for which `is_left_out(folder, name)` is false into the folder `target`.

    Raises:
        TreeError: as `check_tree` says, of the parts that are copied.
    """
    entries = list(_walk(source, _shown(source), is_left_out))
    for entry in entries:
        place = target / entry.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.target is not None:
            place.symlink_to(entry.target)
            continue
        with place.open("wb") as file:
            for chunk in _read(source, entry):
                file.write(chunk)
        place.chmod(0o755 if entry.is_executable else 0o644)


def _walk(root: Path, shown: str, is_left_out: Callable[[Path, str], bool]) -> Iterator[TreeEntry]:
    files = 0
    total = 0
    folders = [PurePosixPath(".")]
    while folders:
        folder = folders.pop()
        for item in _scan(root / folder, shown):
            name = _utf8(item.name, folder, shown)
            if is_left_out(root / folder, name):
                continue
            relative = folder / name
            status = item.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                folders.append(relative)
                continue
            files += 1
            if files > MAX_FILES:
                raise TreeError(
                    "too_many_files", f"{shown}: more than {MAX_FILES:,} files; leave out what is built or installed"
                )
            if stat.S_ISLNK(status.st_mode):
                yield TreeEntry(str(relative), 0, False, _inner_link(root, relative, shown))
                continue
            if not stat.S_ISREG(status.st_mode):
                raise TreeError("special_file", f"{shown}: {relative} is a device, pipe or socket; remove it")
            if status.st_size > MAX_FILE_MB * _MB:
                raise TreeError(
                    "file_too_large",
                    f"{shown}: {relative} has {status.st_size / _MB:,.0f} MB; {MAX_FILE_MB} MB is the most",
                )
            total += status.st_size
            if total > MAX_TREE_MB * _MB:
                raise TreeError(
                    "tree_too_large", f"{shown}: more than {MAX_TREE_MB} MB in all; remove what is not source"
                )
            yield TreeEntry(str(relative), status.st_size, bool(status.st_mode & 0o111), None)


def _scan(folder: Path, shown: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            return list(items)
    except OSError as error:
        raise TreeError("unreadable", f"{shown}: a folder in it cannot be read ({error.strerror})") from error


def _inner_link(root: Path, relative: PurePosixPath, shown: str) -> str:
    """A link's text, when following it, through other links too, stays within the tree."""
    text = str((root / relative).readlink())
    _utf8(text, relative, shown)
    leaves = TreeError(
        "link_leaves_tree", f"{shown}: the link {relative} leads out of the folder; put the file itself in its place"
    )
    if text.startswith("/"):
        raise leaves
    try:
        real = (root / relative).resolve(strict=False)
    except (OSError, RuntimeError) as error:
        raise leaves from error
    if not real.is_relative_to(root.resolve()):
        raise leaves
    return text


def _utf8(name: str, folder: PurePosixPath, shown: str) -> str:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        where = "" if str(folder) == "." else f" in {_shown(folder)}"
        raise TreeError(
            "name_not_utf8", f"{shown}: the name {os.fsencode(name)!r}{where} is not UTF-8; rename it"
        ) from None
    return name


def _read(root: Path, entry: TreeEntry) -> Iterator[bytes]:
    """A regular file's content, never more than it had when it was checked."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(root / entry.path, flags)
    except OSError as error:
        code = "link_leaves_tree" if error.errno == errno.ELOOP else "unreadable"
        raise TreeError(code, f"{_shown(root)}: {entry.path} cannot be read ({error.strerror})") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise TreeError("special_file", f"{_shown(root)}: {entry.path} is a device, pipe or socket; remove it")
        left = entry.size
        while left and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk


def _content_hash(root: Path, entry: TreeEntry) -> bytes:
    digest = hashlib.sha256()
    for chunk in _read(root, entry):
        digest.update(chunk)
    return digest.digest()


def _shown(path: Path | PurePosixPath) -> str:
    """A path for a message: what is not UTF-8 in it escaped."""
    return str(path).encode("utf-8", errors="backslashreplace").decode()

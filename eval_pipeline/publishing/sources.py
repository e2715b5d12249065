"""Which files of an app may leave this machine, and a deterministic archive of them.

An app's tree is hostile and may hold what its author never meant to show. What is left out is listed with the
reason, never silently. Rules are by name at any depth, by kind and size, and by content (our own secrets, private keys,
tokens).
"""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import tarfile
import unicodedata
import urllib.parse
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

from eval_pipeline.model import InputError, Value
from eval_pipeline.text import mask, one_line

MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_TREE_BYTES = 50 * 1024 * 1024
MAX_FILES = 5000
MAX_PATH_BYTES = 240
"""Longer paths cannot be checked out on every system."""

_VERSION_CONTROL = {".git", ".hg", ".svn", ".bzr", "cvs", "_darcs", ".jj", ".fossil"}
_DEPENDENCIES = {"node_modules", "bower_components", ".venv", "venv", ".pnpm-store", ".yarn", "site-packages"}
_BUILD_OUTPUT = {
    "dist",
    "build",
    "coverage",
    "htmlcov",
    "__pycache__",
    ".next",
    ".nuxt",
    ".output",
    ".svelte-kit",
    ".vite",
    ".vite-temp",
    ".turbo",
    ".parcel-cache",
    ".cache",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
}
_CREDENTIAL_FOLDERS = {".ssh", ".aws", ".azure", ".gnupg", ".kube", ".docker", ".databricks", ".terraform", "gcloud"}
_OUR_METADATA = {".eval"}

_FOLDERS = {
    **dict.fromkeys(_VERSION_CONTROL, "version control"),
    **dict.fromkeys(_DEPENDENCIES, "installed dependencies"),
    **dict.fromkeys(_BUILD_OUTPUT, "build output"),
    **dict.fromkeys(_CREDENTIAL_FOLDERS, "credentials folder"),
    **dict.fromkeys(_OUR_METADATA, "generation metadata"),
}

_SENSITIVE_NAME = re.compile(
    r"\.env(?!\.example$).*|env\.local|.+\.env"
    r"|.*\.(?:pem|key|p8|p12|pfx|pkcs12|jks|keystore|ppk|kdbx?|gpg|pgp|ovpn|tfstate|tfvars)(?:\.(?:bak|old|backup))?"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)(?:[._-].*)?"
    r"|\.(?:npmrc|yarnrc|yarnrc\.yml|pypirc|netrc|databrickscfg|git-credentials|pgpass|my\.cnf|htpasswd|dockercfg|s3cfg"
    r"|boto|vault-token|terraformrc|gitconfig)"
    r"|_netrc|credentials(?:\.json)?|service[-_]?account.*\.json|client_secret.*\.json|secrets?\.(?:json|ya?ml|toml)"
)
# Names by which Git or a check-out elsewhere would read a repository's own settings; Windows short names among them.
_REPOSITORY_NAME = re.compile(r"\.git(?:modules|attributes)?|\.mailmap|gi[0-9a-z]{0,5}~\d+")
_BUILD_FILE = re.compile(r".*\.(?:pyc|pyo|tsbuildinfo)|\.ds_store|thumbs\.db|\.coverage")
# Characters that some file systems leave out of names, so that ".g\u200cit" becomes ".git".
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff\u00ad]")

_SECRET_CONTENT = (
    (re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"), "holds a private key"),
    (
        re.compile(
            rb"\bdapi[0-9a-f]{32}\b|\bdose[0-9a-f]{32}\b|\bAKIA[0-9A-Z]{16}\b|\bsk-ant-[\w-]{20,}|\bgh[opsu]_[A-Za-z0-9]{36}"
            rb"|\bgithub_pat_\w{22,}|\bxox[abprs]-[\w-]{10,}|hooks\.slack\.com/services/T\w+/B\w+/\w{16,}"
        ),
        "holds an access token",
    ),
)
_APP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_MIN_SECRET = 4
"""Shorter secrets stand in every file by chance."""


class SourceFile(Value):
    """One file that may leave: path under the app with `/`, bytes, whether it is executable."""

    path: str
    data: bytes
    is_executable: bool = False


class LeftOut(Value):
    """One file or folder that stays here, and why. The path is fit to print."""

    path: str
    reason: str


class Sources(Value):
    """An app's publishable tree, both lists in order of path."""

    files: tuple[SourceFile, ...]
    left_out: tuple[LeftOut, ...]


def collect_sources(root: Path, secrets: Iterable[str] = ()) -> Sources:
    """Reads what may leave of the app at `root`; never follows a link.

    Args:
        root: the app's folder.
        secrets: our own secrets; a file that holds one, plain or encoded, is left out.

    Raises:
        InputError: `root` is not a folder.
    """
    if root.is_symlink() or not root.is_dir():
        raise InputError(f"no app folder named {root.name!r} to publish; generate the app again")
    secrets = [secret for secret in secrets if len(secret) >= _MIN_SECRET]
    needles = _encodings(secrets)
    files: list[SourceFile] = []
    left_out: list[LeftOut] = []
    room = MAX_TREE_BYTES
    for path, entry, reason in _walk(root):
        data = b""
        if not reason and len(files) >= MAX_FILES:
            reason = f"the app has more than {MAX_FILES} files"
        if not reason and any(secret in path for secret in secrets):
            reason = "has one of our secrets in its name"
        if not reason:
            data, reason = _read(entry)
        if not reason and any(needle in data for needle in needles):
            reason = "holds one of our secrets"
        if not reason:
            reason = next((why for pattern, why in _SECRET_CONTENT if pattern.search(data)), None)
        if not reason and len(data) > room:
            reason = f"the app has more than {MAX_TREE_BYTES} bytes"
        if reason:
            shown = one_line(mask(os.fsencode(path).decode(errors="replace"), secrets), MAX_PATH_BYTES)
            left_out.append(LeftOut(path=shown, reason=reason))
        else:
            room -= len(data)
            is_executable = bool(entry.stat(follow_symlinks=False).st_mode & stat.S_IXUSR)
            files.append(SourceFile(path=path, data=data, is_executable=is_executable))
    return Sources(
        files=tuple(sorted(files, key=lambda file: file.path)),
        left_out=tuple(sorted(left_out, key=lambda item: item.path)),
    )


def check_app_name(name: str) -> str:
    """The name, when it can be a folder of its own wherever it is published.

    Raises:
        InputError: it cannot.
    """
    if not _APP_NAME.fullmatch(name):
        raise InputError(
            f"the app name {one_line(name, 100)!r} cannot be a published folder: "
            "use letters, digits, '-', '_' and '.', at most 100, the first a letter or digit"
        )
    return name


def archive(sources: Sources) -> bytes:
    """A .tar.gz of the files: the same files give the same bytes on every machine and day."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for file in sources.files:
            info = tarfile.TarInfo(file.path)
            info.size = len(file.data)
            info.mode = 0o755 if file.is_executable else 0o644
            tar.addfile(info, io.BytesIO(file.data))
    return buffer.getvalue()


def _walk(root: Path) -> Iterator[tuple[str, os.DirEntry[str], str | None]]:
    """Every entry that is not inside a folder that stays here: path, entry, reason to leave it out.

    Iterative, because a hostile tree may be nested deeper than Python recurses; paths over the limit end that.
    """
    waiting = [(root, "")]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            raise InputError(
                f"the app folder {root.name!r} cannot be read at {prefix or '.'!r}: {error.strerror}"
            ) from error
        for entry in entries:
            path = prefix + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            reason = _reason_by_name(path, entry.name, is_folder)
            if is_folder and reason is None:
                waiting.append((folder / entry.name, path + "/"))
            else:
                yield path, entry, reason or _reason_by_kind(entry)


def _reason_by_name(path: str, name: str, is_folder: bool) -> str | None:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name) or "\\" in name:
        return "its name cannot be checked out everywhere"
    if len(path.encode()) > MAX_PATH_BYTES:
        return "its path is too long"
    # As the least careful file system reads it: no case, no invisible characters, no trailing dots, no stream name.
    folded = _IGNORED.sub("", unicodedata.normalize("NFKC", name)).casefold().split(":")[0].rstrip(". ")
    if is_folder and folded in _FOLDERS:
        return _FOLDERS[folded]
    if _REPOSITORY_NAME.fullmatch(folded):
        return "version control"
    if _SENSITIVE_NAME.fullmatch(folded):
        return "may hold credentials"
    if not is_folder and _BUILD_FILE.fullmatch(folded):
        return "build output"
    return None


def _reason_by_kind(entry: os.DirEntry[str]) -> str | None:
    if entry.is_symlink():
        return "is a link"
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_size > MAX_FILE_BYTES:
        return f"has {status.st_size} bytes, over {MAX_FILE_BYTES}"
    return None


def _read(entry: os.DirEntry[str]) -> tuple[bytes, str | None]:
    """The file's bytes, or why it has none to give; checked again on the open file, which cannot be swapped."""
    try:
        descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        return b"", f"cannot be read: {error.strerror}"
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b"", "is not a regular file"
        data = file.read(MAX_FILE_BYTES + 1)
    return data, f"has over {MAX_FILE_BYTES} bytes" if len(data) > MAX_FILE_BYTES else None


def _encodings(secrets: Iterable[str]) -> set[bytes]:
    """Each secret as a file may hold it: plain, in a URL, in base64."""
    needles: set[bytes] = set()
    for secret in secrets:
        plain = secret.encode()
        needles |= {plain, urllib.parse.quote(secret, safe="").encode(), b64encode(plain).rstrip(b"=")}
    return needles

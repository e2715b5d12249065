"""Git as a program: bounded time, an environment of its own, no host configuration, no hooks, no prompts.

Trees are written by `git fast-import`: it reads no ignore file, attribute or filter of an app, and a killed run leaves
the branch where it was. What to write is in repository.py.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from eval_pipeline.model import EvaluatorError, Value
from eval_pipeline.text import mask, one_line

LOCAL_SECONDS = 300
NETWORK_SECONDS = 600

_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.attributesFile": "/dev/null",
    "core.autocrlf": "false",
    "core.quotePath": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "commit.gpgSign": "false",
    "push.gpgSign": "false",
    # A collector in the background would outlive us and hold the repository's locks.
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
}


class GitError(EvaluatorError):
    """A git command failed; says which and the end of what it said, without credentials."""


class Blob(Value):
    """A file to write: path from the repository's root."""

    path: str
    data: bytes
    is_executable: bool = False


class Existing(Value):
    """A file or folder that is in the repository already: its object, to be put at `path`."""

    path: str
    mode: str
    object_id: str


class Commit(Value):
    """What `Git.commit` writes; `timestamp` is in seconds since 1970, UTC."""

    message: str
    author: str
    timestamp: int
    parent: str | None
    removed: tuple[str, ...] = ()


class Git:
    """The repository in `folder`, with a working tree there.

    Args:
        folder: the working tree; made when it is missing.
        secrets: texts that no error may show.
        inherited: file descriptors that every command keeps open: a lock that it holds then outlives us with it.
    """

    def __init__(self, folder: Path, secrets: Iterable[str] = (), inherited: tuple[int, ...] = ()) -> None:
        program = shutil.which("git")
        if program is None:
            raise EvaluatorError("git is not installed: install it (make setup), or put it on the PATH")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._program = program
        self._secrets = tuple(secrets)
        self._inherited = inherited

    def init(self, branch: str) -> None:
        """Makes the repository, or mends one whose making was interrupted; its branch becomes the current one."""
        # Whoever made these is gone: we hold the lock that every writer here takes.
        for lock in (self.folder / ".git").rglob("*.lock"):
            lock.unlink(missing_ok=True)
        self.run("init", "--quiet", "--template=", f"--initial-branch={branch}", str(self.folder), in_repository=False)
        self.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def run(
        self,
        *arguments: str,
        stdin: IO[bytes] | None = None,
        seconds: float = LOCAL_SECONDS,
        in_repository: bool = True,
    ) -> bytes:
        """Runs a git command; returns its standard output.

        Raises:
            GitError: it failed or took longer than `seconds`; the whole process group is gone then.
        """
        code, output, errors = self.attempt(*arguments, stdin=stdin, seconds=seconds, in_repository=in_repository)
        if code != 0:
            raise GitError(f"git {arguments[0]} failed: {self.shown(errors or output)}")
        return output

    def attempt(
        self,
        *arguments: str,
        stdin: IO[bytes] | None = None,
        seconds: float = LOCAL_SECONDS,
        in_repository: bool = True,
    ) -> tuple[int, bytes, bytes]:
        """As `run`, for commands whose failure is an answer: exit code, standard output, standard error."""
        process = subprocess.Popen(
            [self._program, *arguments],
            cwd=self.folder,
            env=self._environment(in_repository),
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=self._inherited,
        )
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException as error:
            # git's transports are children of its own that keep the pipes open: the whole group has to go.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise GitError(f"git {arguments[0]} took longer than {seconds:.0f} s") from error
            raise
        return process.returncode, output, errors

    def resolve(self, name: str) -> str | None:
        """The object that a name stands for (`refs/heads/main`, `COMMIT:path`), None when there is none."""
        code, output, _ = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        return output.decode().strip() if code == 0 else None

    def read(self, commit: str | None, path: str) -> bytes | None:
        """A file's bytes in a commit, None when it is not there."""
        found = self.existing(commit, path)
        return self.run("cat-file", "blob", found.object_id) if found and found.mode != "040000" else None

    def existing(self, commit: str | None, path: str) -> Existing | None:
        """The file or folder at `path` of a commit, None when it is not there."""
        if commit is None:
            return None
        line = self.run("--literal-pathspecs", "ls-tree", "-z", commit, "--", path).split(b"\0")[0]
        if not line:
            return None
        mode, _, object_id = line.split(b"\t")[0].decode().split()
        return Existing(path=path, mode=mode, object_id=object_id)

    def commit(self, commit: Commit, entries: Iterable[Blob | Existing], ref: str) -> str:
        """Writes a commit of the parent's tree without `removed` and with `entries`, and puts `ref` on it."""
        with tempfile.TemporaryFile() as stream:
            _write_stream(stream, commit, entries, ref)
            stream.seek(0)
            self.run("fast-import", "--quiet", "--force", "--done", stdin=stream)
        written = self.resolve(ref)
        if written is None:
            raise GitError("git fast-import wrote no commit")
        return written

    def changed_paths(self, before: str | None, after: str) -> list[str]:
        """Paths that differ between two commits; all of `after` when there is no `before`."""
        if before is None:
            listing = self.run("ls-tree", "-r", "-z", "--name-only", after)
        else:
            listing = self.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after)
        return [os.fsdecode(name) for name in listing.split(b"\0") if name]

    def shown(self, output: bytes) -> str:
        """The end of what git said, without credentials, on one line."""
        return one_line(mask(output[-4000:].decode(errors="replace"), self._secrets), 600)

    def _environment(self, in_repository: bool) -> dict[str, str]:
        environment = {
            "PATH": os.pathsep.join([str(Path(self._program).parent), os.defpath]),
            "HOME": str(Path.home()),  # for ssh keys and .netrc; git's own configuration there is not read
            "LC_ALL": "C",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "false",
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=30",
            "GIT_CONFIG_COUNT": str(len(_CONFIG)),
        }
        for index, (key, value) in enumerate(_CONFIG.items()):
            environment |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
        if in_repository:
            # Named outright: a broken repository here must not make git take the one that surrounds the home.
            environment |= {"GIT_DIR": str(self.folder / ".git"), "GIT_WORK_TREE": str(self.folder)}
        return environment


def _write_stream(stream: IO[bytes], commit: Commit, entries: Iterable[Blob | Existing], ref: str) -> None:
    """The language of git-fast-import(1)."""

    def data(content: bytes) -> bytes:
        return b"data %d\n%b\n" % (len(content), content)

    who = f"{commit.author} {commit.timestamp} +0000\n".encode()
    stream.write(f"feature done\nreset {ref}\n\ncommit {ref}\n".encode())
    stream.write(b"author " + who + b"committer " + who + data(commit.message.encode()))
    if commit.parent:
        stream.write(f"from {commit.parent}\n".encode())
    for path in commit.removed:
        stream.write(b"D " + _quoted(path) + b"\n")
    for entry in entries:
        if isinstance(entry, Existing):
            stream.write(f"M {entry.mode} {entry.object_id} ".encode() + _quoted(entry.path) + b"\n")
        else:
            mode = b"100755" if entry.is_executable else b"100644"
            stream.write(b"M " + mode + b" inline " + _quoted(entry.path) + b"\n" + data(entry.data))
    stream.write(b"\ndone\n")


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + escaped.encode() + b'"'

"""The two files of a shard: the request with its apps, and the reply with its verdicts and evidence.

Both are compressed tars. They hold what apps wrote, so nothing in them is trusted: links out of the target, devices and
absolute paths are refused when one is opened.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from eval_pipeline.generation.digest import tree_digest
from eval_pipeline.model import AppEvaluation, ControlVerdict, EvaluatorError, Prompt, Value

FORMAT = 1
MAX_BYTES = 5_000_000_000
"""Of what one parcel unpacks to."""
MAX_MEMBERS = 500_000

_REQUEST, _REPLY = "request.json", "reply.json"
_MAX_TEXT = 500_000_000
_LEFT_OUT = frozenset({"node_modules", ".git"})


class ShardApp(Value):
    """An app of a request; its tree is `apps/<number>` when it has one."""

    number: int
    name: str
    evidence_uri: str
    prompt: Prompt | None
    trusted: bool
    not_generated: tuple[str, str] | None
    metrics: tuple[str, ...]
    digest: str


class ShardRequest(Value):
    """What a shard has to judge: apps, or the controls of a date and some stacks."""

    format: int = FORMAT
    number: int
    apps: tuple[ShardApp, ...] = ()
    controls_date: str | None = None
    controls_stacks: tuple[str, ...] = ()
    parallel: int
    timeout_seconds: float
    use_cache: bool
    keep: bool


class ShardReply(Value):
    """What came of it, and who judged."""

    format: int = FORMAT
    number: int
    evaluations: tuple[AppEvaluation, ...] = ()
    controls: tuple[ControlVerdict, ...] = ()
    controls_seconds: float = 0.0
    controls_seconds_of: dict[str, float] = Field(default_factory=dict)
    isolation: str
    verdict_digest: str
    tools: dict[str, str]
    seconds: float


Parcel = TypeVar("Parcel", ShardRequest, ShardReply)


def pack_request(path: Path, request: ShardRequest, trees: dict[int, Path], kept: Iterable[tuple[str, Path]]) -> None:
    """Writes a request. `kept` are files and folders of the store that may spare work: (URI, path)."""
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        _add_text(tar, _REQUEST, request.model_dump_json())
        for number, tree in trees.items():
            tar.add(tree, f"apps/{number}", filter=_plain)
        for uri, source in kept:
            tar.add(source, f"store/{uri}", filter=_plain)


def open_request(path: Path, target: Path) -> ShardRequest:
    """Unpacks a request into an empty folder.

    Raises:
        EvaluatorError: the file is damaged, too large, of another version, or an app is not what was sent.
    """
    _unpack(path, target)
    request = _read(target / _REQUEST, ShardRequest)
    for app in request.apps:
        if app.not_generated is None and tree_digest(target / "apps" / str(app.number)) != app.digest:
            raise EvaluatorError(f"app {app.name} of shard {request.number} did not arrive as it was sent")
    return request


def pack_reply(path: Path, reply: ShardReply, store: Path) -> None:
    """Writes a reply with all that the shard's store holds, in one piece or not at all."""
    fresh = path.with_name(f".{path.name}.part")
    with tarfile.open(fresh, "w:gz", compresslevel=1) as tar:
        _add_text(tar, _REPLY, reply.model_dump_json())
        if store.is_dir():
            tar.add(store, "store", filter=_plain)
    fresh.replace(path)


def open_reply(path: Path, target: Path) -> ShardReply:
    """Unpacks a reply into an empty folder.

    Raises:
        EvaluatorError: the file is damaged, too large or of another version.
    """
    _unpack(path, target)
    return _read(target / _REPLY, ShardReply)


def read_reply(path: Path) -> ShardReply:
    """A reply's verdicts, without its evidence.

    Raises:
        EvaluatorError: see `open_reply`.
    """
    try:
        with tarfile.open(path, "r:gz") as tar:
            file = tar.extractfile(_REPLY)
            text = file.read(_MAX_TEXT) if file else b""
    except (tarfile.TarError, KeyError, OSError, EOFError) as error:
        raise EvaluatorError(f"a shard's reply cannot be read: {type(error).__name__}") from error
    return _parse(text, _REPLY, ShardReply)


def _read(path: Path, kind: type[Parcel]) -> Parcel:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise EvaluatorError(f"a shard's {path.name} cannot be read: {type(error).__name__}") from error
    return _parse(text, path.name, kind)


def _parse(text: bytes, name: str, kind: type[Parcel]) -> Parcel:
    try:
        found = kind.model_validate_json(text)
    except ValidationError as error:
        # Of the error only its kind: it can quote what an app wrote.
        why = f"a shard's {name} cannot be read ({type(error).__name__}): both sides need the same version of us"
        raise EvaluatorError(why) from error
    if found.format != FORMAT:
        raise EvaluatorError(f"a shard's {name} has format {found.format}, this version reads {FORMAT}")
    return found


def _unpack(path: Path, target: Path) -> None:
    size = members = 0
    try:
        with tarfile.open(path, "r:gz") as tar:
            for member in tar:
                size, members = size + member.size, members + 1
                if size > MAX_BYTES or members > MAX_MEMBERS:
                    raise EvaluatorError("a shard's file unpacks to more than it may")
                tar.extract(member, target, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise EvaluatorError(f"a shard's file cannot be unpacked: {type(error).__name__}") from error


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without owners and times of ours, packages and version history."""
    if _LEFT_OUT & set(Path(member.name).parts):
        return None
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode()
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))

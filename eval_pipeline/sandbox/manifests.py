"""The package.json of an app and of its workspaces, reduced to what an installation needs.

Everything that could run code or name another source is left out or refused; what is left is all that an
installation sees of the app, beside its lockfile.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from eval_pipeline.sandbox.results import read_result

FIELDS = (
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "overrides",
    "resolutions",
    "bundleDependencies",
    "bundledDependencies",
)
WORKSPACE_FILE = "pnpm-workspace.yaml"
NAME = r"(?:@[a-zA-Z0-9~][\w.~-]*/)?[a-zA-Z0-9~_][\w.~-]*"

_MAX_MANIFEST_BYTES = 1_000_000
_MAX_MEMBERS = 100
_MAX_DEPTH = 6
_SKIPPED = frozenset({"node_modules", ".git", ".eval"})
_SPECS = ("dependencies", "devDependencies", "optionalDependencies")
_REGISTRY_SPEC = re.compile(r"(npm:(@[^/@]+/)?[^/@]+(@[^/:]*)?|[^/:]*|catalog:[\w-]*)")
"""A range, a tag, an alias or a catalog's name; a URL, a path and a git shorthand all have a slash or a colon."""

_VERSION = re.compile(r"\d+\.\d+\.\d+[0-9A-Za-z.+-]*")


class DependencyError(Exception):
    """An app's dependencies cannot be installed, by the app's doing. `code` is a failure code."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Manifests:
    """The reduced manifests: the root's under ".", the workspaces' under their folders.

    The root is called `app` whatever it calls itself, so that equal dependencies are one entry of the store.
    """

    by_folder: dict[str, dict[str, Any]]
    package_manager: object
    pnpm: dict[str, Any]
    """What pnpm-workspace.yaml, or `pnpm` in package.json, says of overrides, catalogs and layout."""

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(folder for folder in self.by_folder if folder != ".")

    @property
    def names(self) -> dict[str, str]:
        """Folder of a workspace by its package name."""
        return {str(m["name"]): folder for folder, m in self.by_folder.items() if folder != "." and "name" in m}

    def texts(self) -> dict[str, str]:
        """Every package.json by its path."""
        return {str(PurePosixPath(f, "package.json")): json.dumps(m) for f, m in self.by_folder.items()}


def read_manifests(folder: Path) -> Manifests:
    """Reads package.json of `folder` and of its workspaces.

    Raises:
        DependencyError: `manifest_invalid` or `foreign_package_source`.
    """
    root = _manifest(folder, "package.json")
    workspace = _workspace_file(folder)
    patterns = workspace_patterns(root, workspace)
    found = {".": {"name": "app", "version": "0.0.0"} | _reduced(root)}
    members = expand(patterns, package_folders(folder)) if patterns else []
    for member in members:
        manifest = _manifest(folder, f"{member}/package.json")
        kept = {key: manifest[key] for key in ("name", "version") if isinstance(manifest.get(key), str)}
        if not re.fullmatch(NAME, kept.get("name", "a")):
            raise DependencyError("manifest_invalid", f"{member}/package.json: {kept['name']!r:.80} is not a name")
        found[member] = kept | _reduced(manifest)
    if members:
        found["."]["workspaces"] = list(members)
    older = root.get("pnpm")
    of_pnpm = workspace or (older if isinstance(older, dict) else {})
    manifests = Manifests(found, root.get("packageManager"), of_pnpm)
    for place, manifest in found.items():
        for key in _SPECS:
            _check_specs(manifest.get(key, {}), str(PurePosixPath(place, "package.json")), manifests.names)
    return manifests


def workspace_patterns(manifest: dict[str, Any], workspace: dict[str, Any]) -> list[str]:
    """The globs that name the workspaces, from pnpm-workspace.yaml, else from package.json."""
    declared: object = workspace.get("packages") or manifest.get("workspaces")
    if isinstance(declared, dict):
        declared = declared.get("packages")
    if not isinstance(declared, list):
        return []
    return [pattern for pattern in declared if isinstance(pattern, str)]


def expand(patterns: Sequence[str], folders: Iterable[str]) -> list[str]:
    """The folders that the globs name (`packages/*`, `apps/**`, `!apps/old`), sorted.

    Raises:
        DependencyError: `manifest_invalid`, when there are far too many.
    """
    wanted = [_glob(p) for p in patterns if not p.startswith("!")]
    unwanted = [_glob(p[1:]) for p in patterns if p.startswith("!")]
    found = sorted(
        folder
        for folder in folders
        if folder != "."
        and any(glob.fullmatch(folder) for glob in wanted)
        and not any(glob.fullmatch(folder) for glob in unwanted)
    )
    if len(found) > _MAX_MEMBERS:
        raise DependencyError(
            "manifest_invalid", f"package.json: {len(found)} workspaces; {_MAX_MEMBERS} are supported"
        )
    return found


def package_folders(root: Path) -> list[str]:
    """Folders below `root` that hold a package.json; links are not followed."""
    found = []
    for folder, folders, names in os.walk(root):
        relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
        folders[:] = sorted(f for f in folders if f not in _SKIPPED) if len(relative.parts) < _MAX_DEPTH else []
        if "package.json" in names:
            found.append(str(relative))
    return found


def check_version(value: object) -> bool:
    """Whether this is a version as registries have them, not an address."""
    return isinstance(value, str) and _VERSION.fullmatch(value) is not None


def is_registry_tarball(url: str, name: str, version: str) -> bool:
    """Whether a registry, whichever, has the file of this package under such an address."""
    base = name.rpartition("/")[2]
    tail = f"/{re.escape(name)}/-/{re.escape(base)}-{re.escape(version)}\\.tgz"
    return re.fullmatch(rf"https?://[^?#]+{tail}", url.replace("%2f", "/").replace("%2F", "/")) is not None


def read_text(folder: Path, path: str, limit: int) -> str | None:
    """A text file of the app; None when it is not a plain one of at most `limit` bytes."""
    data = read_result(path, folder, limit)
    return None if data is None else data.decode("utf-8", errors="replace")


def json_object(text: str, name: str, code: str) -> dict[str, Any]:
    """Raises DependencyError with `code` when this is not a JSON object."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise DependencyError(code, f"{name} is not a JSON object")
    return content


def _manifest(folder: Path, path: str) -> dict[str, Any]:
    text = read_text(folder, path, _MAX_MANIFEST_BYTES)
    if text is None:
        raise DependencyError(
            "manifest_invalid", f"{path} is missing, or not a plain file of at most {_MAX_MANIFEST_BYTES} bytes"
        )
    return json_object(text, path, "manifest_invalid")


def _workspace_file(folder: Path) -> dict[str, Any]:
    text = read_text(folder, WORKSPACE_FILE, _MAX_MANIFEST_BYTES)
    if text is None:
        return {}
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DependencyError("manifest_invalid", f"{WORKSPACE_FILE} is not YAML: {str(error)[:120]}") from error
    return content if isinstance(content, dict) else {}


def _reduced(manifest: dict[str, Any]) -> dict[str, Any]:
    return {key: manifest[key] for key in FIELDS if manifest.get(key)}


def _check_specs(specs: object, where: str, members: dict[str, str]) -> None:
    if not isinstance(specs, dict):
        raise DependencyError("manifest_invalid", f"{where}: dependencies are not an object")
    for name, spec in specs.items():
        if isinstance(spec, str):
            if _REGISTRY_SPEC.fullmatch(spec.strip()):
                continue
            if name in members and re.fullmatch(r"workspace:[^/:]*", spec.strip()):
                continue
        raise DependencyError(
            "foreign_package_source", f"{where}: {name!r:.80} comes from {spec!r:.120}, not from the registry"
        )


def _glob(pattern: str) -> re.Pattern[str]:
    *outer, last = pattern.strip().removeprefix("./").rstrip("/").split("/")
    folders = "".join(r"(?:[^/]+/)*" if part == "**" else f"{_segment(part)}/" for part in outer)
    return re.compile(folders + (r"(?:[^/]+/)*[^/]+" if last == "**" else _segment(last)))


def _segment(part: str) -> str:
    return re.escape(part).replace(r"\*", "[^/]*")

"""What a package.json and its package-lock.json ask for, reduced to what decides the installed tree.

Refused where they point anywhere but the registry. Pure: no process, no network.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval_pipeline.sandbox.results import read_result

_FIELDS = (
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "overrides",
    "bundleDependencies",
    "bundledDependencies",
)
_MAX_MANIFEST_BYTES = 1_000_000
_MAX_LOCK_BYTES = 20_000_000
_VERSION = re.compile(r"\d+\.\d+\.\d+[0-9A-Za-z.+-]*")
_REGISTRY_SPEC = re.compile(r"(npm:(@[^/@]+/)?[^/@]+(@[^/:]*)?|[^/:]*)")
"""A range, a tag or an alias; a URL, a path and a git shorthand all have a slash or a colon."""

_PLACE = re.compile(r"(node_modules/(@[^/@.][^/@]*/)?[^/@.][^/@]*)(/node_modules/(@[^/@.][^/@]*/)?[^/@.][^/@]*)*")


class DependencyError(Exception):
    """An app's dependencies cannot be installed, by the app's doing. `code` is a failure code."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Dependencies:
    """The two files as they are installed from, and their identity."""

    manifest: dict[str, Any]
    lock: dict[str, Any]

    def digest(self, node_major: int, platform: str) -> str:
        """Same digest, same installed tree. The number is raised when trees are made in another way."""
        content = json.dumps([2, self.manifest, self.lock, node_major, platform], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:32]


def read(folder: Path) -> Dependencies:
    """Reads and checks both files of `folder`.

    Raises:
        DependencyError: `manifest_invalid`, `lockfile_missing`, `lockfile_invalid`, `lockfile_unsupported` or
            `foreign_package_source`.
    """
    manifest = _json(folder, "package.json", _MAX_MANIFEST_BYTES, "manifest_invalid", "manifest_invalid")
    lock = _json(folder, "package-lock.json", _MAX_LOCK_BYTES, "lockfile_missing", "lockfile_invalid")
    version = lock.get("lockfileVersion")
    packages = lock.get("packages")
    if version not in (2, 3) or not isinstance(packages, dict):
        raise DependencyError(
            "lockfile_unsupported", f"package-lock.json has version {version!r:.20}; 2 and 3 are supported"
        )
    reduced = {key: manifest[key] for key in _FIELDS if manifest.get(key)}
    for key in ("dependencies", "devDependencies", "optionalDependencies"):
        _check_specs(reduced.get(key, {}), "package.json")
    root = packages.get("")
    if not isinstance(root, dict):
        raise DependencyError("lockfile_invalid", "package-lock.json has no entry for the project itself")
    identity = {"name": "app", "version": "0.0.0"}
    cleaned: dict[str, Any] = {"": identity | {key: root[key] for key in _FIELDS if root.get(key)}}
    for place, entry in packages.items():
        if place:
            cleaned[place] = _cleaned(place, entry)
    return Dependencies(
        identity | reduced,
        identity | {"lockfileVersion": 3, "requires": True, "packages": cleaned},
    )


def _json(folder: Path, name: str, limit: int, missing: str, invalid: str) -> dict[str, Any]:
    data = read_result(name, folder, limit)
    if data is None:
        raise DependencyError(missing, f"{name} is missing, or not a plain file of at most {limit} bytes")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise DependencyError(invalid, f"{name} is not a JSON object")
    return content


def _check_specs(specs: object, where: str) -> None:
    if not isinstance(specs, dict):
        raise DependencyError("manifest_invalid", f"{where}: dependencies are not an object")
    for name, spec in specs.items():
        if not isinstance(spec, str) or not _REGISTRY_SPEC.fullmatch(spec.strip()):
            raise DependencyError(
                "foreign_package_source", f"{where}: {name!r:.80} comes from {spec!r:.120}, not from the registry"
            )


def _cleaned(place: str, entry: object) -> dict[str, Any]:
    """A lock entry without `resolved`: npm then asks the configured registry, and `integrity` still holds."""
    if not isinstance(entry, dict) or not _PLACE.fullmatch(place):
        raise DependencyError(
            "foreign_package_source" if isinstance(entry, dict) else "lockfile_invalid",
            f"package-lock.json: {place!r:.120} is not a package under node_modules",
        )
    name = str(entry.get("name") or place.rpartition("node_modules/")[2])
    version = str(entry.get("version"))
    if entry.get("link"):
        raise DependencyError("foreign_package_source", f"package-lock.json: {place!r:.120} is a link")
    if not _VERSION.fullmatch(version):
        raise DependencyError(
            "foreign_package_source", f"package-lock.json: {place!r:.120} has no registry version ({version!r:.80})"
        )
    resolved = entry.get("resolved")
    if resolved is not None and not _is_registry_tarball(str(resolved), name, version):
        raise DependencyError(
            "foreign_package_source",
            f"package-lock.json: {place!r:.120} is resolved to {resolved!r:.120}, not to the registry's file of {name}",
        )
    return {key: value for key, value in entry.items() if key != "resolved"}


def _is_registry_tarball(url: str, name: str, version: str) -> bool:
    base = name.rpartition("/")[2]
    tail = f"/{re.escape(name)}/-/{re.escape(base)}-{re.escape(version)}\\.tgz"
    return re.fullmatch(rf"https?://[^?#]+{tail}", url.replace("%2f", "/").replace("%2F", "/")) is not None

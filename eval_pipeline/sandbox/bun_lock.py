"""bun.lock, the text lockfile of bun: JSON with trailing commas."""

from __future__ import annotations

import json
import re
from typing import Any

from eval_pipeline.sandbox.manifests import (
    FIELDS,
    NAME,
    DependencyError,
    Manifests,
    check_version,
    is_registry_tarball,
    json_object,
)

FILE = "bun.lock"
VERSIONS = (0, 1, 2)

_NOISE = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)
_KEPT = ("lockfileVersion", "configVersion", "overrides", "catalog", "catalogs")


def clean(manifests: Manifests, text: str) -> dict[str, str]:
    """The files to install from: manifests, and a lockfile that names no address and trusts no script.

    Raises:
        DependencyError: `lockfile_invalid`, `lockfile_unsupported`, `lockfile_out_of_sync`, `foreign_package_source`.
    """
    lock = json_object(_NOISE.sub(lambda match: match[1] or "", text), FILE, "lockfile_invalid")
    version = lock.get("lockfileVersion")
    if version not in VERSIONS:
        raise DependencyError("lockfile_unsupported", f"{FILE} has version {version!r:.20}; 0 to 2 are supported")
    if lock.get("patchedDependencies"):
        raise DependencyError("lockfile_unsupported", f"{FILE}: patched dependencies are not supported")
    workspaces, packages = lock.get("workspaces"), lock.get("packages", {})
    if not isinstance(workspaces, dict) or not isinstance(workspaces.get(""), dict) or not isinstance(packages, dict):
        raise DependencyError("lockfile_invalid", f"{FILE} has no entry for the project itself")
    cleaned: dict[str, Any] = {key: lock[key] for key in _KEPT if key in lock}
    cleaned["workspaces"] = {place: _workspace(place, entry, manifests) for place, entry in workspaces.items()}
    cleaned["packages"] = {place: _cleaned(place, entry, manifests) for place, entry in packages.items()}
    return manifests.texts() | {FILE: json.dumps(cleaned)}


def _workspace(place: str, entry: object, manifests: Manifests) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise DependencyError("lockfile_invalid", f"{FILE}: the workspace {place!r:.120} is not an object")
    if place and place not in manifests.members:
        raise DependencyError("lockfile_out_of_sync", f"{FILE} has the workspace {place!r:.120}; package.json not")
    kept = {key: entry[key] for key in ("name", "version", *FIELDS, "optionalPeers") if entry.get(key)}
    return kept if place else kept | {"name": "app"}


def _cleaned(place: str, entry: object, manifests: Manifests) -> list[Any]:
    """`[name@version, registry, what it needs, integrity]`, the registry left empty: the configured one is asked."""
    if not isinstance(entry, list) or not entry or not isinstance(entry[0], str):
        raise DependencyError("lockfile_invalid", f"{FILE}: {place!r:.120} is not a list with a name")
    match = re.fullmatch(rf"({NAME})@(.+)", entry[0])
    if match is None:
        raise DependencyError("foreign_package_source", f"{FILE}: {entry[0]!r:.120} is not a package of the registry")
    name, version = match[1], match[2]
    if version.removeprefix("workspace:") in manifests.members:
        return [entry[0], *(part for part in entry[1:] if isinstance(part, dict))]
    if not check_version(version):
        raise DependencyError("foreign_package_source", f"{FILE}: {entry[0]!r:.120} is not a package of the registry")
    if len(entry) != 4 or not isinstance(entry[1], str) or not isinstance(entry[2], dict):
        raise DependencyError("lockfile_invalid", f"{FILE}: {place!r:.120} is not as bun writes it")
    if entry[1] and not is_registry_tarball(entry[1], name, version):
        raise DependencyError(
            "foreign_package_source",
            f"{FILE}: {place!r:.120} comes from {entry[1]!r:.120}, not from the registry's file of {name}",
        )
    return [entry[0], "", entry[2], entry[3]]

"""package-lock.json, versions 2 and 3."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import Any

from eval_pipeline.sandbox.manifests import (
    FIELDS,
    DependencyError,
    Manifests,
    check_version,
    is_registry_tarball,
    json_object,
)

FILE = "package-lock.json"

_PLACE = re.compile(r"(node_modules/(@[^/@.][^/@]*/)?[^/@.][^/@]*)(/node_modules/(@[^/@.][^/@]*/)?[^/@.][^/@]*)*")


def clean(manifests: Manifests, text: str) -> dict[str, str]:
    """The files to install from: manifests, and a lockfile that names no address.

    Raises:
        DependencyError: `lockfile_invalid`, `lockfile_unsupported`, `lockfile_out_of_sync`, `foreign_package_source`.
    """
    lock = json_object(text, FILE, "lockfile_invalid")
    version = lock.get("lockfileVersion")
    packages = lock.get("packages")
    if version not in (2, 3) or not isinstance(packages, dict):
        raise DependencyError("lockfile_unsupported", f"{FILE} has version {version!r:.20}; 2 and 3 are supported")
    root = packages.get("")
    if not isinstance(root, dict):
        raise DependencyError("lockfile_invalid", f"{FILE} has no entry for the project itself")
    identity = {"name": "app", "version": "0.0.0"}
    cleaned: dict[str, Any] = {"": identity | {key: root[key] for key in FIELDS if root.get(key)}}
    if manifests.members:
        cleaned[""]["workspaces"] = list(manifests.members)
    for place, entry in packages.items():
        if place:
            cleaned[place] = _cleaned(place, entry, manifests)
    content = identity | {"lockfileVersion": 3, "requires": True, "packages": cleaned}
    return manifests.texts() | {FILE: json.dumps(content)}


def _cleaned(place: str, entry: object, manifests: Manifests) -> dict[str, Any]:
    """A lock entry without `resolved`: npm then asks the configured registry, and `integrity` still holds."""
    if not isinstance(entry, dict):
        raise DependencyError("lockfile_invalid", f"{FILE}: {place!r:.120} is not an object")
    if place in manifests.members:
        return {key: entry[key] for key in ("name", "version", *FIELDS) if entry.get(key)}
    member = next((m for m in manifests.members if place.startswith(f"{m}/node_modules/")), None)
    if not _PLACE.fullmatch(place.removeprefix(f"{member}/") if member else place):
        if manifests.members and "node_modules" not in (parts := PurePosixPath(place).parts) and ".." not in parts:
            raise DependencyError("lockfile_out_of_sync", f"{FILE} has the workspace {place!r:.120}; package.json not")
        raise DependencyError("foreign_package_source", f"{FILE}: {place!r:.120} is not a package under node_modules")
    name = str(entry.get("name") or place.rpartition("node_modules/")[2])
    if entry.get("link"):
        if entry.get("resolved") in manifests.members:
            return {"resolved": entry["resolved"], "link": True}
        raise DependencyError("foreign_package_source", f"{FILE}: {place!r:.120} is a link")
    version = entry.get("version")
    if not check_version(version):
        raise DependencyError(
            "foreign_package_source", f"{FILE}: {place!r:.120} has no registry version ({version!r:.80})"
        )
    resolved = entry.get("resolved")
    if resolved is not None and not is_registry_tarball(str(resolved), name, str(version)):
        raise DependencyError(
            "foreign_package_source",
            f"{FILE}: {place!r:.120} is resolved to {resolved!r:.120}, not to the registry's file of {name}",
        )
    return {key: value for key, value in entry.items() if key != "resolved"}

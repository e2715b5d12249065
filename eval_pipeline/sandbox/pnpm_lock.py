"""pnpm-lock.yaml, version 9."""

from __future__ import annotations

import json
import posixpath
import re
from typing import Any

import yaml
from yaml.cyaml import CSafeLoader

from eval_pipeline.sandbox.manifests import (
    NAME,
    WORKSPACE_FILE,
    DependencyError,
    Manifests,
    check_version,
    is_registry_tarball,
)

FILE = "pnpm-lock.yaml"

_ALIAS = re.compile(r"(?:^|[\s\[{,:])\*[^\s'\"]", re.MULTILINE)
_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies")
_LAYOUT = ("nodeLinker", "hoist", "hoistPattern", "publicHoistPattern", "shamefullyHoist")
_DECIDED_BY_LOCK = ("autoInstallPeers", "excludeLinksFromLockfile", "dedupePeers", "injectWorkspacePackages")
_DROPPED = ("packageExtensionsChecksum", "pnpmfileChecksum", "ignoredOptionalDependencies", "time")


class _Loader(CSafeLoader):
    """YAML as pnpm reads it: only true, false, null and whole numbers are not strings."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("tag:yaml.org,2002:int", r"^[0-9]+$", "0123456789"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def clean(manifests: Manifests, text: str) -> dict[str, str]:
    """The files to install from: manifests, a lockfile that names no address, and pnpm's settings of ours.

    Raises:
        DependencyError: `lockfile_invalid`, `lockfile_unsupported`, `lockfile_out_of_sync`, `foreign_package_source`.
    """
    lock = _load(text)
    version = str(lock.get("lockfileVersion"))
    if version.partition(".")[0] != "9":
        raise DependencyError("lockfile_unsupported", f"{FILE} has version {version!r:.20}; 9 is supported")
    if lock.get("patchedDependencies"):
        raise DependencyError("lockfile_unsupported", f"{FILE}: patched dependencies are not supported")
    importers = _mapping(lock, "importers")
    if "." not in importers:
        raise DependencyError("lockfile_invalid", f"{FILE} has no entry for the project itself")
    for place, importer in importers.items():
        _check_importer(str(place), importer, manifests)
    cleaned = {key: value for key, value in lock.items() if key not in _DROPPED}
    cleaned["packages"] = {key: _cleaned(str(key), entry) for key, entry in _mapping(lock, "packages").items()}
    for key, entry in _mapping(lock, "snapshots").items():
        _check_snapshot(str(key), entry)
    settings = _mapping(lock, "settings")
    return manifests.texts() | {
        FILE: json.dumps(cleaned),
        WORKSPACE_FILE: json.dumps(_workspace_settings(manifests, settings)),
    }


def _load(text: str) -> dict[str, Any]:
    try:
        # An alias could stand for a text of any length; pnpm writes none.
        if _ALIAS.search(text) and any(
            isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader)
        ):
            raise DependencyError("lockfile_invalid", f"{FILE} has YAML aliases")
        # A lockfile of pnpm's own version may come first; the project's is the last document.
        documents = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DependencyError("lockfile_invalid", f"{FILE} is not YAML: {str(error)[:120]}") from error
    if not documents or not isinstance(documents[-1], dict):
        raise DependencyError("lockfile_invalid", f"{FILE} is not a mapping")
    return documents[-1]


def _mapping(content: dict[str, Any], key: str) -> dict[str, Any]:
    found = content.get(key) or {}
    if not isinstance(found, dict):
        raise DependencyError("lockfile_invalid", f"{FILE}: {key} is not a mapping")
    return found


def _check_importer(place: str, importer: object, manifests: Manifests) -> None:
    if place != "." and place not in manifests.members:
        raise DependencyError("lockfile_out_of_sync", f"{FILE} has the workspace {place!r:.120}; package.json not")
    if not isinstance(importer, dict):
        raise DependencyError("lockfile_invalid", f"{FILE}: the workspace {place!r:.120} is not a mapping")
    for section in _SECTIONS:
        for name, entry in _mapping(importer, section).items():
            version = str(entry.get("version")) if isinstance(entry, dict) else ""
            linked = posixpath.normpath(posixpath.join(place, version.removeprefix("link:")))
            if version.startswith("link:") and linked in manifests.members:
                continue
            _check_reference(str(name), version)


def _check_reference(name: str, version: str) -> None:
    """A version with its peers, or an alias; an address has a colon, a path begins with a dot or a slash."""
    if not version or ":" in version or version[0] in "./":
        raise DependencyError(
            "foreign_package_source", f"{FILE}: {name!r:.80} comes from {version!r:.120}, not from the registry"
        )


def _check_snapshot(key: str, entry: object) -> None:
    if not isinstance(entry, dict):
        raise DependencyError("lockfile_invalid", f"{FILE}: {key!r:.120} is not a mapping")
    for section in ("dependencies", "optionalDependencies"):
        for name, version in _mapping(entry, section).items():
            _check_reference(str(name), str(version))


def _cleaned(key: str, entry: object) -> dict[str, Any]:
    """An entry that has nothing but its integrity to be found by: the configured registry is asked."""
    match = re.fullmatch(rf"({NAME})@([^()]+)", key)
    resolution = entry.get("resolution") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(resolution, dict):
        raise DependencyError("lockfile_invalid", f"{FILE}: {key!r:.120} has no resolution")
    integrity, address = resolution.get("integrity"), resolution.get("tarball")
    is_known = match is not None and check_version(match[2]) and set(resolution) <= {"integrity", "tarball"}
    if not is_known or match is None or (address and not is_registry_tarball(str(address), match[1], match[2])):
        raise DependencyError(
            "foreign_package_source", f"{FILE}: {key!r:.120} comes from {resolution!r:.160}, not from the registry"
        )
    if not isinstance(integrity, str):
        raise DependencyError("lockfile_invalid", f"{FILE}: {key!r:.120} has no integrity")
    return entry | {"resolution": {"integrity": integrity}}


def _workspace_settings(manifests: Manifests, settings: dict[str, Any]) -> dict[str, Any]:
    """pnpm-workspace.yaml: what the lockfile was made with, and how the app wants its packages laid out."""
    found: dict[str, Any] = {"packages": list(manifests.members)}
    found |= {key: settings[key] for key in _DECIDED_BY_LOCK if isinstance(settings.get(key), bool)}
    theirs = manifests.pnpm
    found |= {key: theirs[key] for key in ("overrides", "catalog", "catalogs") if isinstance(theirs.get(key), dict)}
    for key in _LAYOUT:
        value = theirs.get(key)
        if isinstance(value, (bool, str)) or (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            found[key] = value
    return found

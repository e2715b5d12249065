"""What a Python app asks for: requirements.txt, uv.lock or pyproject.toml, reduced to plain requirement lines.

Refused where they point anywhere but the registry. Pure: no process, no network; nothing else of the app's
configuration (pip.conf, uv.toml, index options) is read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.markers import InvalidMarker, Marker, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from eval_pipeline.sandbox.manifests import DependencyError
from eval_pipeline.sandbox.results import read_result

DEVELOPMENT_FILES = (
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "requirements-test.txt",
    "requirements_test.txt",
    "test-requirements.txt",
    "requirements/dev.txt",
    "requirements/test.txt",
)
DEVELOPMENT_GROUPS = ("dev", "test", "tests", "typing", "lint")

_MAX_BYTES = 2_000_000
_MAX_LOCK_BYTES = 20_000_000
_MAX_LINES = 5000
_MAX_DEPTH = 5
_HASH = re.compile(r"\s--hash[= ](sha(?:256|384|512):[0-9a-f]+)")
_FOREIGN = re.compile(
    r"-e\b|--editable|-i\b|--index-url|--extra-index-url|-f\b|--find-links|--trusted-host|"
    r"[./~]|[\w+.-]+://|\w+\+\w+:|file:|[^\s;]+\.(?:whl|zip|tar\.gz)\b"
)
_HARMLESS = re.compile(r"--(?:prefer-binary|only-binary|require-hashes|no-binary|pre|use-feature)\b")
_NESTED = re.compile(r"(?:-r|--requirement)[= ]?\s*(\S+)$")
_COMMENT = re.compile(r"(^|\s)#.*$")
_LOCK_VERSION = 1


@dataclass(frozen=True)
class PythonDependencies:
    """Requirement lines as uv takes them, hashes included.

    `is_complete` says that the lines are the whole tree (from uv.lock): nothing is resolved any more. `unpinned` are
    the direct requirements of the app itself that leave the version open.
    """

    production: tuple[str, ...]
    development: tuple[str, ...]
    """`production` and what the tests need beside it; the same when nothing is declared for development."""
    unpinned: tuple[str, ...] = ()
    is_complete: bool = False


def read(folder: Path) -> PythonDependencies:
    """Reads what the app in `folder` declares: requirements.txt first, as the platform does, then uv.lock, then
    pyproject.toml alone.

    Raises:
        DependencyError: `manifest_invalid`, `lockfile_missing`, `lockfile_invalid`, `lockfile_unsupported`,
            `lockfile_out_of_sync` or `foreign_package_source`.
    """
    project = _toml(folder, "pyproject.toml", "manifest_invalid")
    if project is not None:
        _refuse_own_sources(project)
    if _text(folder, "requirements.txt") is not None:
        production = _from_file(folder, "requirements.txt")
    elif project is not None and (folder / "uv.lock").exists():
        return _from_lock(folder, project)
    else:
        production = _from_project(project)
    development = list(production)
    for name in DEVELOPMENT_FILES:
        if _text(folder, name) is not None:
            development += _from_file(folder, name)
    development += _requirements(_development_of(project or {}), "pyproject.toml")
    return PythonDependencies(
        _distinct(production),
        _distinct(development),
        tuple(line.partition(" ")[0] for line in _distinct(production) if not _is_pinned(line)),
    )


def _from_file(folder: Path, name: str, depth: int = 0) -> list[str]:
    text = _text(folder, name)
    if text is None or depth > _MAX_DEPTH:
        raise DependencyError("manifest_invalid", f"{name!r:.120} is missing, or not a plain text file of the app")
    found: list[str] = []
    for line in _logical_lines(text):
        nested = _NESTED.match(line)
        if nested:
            path = PurePosixPath(name).parent / nested[1]
            if path.is_absolute() or ".." in path.parts:
                raise DependencyError("foreign_package_source", f"{name}: {line!r:.120} leads out of the app")
            found += _from_file(folder, str(path), depth + 1)
        elif not _HARMLESS.match(line):
            found += _requirements([line], name)
    return found


def _logical_lines(text: str) -> Iterator[str]:
    lines = re.sub(r"\\\r?\n", " ", text.removeprefix("\ufeff")).splitlines()
    if len(lines) > _MAX_LINES:
        raise DependencyError("manifest_invalid", f"requirements of more than {_MAX_LINES} lines")
    for line in lines:
        bare = _COMMENT.sub("", line).strip()
        if bare:
            yield bare


def _requirements(lines: Iterable[str], where: str) -> list[str]:
    """Each requirement as one line of ours; hashes stay."""
    found = []
    for line in lines:
        hashes = _HASH.findall(f" {line}")
        bare = _HASH.sub("", f" {line}").strip()
        if _FOREIGN.match(bare):
            raise DependencyError(
                "foreign_package_source", f"{where}: {_shown(bare)} does not come from the registry by name and version"
            )
        try:
            wanted = Requirement(bare)
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            raise DependencyError("manifest_invalid", f"{where}: {_shown(bare)}: {reason:.120}") from error
        if wanted.url:
            raise DependencyError("foreign_package_source", f"{where}: {wanted.name} comes from {_shown(wanted.url)}")
        found.append(" ".join([str(wanted), *(f"--hash={each}" for each in hashes)]))
    return found


def _from_project(project: dict[str, Any] | None) -> list[str]:
    table = (project or {}).get("project")
    if isinstance(table, dict) and ("dependencies" in table or "name" in table):
        return _requirements(_strings(table.get("dependencies", []), "dependencies"), "pyproject.toml")
    if isinstance((project or {}).get("tool", {}).get("poetry"), dict):
        raise DependencyError(
            "lockfile_unsupported",
            "pyproject.toml declares its dependencies for Poetry; requirements.txt, uv.lock or [project] are read",
        )
    raise DependencyError("lockfile_missing", "neither requirements.txt nor a pyproject.toml with [project]")


def _development_of(project: dict[str, Any]) -> list[str]:
    """Requirements of the groups and extras that are for development by name."""
    found: list[str] = []
    tables = (project.get("dependency-groups"), (project.get("project") or {}).get("optional-dependencies"))
    for table in tables:
        if isinstance(table, dict):
            for name in DEVELOPMENT_GROUPS:
                entries = table.get(name, [])
                found += [each for each in entries if isinstance(each, str)] if isinstance(entries, list) else []
    return found


def _refuse_own_sources(project: dict[str, Any]) -> None:
    tool = project.get("tool")
    uv = tool.get("uv") if isinstance(tool, dict) else None
    if isinstance(uv, dict):
        for key in ("sources", "index", "index-url", "extra-index-url", "find-links"):
            if uv.get(key):
                raise DependencyError(
                    "foreign_package_source", f"pyproject.toml names sources of its own: tool.uv.{key}"
                )


def _from_lock(folder: Path, project: dict[str, Any]) -> PythonDependencies:
    lock = _toml(folder, "uv.lock", "lockfile_invalid", _MAX_LOCK_BYTES) or {}
    if lock.get("version") != _LOCK_VERSION:
        raise DependencyError(
            "lockfile_unsupported", f"uv.lock has version {lock.get('version')!r:.20}; 1 is supported"
        )
    listed = lock.get("package")
    packages: dict[str, list[dict[str, Any]]] = {}
    for package in listed if isinstance(listed, list) else []:
        if not isinstance(package, dict) or not isinstance(package.get("name"), str):
            raise DependencyError("lockfile_invalid", "uv.lock: a package without a name")
        packages.setdefault(canonicalize_name(package["name"]), []).append(package)
    table = project.get("project")
    name = canonicalize_name(str(table.get("name", ""))) if isinstance(table, dict) else ""
    roots = packages.get(name, [])
    if len(roots) != 1 or not isinstance(table, dict):
        raise DependencyError("lockfile_out_of_sync", f"uv.lock has no entry for the project {name!r:.80}")
    _compare(_strings(table.get("dependencies", []), "dependencies"), roots[0])
    try:
        production = _walk(packages, roots[0], ())
        development = _walk(packages, roots[0], DEVELOPMENT_GROUPS)
    except (InvalidMarker, AttributeError, TypeError, KeyError) as error:
        raise DependencyError("lockfile_invalid", f"uv.lock: {error!s:.120}") from error
    return PythonDependencies(production, development, is_complete=True)


def _compare(declared: list[str], root: dict[str, Any]) -> None:
    """Holds the lock's own note of what was asked for against what is asked for."""
    noted = (root.get("metadata") or {}).get("requires-dist", [])
    try:
        wanted = {(canonicalize_name(r.name), r.specifier) for r in map(Requirement, declared)}
        locked = {
            (canonicalize_name(each["name"]), SpecifierSet(each.get("specifier", "")))
            for each in noted
            if "extra ==" not in each.get("marker", "")
        }
    except (InvalidRequirement, InvalidSpecifier, KeyError, TypeError, AttributeError) as error:
        raise DependencyError("lockfile_invalid", f"uv.lock or pyproject.toml: {error!s:.120}") from error
    if wanted != locked:
        names = sorted({name for name, _ in wanted ^ locked})
        raise DependencyError("lockfile_out_of_sync", f"uv.lock does not agree on {', '.join(names)[:200]}")


def _walk(packages: dict[str, list[dict[str, Any]]], root: dict[str, Any], groups: Iterable[str]) -> tuple[str, ...]:
    """Every package that the root needs on this platform, as pinned lines."""
    environment: dict[str, str] = {**default_environment(), "extra": ""}  # pyright: ignore[reportAssignmentType]
    waiting = list(root.get("dependencies", []))
    for group in groups:
        waiting += (root.get("dev-dependencies") or {}).get(group, [])
        waiting += (root.get("optional-dependencies") or {}).get(group, [])
    done: set[tuple[str, str]] = set()
    found: dict[str, str] = {}
    while waiting:
        edge = waiting.pop()
        if edge.get("marker") and not Marker(edge["marker"]).evaluate(environment):
            continue
        name = canonicalize_name(edge["name"])
        package = next(
            (p for p in packages.get(name, []) if edge.get("version") in (None, p.get("version"))),
            None,
        )
        if package is None:
            raise DependencyError("lockfile_invalid", f"uv.lock has no package {name!r:.80}")
        found[name] = _pinned_line(package)
        for extra in ("", *edge.get("extra", [])):
            if (name, extra) not in done:
                done.add((name, extra))
                waiting += (
                    (package.get("optional-dependencies") or {}).get(extra, [])
                    if extra
                    else package.get("dependencies", [])
                )
    return tuple(found[name] for name in sorted(found))


def _pinned_line(package: dict[str, Any]) -> str:
    name, version, source = package["name"], str(package.get("version", "")), package.get("source", {})
    if not isinstance(source, dict) or set(source) != {"registry"}:
        raise DependencyError("foreign_package_source", f"uv.lock: {name!r:.80} does not come from the registry")
    files = [*package.get("wheels", []), *([package["sdist"]] if isinstance(package.get("sdist"), dict) else [])]
    hashes = sorted({str(each["hash"]) for each in files if "hash" in each})
    line = f"{name}=={version} " + " ".join(f"--hash={each}" for each in hashes)
    return _requirements([line.strip()], "uv.lock")[0]


def _is_pinned(line: str) -> bool:
    """Whether a requirement names one version (`==1.2.3`)."""
    specifiers = list(Requirement(_HASH.sub("", line)).specifier)
    return any(s.operator in ("==", "===") and not s.version.endswith("*") for s in specifiers)


def _distinct(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(lines)))


def _shown(text: str) -> str:
    """A line for a message: a password in a URL stays out of it."""
    return repr(re.sub(r"//[^/@\s]*@", "//", text)[:120])


def _strings(value: object, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise DependencyError("manifest_invalid", f"pyproject.toml: {what} must be a list of strings")
    return value


def _text(folder: Path, name: str) -> str | None:
    data = read_result(name, folder, _MAX_BYTES)
    return None if data is None else data.decode("utf-8", errors="replace")


def _toml(folder: Path, name: str, code: str, limit: int = _MAX_BYTES) -> dict[str, Any] | None:
    data = read_result(name, folder, limit)
    if data is None:
        return None
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DependencyError(code, f"{name} cannot be read: {error!s:.160}") from error

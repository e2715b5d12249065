"""Installed dependencies, built once per lockfile and shared read-only by every app that has the same.

Built inside the sandbox from the manifest and the lockfile alone (nothing of the app's code, its .npmrc or its scripts
is there), so that nothing an app brings runs while the network is open.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import re
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import lockfiles
from eval_pipeline.sandbox.commands import Command, Limits, Mount
from eval_pipeline.sandbox.launcher import trees
from eval_pipeline.sandbox.lockfiles import Dependencies, DependencyError
from eval_pipeline.sandbox.sandbox import Sandbox
from eval_pipeline.settings import child_environment, registry_environment

__all__ = ["CACHE_FOLDERS", "DependencyError", "DependencyStore", "Registry"]

CACHE_FOLDERS = (".vite", ".vite-temp", ".cache", ".tmp")
"""Written by build tools, `.tmp` by tsc in Vite's template; in the store they are only mount points for tmpfs."""

_MARKER = "complete.json"
_LIMITS = Limits(memory_mb=3072, processes=256, seconds=600, output_mb=1, disk_mb=3072)
_CA_TARGET = "/opt/registry-ca.pem"

_APP_FAULTS = (
    ("EUSAGE", "lockfile_out_of_sync"),
    ("EINTEGRITY", "integrity_mismatch"),
    ("E404", "package_not_found"),
    ("ETARGET", "package_not_found"),
    ("ERESOLVE", "dependency_conflict"),
    ("EBADPLATFORM", "unsupported_platform"),
    ("EINVALIDPACKAGENAME", "package_not_found"),
)
_NPM_ERROR = re.compile(r"^npm (?:error|ERR!) (?:code )?(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Registry:
    """How this machine reaches the npm registry; empty fields mean npm's own defaults."""

    url: str = ""
    ca_file: Path | None = None
    proxies: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_this_machine(cls) -> Registry:
        """From the user's npm configuration and environment."""
        known = registry_environment()
        found = {name.lower(): value for name, value in known.items()}
        ca_file = found.get("npm_config_cafile") or found.get("node_extra_ca_certs") or found.get("ssl_cert_file")
        return cls(
            url=found.get("npm_config_registry") or _configured_registry(),
            ca_file=Path(ca_file) if ca_file and Path(ca_file).is_file() else None,
            proxies=tuple((name, value) for name, value in known.items() if name.lower().endswith("_proxy")),
        )


class DependencyStore:
    """A folder of `<digest>/node_modules`. Safe for threads and processes: a build holds a file lock."""

    def __init__(
        self, root: Path, sandbox: Sandbox, registry: Registry | None = None, npm_cache: Path | None = None
    ) -> None:
        self.root = root
        self._cache = npm_cache or sandbox.cache / "npm"
        self._sandbox = sandbox
        self._registry = registry

    def ensure(self, manifest_dir: Path) -> Path:
        """The `node_modules` folder of this package.json and package-lock.json, built if need be.

        Show it read-only, with tmpfs over its `CACHE_FOLDERS`.

        Raises:
            DependencyError: the app's doing; see its `code`.
            EvaluatorError: ours: no registry, no npm, no disk.
        """
        wanted = lockfiles.read(manifest_dir)
        digest = wanted.digest(self._sandbox.node_major, f"{platform.system()}-{platform.machine()}")
        place = self.root / digest
        if not _is_complete(place):
            with self._locked():
                # Another process may have built it while we waited.
                if not _is_complete(place):
                    self._build(wanted, place)
        return place / "node_modules"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EvaluatorError(f"the dependency store {self.root} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _build(self, wanted: Dependencies, place: Path) -> None:
        for unfinished in self.root.glob(".building-*"):
            # We hold the lock, so whoever made it was killed.
            trees.remove(str(unfinished))
        trees.remove(str(place))
        folder = self.root / f".building-{secrets.token_hex(4)}"
        try:
            folder.mkdir()
            (folder / "package.json").write_text(json.dumps(wanted.manifest))
            (folder / "package-lock.json").write_text(json.dumps(wanted.lock))
            self._install(folder)
            _seal(folder)
            folder.rename(place)
        except OSError as error:
            raise EvaluatorError(f"the dependency store {self.root} cannot be written: {error.strerror}") from error
        finally:
            trees.remove(str(folder))

    def _install(self, folder: Path) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        registry = self._registry = self._registry or Registry.of_this_machine()
        mounts = [Mount(folder, "/app", writable=True), Mount(self._cache, "/npm-cache", writable=True)]
        env = {
            "npm_config_cache": "/npm-cache",
            # Two names that do not exist: npm refuses the same one twice.
            "npm_config_userconfig": "/nonexistent/user.npmrc",
            "npm_config_globalconfig": "/nonexistent/global.npmrc",
            "npm_config_fetch_retries": "1",
            "npm_config_fetch_retry_mintimeout": "1000",
            "npm_config_update_notifier": "false",
            **dict(registry.proxies),
        }
        if registry.url:
            env["npm_config_registry"] = registry.url
        if registry.ca_file is not None:
            mounts.append(Mount(registry.ca_file.resolve(), _CA_TARGET))
            env |= {"npm_config_cafile": _CA_TARGET, "NODE_EXTRA_CA_CERTS": _CA_TARGET}
        log = folder.with_suffix(".log")
        arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        command = Command(["npm", *arguments], env=env, mounts=mounts, limits=_LIMITS, network="host")
        try:
            result = self._sandbox.run(command, log)
            if not result.ended_well:
                _raise_for(log.read_text(errors="replace"), result.timed_out)
        finally:
            log.unlink(missing_ok=True)


def _raise_for(text: str, has_timed_out: bool) -> None:
    lines = [line for line in _NPM_ERROR.findall(text) if line.strip()]
    code = lines[0].split()[0] if lines else ""
    said = " ".join(lines[1:3])[:300]
    for npm_code, failure_code in _APP_FAULTS:
        if code == npm_code:
            raise DependencyError(failure_code, said or code)
    if has_timed_out:
        raise EvaluatorError("npm did not finish within 10 minutes")
    last = text.strip().rpartition("\n")[2][:300]
    raise EvaluatorError(f"npm could not install: {f'{code} {said}'.strip() or last or 'it said nothing'}")


def _seal(folder: Path) -> None:
    """Makes the tree ours and marks it complete."""
    modules = folder / "node_modules"
    modules.mkdir(exist_ok=True)
    for name in CACHE_FOLDERS:
        (modules / name).mkdir(exist_ok=True)
    if os.geteuid() == 0:
        trees.measure(str(folder), float("inf"), float("inf"), owner=0)
    marker = folder / _MARKER
    with marker.open("w") as file:
        json.dump({"top": _top_level(modules)}, file)
        file.flush()
        os.fsync(file.fileno())


def _is_complete(place: Path) -> bool:
    """Whether the tree was built to its end and nobody has taken packages out of it since."""
    try:
        marker = json.loads((place / _MARKER).read_text())
        return marker["top"] == _top_level(place / "node_modules")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _top_level(modules: Path) -> int:
    return sum(sum(1 for _ in os.scandir(entry)) if entry.name.startswith("@") else 1 for entry in os.scandir(modules))


def _configured_registry() -> str:
    try:
        answer = subprocess.run(
            ["npm", "config", "get", "registry"],
            capture_output=True, text=True, timeout=20, cwd="/", env=child_environment(), check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    url = answer.stdout.strip()
    return url if answer.returncode == 0 and url.startswith("http") else ""

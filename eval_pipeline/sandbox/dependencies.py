"""Installed dependencies, built once per lockfile and shared read-only by every app that has the same.

Built inside the sandbox from the manifests and the lockfile alone (nothing of the app's code, its package manager's
configuration or its scripts is there), so that nothing an app brings runs while the network is open.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import lockfiles
from eval_pipeline.sandbox.commands import Command, Limits, Mount
from eval_pipeline.sandbox.lockfiles import Dependencies, DependencyError
from eval_pipeline.sandbox.package_managers import INSTALLERS, PINNED, TOOLS_TARGET
from eval_pipeline.sandbox.sandbox import Sandbox
from eval_pipeline.sandbox.shelf import MARKER, Shelf
from eval_pipeline.settings import child_environment, registry_environment

__all__ = ["CACHE_FOLDERS", "DependencyError", "DependencyStore", "Registry"]

CACHE_FOLDERS = (".vite", ".vite-temp", ".cache", ".tmp")
"""Written by build tools, `.tmp` by tsc in Vite's template; in the store they are only mount points for tmpfs."""

_LIMITS = Limits(memory_mb=3072, processes=256, seconds=600, output_mb=1, disk_mb=3072)
_CA_TARGET = "/opt/registry-ca.pem"
_CACHE_TARGET = "/package-cache"


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
    """Entries of `<digest>/node_modules`, and `<digest>/<workspace>/node_modules` where workspaces have their own.

    Safe for threads and processes; see `Shelf`.
    """

    def __init__(
        self,
        root: Path,
        sandbox: Sandbox,
        registry: Registry | None = None,
        npm_cache: Path | None = None,
        max_gb: float | None = None,
    ) -> None:
        self.root = root
        self._cache = npm_cache or sandbox.cache / "npm"
        self._sandbox = sandbox
        self._registry = registry
        self.shelf = Shelf(root, sandbox.settings.dependency_store_gb if max_gb is None else max_gb)

    def ensure(self, manifest_dir: Path, holder: ExitStack | None = None) -> Path:
        """The root's `node_modules` folder of `ensure_all`."""
        return self.ensure_all(manifest_dir, holder)["."]

    def ensure_all(self, manifest_dir: Path, holder: ExitStack | None = None) -> dict[str, Path]:
        """The `node_modules` folders by the folder they belong in, built if need be: "." and the workspaces that have
        packages of their own.

        Show them read-only, with tmpfs over their `CACHE_FOLDERS`. They stay until `holder` is closed.

        Raises:
            DependencyError: the app's doing; see its `code`.
            EvaluatorError: ours: no registry, no package manager, no disk.
        """
        wanted = lockfiles.read(manifest_dir)
        machine = f"{platform.system()}-{platform.machine()}"
        digest = wanted.digest(self._sandbox.node_major, machine, PINNED.get(wanted.manager, ""))

        def build(folder: Path) -> None:
            self._build(wanted, folder)

        place = self.shelf.take(digest, build, _is_whole, holder)
        found = {folder: place / folder / "node_modules" for folder in wanted.folders}
        return {folder: modules for folder, modules in found.items() if folder == "." or modules.is_dir()}

    def _build(self, wanted: Dependencies, folder: Path) -> None:
        for path, text in wanted.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        self._install(wanted.manager, folder)
        for place in wanted.folders:
            modules = folder / place / "node_modules"
            if place == ".":
                modules.mkdir(exist_ok=True)
            if modules.is_dir() and not modules.is_symlink():
                for name in CACHE_FOLDERS:
                    (modules / name).mkdir(exist_ok=True)
        (folder / MARKER).write_text(json.dumps({"top": _top_level(folder / "node_modules")}))

    def _install(self, manager: str, folder: Path) -> None:
        installer = INSTALLERS[manager]
        cache = self._cache if manager == "npm" else self._cache.with_name(manager)
        cache.mkdir(parents=True, exist_ok=True)
        registry = self._registry = self._registry or Registry.of_this_machine()
        mounts = [Mount(folder, "/app", writable=True), Mount(cache, _CACHE_TARGET, writable=True)]
        if (tool := installer.tool(self._sandbox.settings)) is not None:
            mounts.append(Mount(tool, TOOLS_TARGET))
        env = installer.environment(_CACHE_TARGET) | dict(registry.proxies)
        if registry.url:
            env |= installer.registry(registry.url)
        if registry.ca_file is not None:
            mounts.append(Mount(registry.ca_file.resolve(), _CA_TARGET))
            env |= installer.certificates(_CA_TARGET)
        log = folder.with_suffix(".log")
        command = Command(installer.argv, env=env, mounts=mounts, limits=_LIMITS, network="host")
        try:
            result = self._sandbox.run(command, log)
            if not result.ended_well:
                _raise_for(manager, log.read_text(errors="replace"), result.timed_out)
        finally:
            log.unlink(missing_ok=True)


def _raise_for(manager: str, text: str, has_timed_out: bool) -> None:
    fault, said = INSTALLERS[manager].explain(text)
    if fault:
        raise DependencyError(fault, said[:300])
    if has_timed_out:
        raise EvaluatorError(f"{manager} did not finish within 10 minutes")
    last = text.strip().rpartition("\n")[2][:300]
    raise EvaluatorError(f"{manager} could not install: {said.strip()[:300] or last or 'it said nothing'}")


def _is_whole(place: Path) -> bool:
    """Whether nobody has taken packages out of the tree since it was built."""
    try:
        return json.loads((place / MARKER).read_text())["top"] == _top_level(place / "node_modules")
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

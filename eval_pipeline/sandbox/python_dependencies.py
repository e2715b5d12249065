"""Python environments, built once per set of requirements and shared read-only by every app that has the same.

They lie in the dependency store beside the Node ones and are built as those are: inside the sandbox, from the
requirement lines alone. Only wheels are installed, so that no build backend runs, and no installed package runs
while the network is open: bytecode is compiled by a second command without one, which reads no `.pth` file.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox.commands import Command, CommandResult, Limits, Mount
from eval_pipeline.sandbox.launcher import trees
from eval_pipeline.sandbox.manifests import DependencyError
from eval_pipeline.sandbox.sandbox import Sandbox
from eval_pipeline.sandbox.shelf import MARKER, Shelf
from eval_pipeline.settings import child_environment, registry_environment

VENV = "/opt/venv"
"""Where an environment is shown. It is relocatable, so another place will do for a second one."""

_PYTHON_ROOT = "/opt/python"
_UV = "/opt/uv"
_CACHE = "/uv-cache"
_CA_TARGET = "/opt/registry-ca.pem"
_FORMAT = 1
_LIMITS = Limits(memory_mb=3072, processes=256, seconds=600, output_mb=1, disk_mb=4096)
_MAX_CACHE_FILES, _MAX_CACHE_BYTES = 100_000, 6 * 1024**3

_APP_FAULTS = (
    (r"Hash mismatch", "integrity_mismatch"),
    (r"In `--require-hashes` mode", "lockfile_invalid"),
    (r"no usable wheels|[Bb]uilding (source distributions|from source) is disabled", "no_wheel"),
    (r"does not satisfy Python|no wheels with a matching", "unsupported_platform"),
    (r"was not found in the package registry|not found in the cache", "package_not_found"),
    (r"there (is|are) no versions? of|is available and you require", "package_not_found"),
    (r"No solution found", "dependency_conflict"),
    (r"Couldn't parse requirement", "manifest_invalid"),
)  # fmt: skip
_OURS = re.compile(
    r"Failed to (fetch|download)|error sending request|client error|dns error|tcp connect|timed? ?out|No space left"
)


@dataclass(frozen=True)
class PythonRegistry:
    """How this machine reaches the Python package index; empty fields mean uv's own defaults."""

    url: str = ""
    ca_file: Path | None = None
    proxies: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_this_machine(cls) -> PythonRegistry:
        """From the environment (uv's names, then pip's) and pip's configuration."""
        known = registry_environment()
        found = {name.lower(): value for name, value in known.items()}
        ca_file = found.get("ssl_cert_file") or found.get("requests_ca_bundle") or found.get("pip_cert")
        return cls(
            url=found.get("uv_default_index")
            or found.get("uv_index_url")
            or found.get("pip_index_url")
            or _configured_index(),
            ca_file=Path(ca_file) if ca_file and Path(ca_file).is_file() else None,
            proxies=tuple((name, value) for name, value in known.items() if name.lower().endswith("_proxy")),
        )


class PythonDependencyStore:
    """Environments as `<digest>/venv`, on the shelf of the Node packages. Safe for threads and processes."""

    def __init__(
        self,
        shelf: Shelf,
        sandbox: Sandbox,
        uv: Path,
        registry: PythonRegistry | None = None,
        uv_cache: Path | None = None,
    ) -> None:
        self._shelf = shelf
        self._sandbox = sandbox
        self._uv = uv
        self._registry = registry
        self._cache = uv_cache or sandbox.cache / "uv"

    def ensure(self, lines: Sequence[str], is_complete: bool = False, holder: ExitStack | None = None) -> Path:
        """The environment of these requirement lines, built if need be; show it read-only.

        Args:
            is_complete: the lines are the whole tree; nothing else is installed.
            holder: until this is closed the environment is not removed to make room.

        Raises:
            DependencyError: the app's doing; see its `code`.
            EvaluatorError: ours: no registry, no uv, no disk.
        """

        def build(folder: Path) -> None:
            (folder / "venv").mkdir()
            (folder / "requirements.txt").write_text("\n".join(lines) + "\n")
            self._install(folder, is_complete, bool(lines))
            (folder / MARKER).write_text(json.dumps({"top": _top_level(folder)}))

        return self._shelf.take(self._digest(lines, is_complete), build, _is_whole, holder) / "venv"

    def _digest(self, lines: Sequence[str], is_complete: bool) -> str:
        python, _ = interpreter()
        machine = f"{platform.system()}-{platform.machine()}-{platform.python_version()}"
        # Without namespaces the environment leads to the interpreter's real place.
        content = [_FORMAT, "python", machine, python, self._sandbox.is_isolated, is_complete, list(lines)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]

    def _install(self, folder: Path, is_complete: bool, has_lines: bool) -> None:
        self._prepare_cache()
        registry = self._registry = self._registry or PythonRegistry.of_this_machine()
        python, python_mounts = interpreter()
        environment = Mount(folder / "venv", VENV, writable=True)
        mounts = [
            *python_mounts,
            environment,
            Mount(folder / "requirements.txt", "/app/requirements.txt"),
            Mount(self._cache, _CACHE, writable=True),
            Mount(self._uv.resolve(), _UV),
        ]
        env = {
            "UV_NO_CONFIG": "1",
            "UV_CACHE_DIR": _CACHE,
            "UV_LINK_MODE": "copy",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_HTTP_RETRIES": "2",
            "UV_HTTP_TIMEOUT": "60",
            "UV_NO_PROGRESS": "1",
            "NO_COLOR": "1",
            **dict(registry.proxies),
        }
        if registry.url:
            env["UV_DEFAULT_INDEX"] = registry.url
        if registry.ca_file is not None:
            mounts.append(Mount(registry.ca_file.resolve(), _CA_TARGET))
            env["SSL_CERT_FILE"] = _CA_TARGET
        venv = ["venv", "--quiet", "--allow-existing", "--relocatable", "--no-project", "--python", python, VENV]
        pip = ["pip", "install", "--quiet", "--python", f"{VENV}/bin/python", "--no-build"]
        pip += [*(["--no-deps"] if is_complete else []), "-r", "/app/requirements.txt"]
        log = folder / "install.log"
        try:
            for arguments in (venv, pip) if has_lines else (venv,):
                result = self._run(Command([_UV, *arguments], "/", env, mounts, network="host"), log)
                if not result.ended_well:
                    _raise_for(log.read_text(errors="replace"), result)
            if has_lines:
                self._compile(python, [*python_mounts, environment], log)
        finally:
            log.unlink(missing_ok=True)

    def _compile(self, python: str, mounts: list[Mount], log: Path) -> None:
        """Bytecode for all of it; a file of a package that no Python can read is left without."""
        arguments = ["-I", "-S", "-m", "compileall", "-q", "-j", "2", f"{VENV}/lib"]
        result = self._run(Command([python, *arguments], "/", mounts=mounts), log)
        if result.exit_code is None:
            raise EvaluatorError("the installed packages could not be compiled in their bounds")

    def _run(self, command: Command, log: Path) -> CommandResult:
        return self._sandbox.run(Command(**{**vars(command), "limits": _LIMITS}), log)

    def _prepare_cache(self) -> None:
        usage = trees.measure(str(self._cache), _MAX_CACHE_BYTES, _MAX_CACHE_FILES)
        if not usage.is_complete:
            trees.remove(str(self._cache))
        self._cache.mkdir(parents=True, exist_ok=True)


def interpreter() -> tuple[str, list[Mount]]:
    """Where the Python that runs us is inside the sandbox, and the mount that puts it there.

    Raises:
        EvaluatorError: it lies in a folder that holds other things, such as a home folder.
    """
    prefix = Path(sys.base_prefix).resolve()
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if prefix.is_relative_to("/usr"):
        return f"{prefix}/bin/{name}", []
    if prefix == Path("/") or prefix == Path.home() or prefix in Path.home().parents:
        raise EvaluatorError(f"{prefix}: Python must be in a folder of an installation of its own")
    # A Python with a shared library looks for that where it was installed, and would take the system's elsewhere.
    root = str(prefix) if sysconfig.get_config_var("Py_ENABLE_SHARED") else _PYTHON_ROOT
    return f"{root}/bin/{name}", [Mount(prefix, root)]


def site_packages(venv: str = VENV) -> str:
    """Where an environment shown at `venv` has its packages."""
    return f"{venv}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def _raise_for(text: str, result: CommandResult) -> None:
    said = re.sub(r"//[^/@\s]*@", "//", " ".join(text.split()))
    said = re.sub(r"^error: |https?://\S+", "", said)
    if result.disk_exceeded:
        raise DependencyError("install_failed", f"the packages take more than {_LIMITS.disk_mb} MB")
    code = next((code for pattern, code in _APP_FAULTS if re.search(pattern, text)), None)
    if code and (code == "integrity_mismatch" or not _OURS.search(text)):
        raise DependencyError(code, said.removeprefix("No solution found when resolving dependencies cause: ")[:400])
    if result.timed_out:
        raise EvaluatorError(f"uv did not finish within {_LIMITS.seconds:.0f} seconds")
    raise EvaluatorError(f"uv could not install: {said[:300] or 'it said nothing'}")


def _is_whole(place: Path) -> bool:
    """Whether nobody has taken packages out of it since it was built."""
    try:
        return json.loads((place / MARKER).read_text())["top"] == _top_level(place)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _top_level(place: Path) -> int:
    return sum(1 for _ in os.scandir(site_packages(str(place / "venv"))))


@cache
def _configured_index() -> str:
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
            capture_output=True, text=True, timeout=20, cwd="/", env=child_environment(), check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    url = answer.stdout.strip()
    return url if answer.returncode == 0 and url.startswith("http") else ""

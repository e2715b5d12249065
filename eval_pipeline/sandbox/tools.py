"""Finds the programs that the evaluator runs: named by a setting, on PATH, or under HOME/tools."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eval_pipeline.model import InputError
from eval_pipeline.sandbox.package_managers import PINNED
from eval_pipeline.settings import Settings, env_name, search_path
from eval_pipeline.storage.artifacts import write_atomically

ToolName = Literal["node", "npm", "browser", "bwrap", "git", "uv", "pnpm", "bun"]

MIN_NODE = 20
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_VERSION = re.compile(r"\d+(\.\d+)+")
_VERSION_SECONDS = 20


@dataclass(frozen=True)
class Tool:
    """A program that answered when it was asked for its version."""

    path: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])


def find_tool(name: ToolName, settings: Settings) -> Tool | None:
    """The tool, or None when there is none that works. Node is only found from version 20.

    Versions are remembered in HOME/cache by path, modification time and size, so that asking again starts no program.

    Raises:
        InputError: a setting names a program that does not work.
    """
    chosen = {"node": settings.node, "browser": settings.browser, "bwrap": settings.bwrap}.get(name)
    if chosen is not None:
        tool = _checked(name, chosen.expanduser().absolute(), settings)
        if tool is None:
            raise InputError(f"{env_name(name)}: {chosen} {_problem(name, chosen)}; unset it to have one looked for")
        return tool
    for path in _candidates(name, settings):
        tool = _checked(name, path, settings)
        if tool is not None:
            return tool
    return None


def _problem(name: ToolName, path: Path) -> str:
    if not path.expanduser().exists():
        return "does not exist"
    return f"does not run, or is older than {MIN_NODE}" if name == "node" else "does not tell its version when asked"


def tools_folder(settings: Settings) -> Path:
    """Where `install_missing` puts tools that the system does not have."""
    return settings.home / "tools"


def install_missing(settings: Settings, report: Callable[[str], None]) -> None:
    """Installs Node, a browser and bubblewrap where they are missing; one line to `report` for each.

    Raises:
        EvaluatorError: Node or a browser could not be had.
    """
    from eval_pipeline.sandbox import installing

    installing.install_missing(settings, report)


def node_prefix(node: Path) -> Path | None:
    """The folder to show in the sandbox so that `node` and its npm work; None when /usr has them.

    Raises:
        InputError: Node lies in a folder that holds other things, such as a home folder.
    """
    real = node.resolve()
    if real.is_relative_to("/usr"):
        return None
    prefix = real.parent.parent
    if real.parent.name != "bin" or prefix == Path("/") or prefix == Path.home() or prefix in Path.home().parents:
        raise InputError(f"{node}: Node must be in a `bin` folder of an installation of its own")
    return prefix


def _candidates(name: ToolName, settings: Settings) -> list[Path]:
    own = tools_folder(settings)
    names = BROWSERS if name == "browser" else (name,)
    # Of pnpm and bun only our own count: others are of any version, or download themselves anew when they are called.
    found = [] if name in PINNED else [shutil.which(each, path=search_path()) for each in names]
    ours = {
        "node": own / "node" / "bin" / "node",
        "npm": own / "node" / "bin" / "npm",
        "browser": own / "browser" / "chromium",
        "bwrap": own / "bin" / "bwrap",
        "git": own / "bin" / "git",
        "pnpm": own / "pnpm" / "pnpm",
        "bun": own / "bun" / "bun",
        # It is one of our own requirements, so it lies beside the Python that runs us.
        "uv": Path(sys.executable).parent / "uv",
    }[name]
    return [*(Path(path) for path in found if path), *([ours] if ours.exists() else [])]


def _checked(name: ToolName, path: Path, settings: Settings) -> Tool | None:
    version = _version(name, path, settings)
    if version is None:
        return None
    tool = Tool(path, version)
    if name == "node" and tool.major < MIN_NODE:
        return None
    return None if PINNED.get(name, version) != version else tool


def _version(name: ToolName, path: Path, settings: Settings) -> str | None:
    try:
        info = path.stat()
    except OSError:
        return None
    cache_file = settings.home / "cache" / "tools.json"
    key = f"{path}:{info.st_mtime_ns}:{info.st_size}"
    cache = _read_cache(cache_file)
    if key not in cache:
        version = _ask(name, path)
        if version is None:
            return None
        cache = {**_read_cache(cache_file), key: version}
        # Only a cache: where it cannot be written, the tool is asked again next time.
        with contextlib.suppress(OSError):
            write_atomically(cache_file, json.dumps(cache, indent=1).encode())
    return cache[key]


def _ask(name: ToolName, path: Path) -> str | None:
    if name == "npm":
        # npm itself takes 150 ms to say it, and needs the right node on PATH to do so.
        manifest = path.resolve().parent.parent / "package.json"
        try:
            return str(json.loads(manifest.read_text())["version"])
        except (OSError, ValueError, KeyError):
            return None
    arguments = ["--headless", "--no-sandbox", "--version"] if name == "browser" else ["--version"]
    env = {"PATH": search_path(), "HOME": "/nonexistent"}
    library = path.parent / "lib"
    if name == "browser" and library.is_dir():
        env["LD_LIBRARY_PATH"] = str(library)
    try:
        answer = subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=_VERSION_SECONDS, env=env, cwd="/", check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(answer.stdout)
    return match.group() if answer.returncode == 0 and match else None


def _read_cache(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def has_apt() -> bool:
    """Whether Debian packages can be installed without asking."""
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get", path=search_path()) is not None

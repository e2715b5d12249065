"""Builds the app as its package.json says, and looks at what the build left."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from eval_pipeline.evaluation.facts import BuildFacts, CommandFacts
from eval_pipeline.evaluation.sources import static_texts
from eval_pipeline.evaluation.stacks.base import Package, Project
from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.sandbox import read_result

BUILD_SECONDS = 120.0
QUIET_TOOLS = {
    "NEXT_TELEMETRY_DISABLED": "1",
    "ASTRO_TELEMETRY_DISABLED": "1",
    # A package manager that a script calls finds the network closed: it must not look whether all is installed.
    "pnpm_config_verify_deps_before_run": "false",
    "pnpm_config_pm_on_fail": "ignore",
}
"""What keeps tools from asking the network, and from failing because there is none."""
MAX_ARTEFACT_BYTES = 8_000_000

_IMPORT = re.compile(r"(?:\bfrom|\bimport|\brequire\()\s*[\"']([@A-Za-z][^\"']*)[\"']")


def build(bench: Bench, copy: Path) -> BuildFacts:
    """Builds every package in turn; stops at the first that fails."""
    start = bench.project.start
    ran: list[CommandFacts] = []
    artefact = _artefact_path(start.folder, start.artefact) if start and start.artefact else None
    for package in packages_to_build(bench.project):
        if not ran and artefact:
            # A build product that was committed must not stand in for one that the build does not make.
            _remove_product(bench, copy, artefact)
        log = f"build-{package.folder.replace('/', '-')}.log" if ran else "build.log"
        facts = run_script(bench, copy, package, "build", log)
        assert facts is not None
        ran.append(facts)
        if facts.exit_code != 0:
            break
    bundle = _read_artefact(copy, artefact)
    return BuildFacts(
        command=_together(ran),
        artefact=artefact,
        has_artefact=artefact is None or bundle is not None,
        has_start_command=start is not None,
        imports_undeclared=_undeclared(bench.project, bundle or ""),
    )


def packages_to_build(project: Project) -> list[Package]:
    """The packages with a build script, in order; where workspaces have a root that builds, that is left to it."""
    root = project.packages[-1]
    if any(package.workspace_of == root.folder for package in project.packages) and root.script("build"):
        return [root]
    return [package for package in project.packages if package.script("build")]


def run_script(bench: Bench, copy: Path, package: Package, name: str, log: str) -> CommandFacts | None:
    """Runs a script of package.json as npm would; None when there is none.

    Raises:
        Trouble: the sandbox broke.
    """
    line = package.script(name)
    if not line:
        return None
    command = bench.command(
        ["sh", "-c", line],
        copy,
        package.folder,
        seconds=bench.remaining(BUILD_SECONDS),
        env=QUIET_TOOLS | npm_env(package, name),
    )
    return bench.run(command, log)


def npm_env(package: Package, event: str) -> dict[str, str]:
    """What a script finds when npm runs it."""
    name, version = package.manifest.get("name"), package.manifest.get("version")
    env = {"npm_lifecycle_event": event}
    if isinstance(name, str):
        env["npm_package_name"] = name
    if isinstance(version, str):
        env["npm_package_version"] = version
    return env


def products(bench: Bench, copy: Path) -> list[str]:
    """Texts that the build made, which the browser may be sent without any data behind them."""
    texts: list[str] = []
    for name in ("dist", "build", "out", ".next", "public"):
        for folder in {".", *(p.folder for p in bench.project.packages), "client", "server"}:
            if (copy / folder / name).is_dir() and not (copy / folder / name).is_symlink():
                texts += static_texts(copy / folder / name)
    return texts


def _artefact_path(folder: str, artefact: str) -> str | None:
    path = PurePosixPath(folder) / artefact.removeprefix("/app/")
    return None if path.is_absolute() or ".." in path.parts else str(path)


def _remove_product(bench: Bench, copy: Path, artefact: str) -> None:
    if PurePosixPath(artefact) not in bench.project.tree.files:
        (copy / artefact).unlink(missing_ok=True)


def _read_artefact(copy: Path, artefact: str | None) -> str | None:
    if artefact is None:
        return None
    for path in (artefact, f"{artefact}.js", f"{artefact}/index.js"):
        data = read_result(path, copy, MAX_ARTEFACT_BYTES)
        if data is not None:
            return data.decode("utf-8", errors="replace")
    return None


def _undeclared(project: Project, bundle: str) -> tuple[str, ...]:
    """Development dependencies that the started app needs.

    Only those: a name that is in neither list may stand in a string or in a branch that never runs. What built a
    static client may serve it too: it is there wherever the page is.
    """
    started = project.packages[-1]
    packages = [p for p in project.packages if p.workspace_of == started.folder] + [started]
    development = {name for p in packages for name in p.all_dependencies}
    development -= {name for p in packages for name in p.dependencies}
    if not project.serves_data:
        development -= {"vite"}
    argv = project.start.argv if project.start else ()
    imported = {_package_name(name) for name in _IMPORT.findall(bundle)}
    words = {word for part in argv for word in re.split(r"[\s;&|()]+", part)}
    return tuple(sorted(development & (imported | words)))


def _package_name(specifier: str) -> str:
    parts = specifier.split("/")
    return "/".join(parts[:2]) if specifier.startswith("@") else parts[0]


def _together(ran: list[CommandFacts]) -> CommandFacts | None:
    if not ran:
        return None
    last = ran[-1]
    return CommandFacts(
        last.exit_code, round(sum(c.seconds for c in ran), 3), last.timed_out, last.out_of_memory, last.tail
    )

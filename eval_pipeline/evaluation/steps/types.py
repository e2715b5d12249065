"""Runs the TypeScript compiler over every part of a package, whatever the app's own script covers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from eval_pipeline.evaluation.facts import CommandFacts, TypeFacts
from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks.base import Package
from eval_pipeline.evaluation.steps.bench import Bench, read_log
from eval_pipeline.evaluation.verdicts import short

TYPES_SECONDS = 60.0
COMPILER = "typescript/bin/tsc"
VUE_COMPILER = "vue-tsc/bin/vue-tsc.js"
"""The same compiler with Vue's single-file components, for apps that have it."""
EXTRA_CONFIG = "tsconfig.evaluator.json"

_ERROR = re.compile(r"^.*error TS\d+: .*$", re.MULTILINE)
_SUPPRESSION = re.compile(r"@ts-(?:nocheck|ignore|expect-error)")
_TOOL_CONFIG = re.compile(r"\.(config|workspace|setup)\.[cm]?ts$")
_SOURCE = re.compile(r"(?<!\.d)\.[cm]?tsx?$")
_JSON_NOISE = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


@dataclass(frozen=True)
class Config:
    path: PurePosixPath
    settings: dict[str, Any]

    @property
    def references(self) -> list[str]:
        found = self.settings.get("references")
        return [r["path"] for r in found if isinstance(r, dict) and "path" in r] if isinstance(found, list) else []

    @property
    def is_solution(self) -> bool:
        """Whether it only names other configs: its own options say nothing about any source."""
        return self.settings.get("files") == [] and not self.settings.get("include")


def check_types(bench: Bench, copy: Path, package: Package, log: str) -> TypeFacts | None:
    """Facts of one package; None when it holds no TypeScript."""
    tree = bench.project.tree
    sources = [p for p in tree.files if _SOURCE.search(p.name) and package.owns(p)]
    if not sources:
        return None
    configs = read_configs(tree, package)
    lending = [config for other in bench.project.packages for config in read_configs(tree, other).values()]
    roots = root_configs(configs, lending)
    suppressions = sum(len(_SUPPRESSION.findall(tree.files[p].text)) for p in sources)
    is_strict = any(c.settings.get("compilerOptions", {}).get("strict") is True for c in configs.values())
    if not bench.has_module(package, COMPILER):
        return TypeFacts(CommandFacts(None, 0.0), (), 0, (), 0, (), has_compiler=False)
    result, errors, listed = CommandFacts(0, 0.0), [], set()
    if roots:
        # --noEmit would refuse referenced projects (TS6310), so those emit into the copy, which is thrown away.
        flags = [] if any(c.references for c in configs.values()) else ["--noEmit"]
        result, errors, listed = _compile(bench, copy, package, ["-b", "--force", *flags, *map(str, roots)], log)
    left = [p for p in sources if p not in listed and not _TOOL_CONFIG.search(p.name)]
    unchecked = []
    for folder, paths in _by_config(left, configs).items():
        if folder is None:
            unchecked += paths
            continue
        _write_extra(copy, folder, paths, configs[folder])
        extra = ["-p", str(folder.parent / EXTRA_CONFIG)]
        second, more, _ = _compile(bench, copy, package, extra, f"extra-{log}")
        errors += more
        result = CommandFacts(
            result.exit_code or second.exit_code,
            result.seconds + second.seconds,
            result.timed_out or second.timed_out,
            tail=result.tail or second.tail,
        )
    return TypeFacts(
        command=result,
        errors=tuple(short(e, 300) for e in errors[:20]),
        error_count=len(errors),
        configs=tuple(map(str, roots)),
        files_checked=len(sources) - len(unchecked),
        unchecked=tuple(map(str, unchecked)),
        suppressions=suppressions,
        is_strict=is_strict,
    )


def read_configs(tree: SourceTree, package: Package) -> dict[PurePosixPath, Config]:
    """Every tsconfig*.json of the package, by its path in the tree."""
    found = {}
    for path, file in tree.files.items():
        if package.owns(path) and path.name.startswith("tsconfig") and path.suffix == ".json":
            found[path] = Config(path, parse_jsonc(file.text))
    return found


def parse_jsonc(text: str) -> dict[str, Any]:
    """JSON with comments and trailing commas; {} when it is not even that (the compiler will say so)."""
    try:
        root = json.loads(_JSON_NOISE.sub(lambda m: m[1] or "", text.lstrip("\ufeff")))
    except (ValueError, RecursionError):
        return {}
    return root if isinstance(root, dict) else {}


def root_configs(configs: dict[PurePosixPath, Config], everywhere: Iterable[Config] = ()) -> list[PurePosixPath]:
    """The configs to give to the compiler: all but those that only lend their options to others, `everywhere` in the
    app."""
    lenders = {base for c in (*configs.values(), *everywhere) for base in _extended(c)}
    roots = []
    for path, config in configs.items():
        has_own = any(config.settings.get(key) for key in ("files", "include", "references"))
        if path in lenders and not has_own:
            continue
        roots.append(path)
    return roots


def _extended(config: Config) -> set[PurePosixPath]:
    value = config.settings.get("extends", [])
    found = set()
    for base in [value] if isinstance(value, str) else value:
        if isinstance(base, str) and base.startswith("."):
            path = _join(config.path.parent, base)
            found |= {path, path.with_name(path.name + ".json")}
    return found


def _join(folder: PurePosixPath, relative: str) -> PurePosixPath:
    parts = list(folder.parts)
    for part in PurePosixPath(relative).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def _compile(
    bench: Bench, copy: Path, package: Package, arguments: list[str], log: str
) -> tuple[CommandFacts, list[str], set[PurePosixPath]]:
    compiler = bench.module(package, VUE_COMPILER) or bench.module(package, COMPILER)
    assert compiler is not None
    command = bench.command(
        ["node", compiler, *arguments, "--listFiles", "--pretty", "false"],
        copy,
        ".",
        seconds=bench.remaining(TYPES_SECONDS),
    )
    result = bench.run(command, log)
    output = read_log(bench.evidence / log, 4_000_000)
    listed = {
        PurePosixPath(line).relative_to("/app")
        for line in output.splitlines()
        if line.startswith("/app/") and "/node_modules/" not in line
    }
    errors = _ERROR.findall(output)
    _keep_only_findings(bench.evidence / log, output)
    return result, errors, listed


def _keep_only_findings(log: Path, output: str) -> None:
    """Takes the thousand library files out of the evidence."""
    kept = [line for line in output.splitlines() if "/node_modules/" not in line or "error TS" in line]
    log.write_text("\n".join(kept) + "\n", encoding="utf-8")


def _by_config(
    paths: list[PurePosixPath], configs: dict[PurePosixPath, Config]
) -> dict[PurePosixPath | None, list[PurePosixPath]]:
    """Sources by the nearest tsconfig.json above them whose options are meant for sources; None where there is none."""
    groups: dict[PurePosixPath | None, list[PurePosixPath]] = {}
    for path in paths:
        near = next((f / "tsconfig.json" for f in path.parents if f / "tsconfig.json" in configs), None)
        if near is not None and configs[near].is_solution:
            near = None
        groups.setdefault(near, []).append(path)
    return groups


def _write_extra(copy: Path, config: PurePosixPath, paths: list[PurePosixPath], base: Config) -> None:
    folder = config.parent
    text = json.dumps(
        {
            "extends": f"./{config.name}",
            "files": [str(p.relative_to(folder)) for p in paths],
            "include": [],
            "references": base.settings.get("references", []),
            "compilerOptions": {
                "noEmit": True,
                "composite": False,
                "incremental": False,
                "emitDeclarationOnly": False,
                "rootDir": None,
            },
        }
    )
    (copy / folder / EXTRA_CONFIG).write_text(text, encoding="utf-8")

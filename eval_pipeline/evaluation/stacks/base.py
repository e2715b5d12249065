"""What the evaluator must know of an app before it runs anything: its packages, scripts, start command and
health routes.

A stack is one file beside this one: `detect(tree)` gives a Project or None. docs/STACKS.md says how to add one.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol

import yaml

from eval_pipeline.evaluation.sources import SourceTree

HEALTH_ROUTES = ("/healthcheck", "/health", "/api/health")
TRPC_HEALTH_ROUTES = tuple(
    f"{prefix}/{name}" for prefix in ("/api/trpc", "/trpc") for name in ("health", "healthcheck", "health.check")
)
MAX_YAML_CHARACTERS = 64_000

RUNNERS = ("npm", "pnpm", "bun", "yarn")

_RUN = re.compile(
    r"(?:^|(?<=[\s;&|(]))(?:npm (?:run|run-script)|(?:pnpm|bun|yarn) run|pnpm|yarn) (?:--silent |-s )?([\w:.-]+)"
    r"(?: --silent| -s)?(?=\s*(?:$|[;&|)]))"
)
_PORT = re.compile(r"\$\{?(DATABRICKS_APP_PORT|PORT)\b\}?")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=\S*")


class ProjectError(Exception):
    """The app's description of itself cannot be used: a failure code and a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Package:
    """A folder with a package.json. `folder` is "." for the root."""

    folder: str
    manifest: dict[str, Any]
    workspace_of: str | None = None
    """Folder of the package whose lockfile covers this one; None when it has its own."""
    inner: tuple[str, ...] = ()
    """Folders of other packages inside this one."""

    def owns(self, path: PurePosixPath) -> bool:
        """Whether a file of the tree belongs to this package and to none inside it."""
        is_inside = self.folder == "." or path.is_relative_to(self.folder)
        return is_inside and not any(path.is_relative_to(folder) for folder in self.inner)

    @property
    def scripts(self) -> dict[str, str]:
        return self.manifest.get("scripts", {})

    @property
    def dependencies(self) -> dict[str, str]:
        return self.manifest.get("dependencies", {})

    @property
    def all_dependencies(self) -> dict[str, str]:
        return self.manifest.get("devDependencies", {}) | self.dependencies

    def script(self, name: str) -> str | None:
        """A script with its pre and post scripts as one shell line; `npm run x` and its like inside it are written out.

        npm starts two processes for each of these, which cost more than many a build step.
        """
        return self._expand(name, ()) if self.scripts.get(name, "").strip() else None

    def _expand(self, name: str, outer: tuple[str, ...]) -> str:
        parts = [self.scripts[n] for n in (f"pre{name}", name, f"post{name}") if self.scripts.get(n, "").strip()]

        def written_out(match: re.Match[str]) -> str:
            inner = match[1]
            if inner in outer or inner == name or not self.scripts.get(inner, "").strip():
                return match[0]
            return f"( {self._expand(inner, (*outer, name))} )"

        parts = [_RUN.sub(written_out, part) for part in parts]
        return parts[0] if len(parts) == 1 else " && ".join(f"( {part} )" for part in parts)


@dataclass(frozen=True)
class StartCommand:
    """How the app is started: `shell` when it needs one, and the file that must be there after the build."""

    argv: tuple[str, ...]
    folder: str
    artefact: str | None
    source: str
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """An app as its stack reads it. `packages` are in build order; the last one is started."""

    stack: str
    tree: SourceTree
    packages: tuple[Package, ...]
    start: StartCommand | None
    app_env: dict[str, str | None] = field(default_factory=dict)
    """Variables of app.yaml; None stands for a `valueFrom` that the evaluator resolves."""
    app_yaml_problem: str | None = None
    health_routes: tuple[str, ...] = HEALTH_ROUTES
    not_applicable: dict[str, str] = field(default_factory=dict)
    """Metrics that have no meaning for this stack, with the reason."""
    toolchain: str = "node"
    """The module of `toolchains/` that installs, builds, checks and tests it."""
    withheld: frozenset[str] = frozenset()
    """Variables of the platform that this app is not given."""
    start_seconds: float = 20.0
    """Within which it has to listen on its port."""
    is_page_driven: bool = False
    """Whether the page shows what the server sends by a channel of its own, and nothing else can be asked for it."""
    is_page_an_answer: bool = False
    """Whether the front page, made by the running app, shows that it works where no health route does."""
    serves_data: bool = True
    """False for a static client: it has no API, and its page shows no value that the endpoint served."""
    outer: SourceTree | None = None
    """The whole tree, when the app is a folder inside it; `tree` is then that folder's."""

    @property
    def nested_in(self) -> str:
        """The folder that the app lies in; "" when that is the root."""
        return self.tree.root.relative_to(self.outer.root).as_posix() if self.outer else ""


class Stack(Protocol):
    """A stack is a module with these three; the lowest ORDER is asked first."""

    NAME: str
    ORDER: int

    def detect(self, tree: SourceTree) -> Project | None: ...


def read_package(tree: SourceTree, folder: str) -> Package | None:
    """The package in `folder`, None without a package.json.

    Raises:
        ProjectError: package.json is not a JSON object of the usual shape.
    """
    path = str(PurePosixPath(folder) / "package.json")
    text = tree.text(path)
    if text is None:
        return None
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProjectError("invalid_package_json", f"{path} is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise ProjectError("invalid_package_json", f"{path} is not a JSON object")
    for section in ("scripts", "dependencies", "devDependencies"):
        value = manifest.get(section, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise ProjectError("invalid_package_json", f"{path}: {section} must map names to strings")
    return Package(folder, manifest)


def read_app_yaml(tree: SourceTree) -> tuple[list[str] | None, dict[str, str | None], str | None]:
    """Command, environment and what is wrong with app.yaml (None when it is valid or not there)."""
    text = tree.text("app.yaml") or tree.text("app.yml")
    if text is None:
        return None, {}, None
    try:
        if len(text) > MAX_YAML_CHARACTERS:
            raise ValueError("it is too long")
        root = yaml.safe_load(text)
        if not isinstance(root, dict):
            raise ValueError("it is not a mapping")
        return _command(root.get("command")), _app_env(root.get("env")), None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, {}, f"app.yaml: {str(error)[:200]}"


def _command(value: Any) -> list[str] | None:
    if value is None:
        return None
    if isinstance(value, str) and value.strip():
        return ["sh", "-c", value]
    if isinstance(value, list) and value and all(isinstance(v, str) and v for v in value):
        return value
    raise ValueError("command must be a list of strings")


def _app_env(value: Any) -> dict[str, str | None]:
    if value is None:
        return {}
    if not isinstance(value, list):
        raise ValueError("env must be a list")
    found: dict[str, str | None] = {}
    for item in value:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError("every item of env needs a name")
        if ("value" in item) == ("valueFrom" in item):
            raise ValueError(f"env {name} needs either value or valueFrom")
        found[name] = str(item["value"]) if "value" in item else None
    return found


def start_command(package: Package, command: list[str] | None) -> StartCommand | None:
    """The start command of app.yaml, else of package.json; plain `node x` without a shell or npm between.

    A command that goes through a package manager (`npm start`, `pnpm run start`) is written out from package.json.
    """
    source = "app.yaml"
    if command is not None and (called := _called_script(command)):
        name, arguments = called
        if not (line := package.script(name)):
            return None
        command, source = ["sh", "-c", " ".join([line, *map(_quoted, arguments)])], f"app.yaml, package.json {name}"
    elif command is not None and command[0] in RUNNERS:
        return StartCommand(tuple(command), ".", None, source)
    if command is None:
        line = package.script("start")
        if not line:
            return None
        command, source = ["sh", "-c", line], "package.json start"
    elif command[:2] != ["sh", "-c"] and any(_PORT.search(word) for word in command):
        command = ["sh", "-c", "exec " + " ".join(map(_quoted, command))]
    folder = "." if source == "app.yaml" else package.folder
    env: dict[str, str] = {}
    if command[:2] == ["sh", "-c"] and len(command) == 3:
        words = _plain_words(command[2])
        if words:
            while words and _ASSIGNMENT.fullmatch(words[0]):
                name, _, value = words.pop(0).partition("=")
                env[name] = value
            if words and words[0] == "node":
                command = words
            else:
                env = {}
    return StartCommand(tuple(command), folder, _artefact(command), source, env)


def _quoted(word: str) -> str:
    """A word for a shell line; the port is put in where it stands for it, as the platform does without a shell."""
    return _PORT.sub(lambda match: f"'\"${match[1]}\"'", shlex.quote(word))


def _called_script(command: list[str]) -> tuple[str, list[str]] | None:
    """The script of package.json that a command runs, and what it adds to it; None when it runs none, or another
    package's."""
    if command[:2] == ["sh", "-c"] and len(command) == 3:
        command = _plain_words(command[2]) or command
    program, *rest = command
    if program not in RUNNERS:
        return None
    if rest[:1] in (["run"], ["run-script"]):
        rest = rest[1:]
    elif program == "npm" and rest[:1] != ["start"]:
        return None
    if not rest or rest[0].startswith("-") or (program == "bun" and re.search(r"[./]", rest[0])):
        return None
    name, *added = rest
    if added[:1] == ["--"]:
        return name, added[1:]
    # Before a `--`, npm takes flags for itself: `-w server` names another package.
    return None if added and program == "npm" else (name, added)


def _plain_words(line: str) -> list[str]:
    """The words of a line that needs no shell, else nothing."""
    if re.search(r"[;&|<>$`(){}*?\n~#]", line):
        return []
    try:
        return shlex.split(line)
    except ValueError:
        return []


_VALUE_FLAGS = frozenset({"-r", "--require", "--import", "--loader", "--env-file", "-C", "--conditions", "-p"})


def _artefact(command: list[str]) -> str | None:
    """The file that the start command runs, when it can be told."""
    words = command
    if command[:2] == ["sh", "-c"]:
        try:
            words = shlex.split(command[2])
        except ValueError:
            return None
        if "node" not in words:
            return None
        words = words[words.index("node") :]
    if not words or PurePosixPath(words[0]).name != "node":
        return None
    rest = iter(words[1:])
    for word in rest:
        if word in _VALUE_FLAGS:
            next(rest, None)
        elif not word.startswith("-"):
            return word
    return None

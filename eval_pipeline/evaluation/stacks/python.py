"""What the Python stacks share: telling the frameworks apart, the file that is started, and how it is started.

No stack itself. Each one beside it names a `Framework` and asks for the project.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks.base import HEALTH_ROUTES, Project, StartCommand, read_app_yaml

ORDER = 5
"""Before the Node stacks: what app.yaml starts by a Python command is a Python app whatever else lies beside it."""

START_SECONDS = 45.0
"""Gradio and Databricks' SDK take four seconds of a processor to be imported, and a busy machine has few to give."""

ENTRY_NAMES = (
    "app.py",
    "main.py",
    "server.py",
    "run.py",
    "streamlit_app.py",
    "wsgi.py",
    "asgi.py",
    "application.py",
    "index.py",
)
IMPORT_ORDER = ("streamlit", "dash", "gradio", "shiny", "fastapi", "flask")
"""Dash is built on Flask and Gradio on FastAPI, and an app may import both: the first of these it is."""

CONFIGURED_CHECKERS = {
    "mypy": (re.compile(r"^\[tool\.mypy[\].]|^\[mypy\]", re.MULTILINE), ("mypy.ini", ".mypy.ini")),
    "pyright": (re.compile(r"^\[tool\.(?:based)?pyright\]", re.MULTILINE), ("pyrightconfig.json",)),
    "ty": (re.compile(r"^\[tool\.ty[\].]", re.MULTILINE), ("ty.toml",)),
}

_RUNNERS = frozenset(
    [
        "python",
        "python3",
        "streamlit",
        "gunicorn",
        "uvicorn",
        "hypercorn",
        "waitress-serve",
        "flask",
        "shiny",
        "gradio",
        "fastapi",
        "uv",
    ]
)
_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_NODE_RUNNERS = frozenset({"node", "npm", "npx", "pnpm", "yarn", "bun", "deno"})
_TELLING_COMMANDS = ("streamlit", "shiny", "gradio")
_MODULE = re.compile(r"([A-Za-z_][\w.]*):[\w.()]+")
_PORT = re.compile(r"\$(?:\{(DATABRICKS_APP_PORT|PORT)\}|(DATABRICKS_APP_PORT|PORT)\b)")
_FOLDER_FLAGS = ("--chdir", "--app-dir", "--directory")
_RUNS_ITSELF = re.compile(r"__name__\s*==|^\s*(?:uvicorn\.run|run_app|\w+\.(?:run|launch|run_server))\(", re.MULTILINE)


@dataclass(frozen=True)
class Framework:
    """A stack. `convention` gives the shell line that starts `entry` where app.yaml has none and the file does not
    run itself."""

    name: str
    convention: Callable[[PurePosixPath, str], str]
    health_routes: tuple[str, ...] = ()
    has_routes: bool = True
    """Whether an app has routes of its own to name a health route among."""
    is_page_driven: bool = False
    runs_itself: bool = True
    """Whether `python app.py` can start it."""


def project_of(tree: SourceTree, framework: Framework) -> Project | None:
    """The tree as an app of this framework, or None when it is none."""
    command, app_env, problem = read_app_yaml(tree)
    words = _words(command)
    if _framework_of(tree, command, words, app_env) != framework.name:
        return None
    if command is not None:
        entry = _named_entry(tree, words, app_env)
        start = StartCommand(_expanded(command), ".", entry, "app.yaml")
    else:
        start = _conventional_start(tree, framework)
    own = framework.health_routes
    health = HEALTH_ROUTES + own if framework.has_routes else own + HEALTH_ROUTES
    not_applicable = {}
    if not checkers_of(tree):
        not_applicable["type_safety"] = "the app configures no type checker (mypy, pyright or ty)"
    return Project(
        framework.name,
        tree,
        (),
        start,
        app_env,
        problem,
        health,
        not_applicable,
        toolchain="python",
        withheld=_withheld(tree),
        start_seconds=START_SECONDS,
        is_page_driven=framework.is_page_driven,
        is_page_an_answer=True,
    )


def checkers_of(tree: SourceTree) -> list[str]:
    """The type checkers that the app configures, or names among its requirements."""
    declared = "\n".join(_texts(tree, ("pyproject.toml", "setup.cfg")))
    named = _declared_names(tree)
    return [
        name
        for name, (section, files) in CONFIGURED_CHECKERS.items()
        if section.search(declared) or any(tree.text(f) is not None for f in files) or name in named
    ]


def exports(text: str, constructor: str, default: str = "app") -> str:
    """The name of the module's variable that `constructor` makes."""
    found = re.search(rf"^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*{constructor}\(", text, re.MULTILINE)
    return found[1] if found else default


def module_of(entry: PurePosixPath) -> str:
    return ".".join(entry.with_suffix("").parts)


def _framework_of(
    tree: SourceTree, command: list[str] | None, words: list[str], app_env: dict[str, str | None]
) -> str | None:
    sources = {p: f.text for p, f in tree.files.items() if p.suffix == ".py" and not f.is_test}
    if not sources:
        return None
    names = {PurePosixPath(word).name for word in words}
    is_python = any(name in _RUNNERS or name.endswith(".py") or name.startswith("python3") for name in names)
    if not is_python and (tree.text("package.json") is not None or names & _NODE_RUNNERS):
        return None
    for name in _TELLING_COMMANDS:
        if name in names:
            return name
    path = _named_entry(tree, words, app_env) if command is not None else _first_file(tree)
    text = sources.get(PurePosixPath(path)) if path else None
    for texts in ([text] if text else [], sources.values()):
        found = _first_import(texts)
        if found:
            return found
    declared = _declared_names(tree)
    return next((name for name in IMPORT_ORDER if name in declared), None)


def _first_import(texts: Iterable[str]) -> str | None:
    joined = "\n".join(texts)
    return next(
        (n for n in IMPORT_ORDER if re.search(rf"^\s*(?:import|from)\s+{n}\b", joined, re.MULTILINE)),
        None,
    )


def _declared_names(tree: SourceTree) -> set[str]:
    """Names of the distributions that the app's requirements name, those for development too."""
    texts = [f.text for p, f in tree.files.items() if "requirements" in str(p) and p.suffix == ".txt"]
    lines = "\n".join(texts).splitlines()
    try:
        root = tomllib.loads(tree.text("pyproject.toml") or "")
    except (ValueError, RecursionError):
        root = {}
    table = root.get("project")
    project = table if isinstance(table, dict) else {}
    groups = [project.get("dependencies")]
    for named in (project.get("optional-dependencies"), root.get("dependency-groups")):
        groups += named.values() if isinstance(named, dict) else []
    lines += [line for group in groups if isinstance(group, list) for line in group if isinstance(line, str)]
    return {match[1].lower() for line in lines if (match := _NAME.match(line))}


def _words(command: list[str] | None) -> list[str]:
    if command is None:
        return []
    if len(command) == 3 and PurePosixPath(command[0]).name in ("sh", "bash") and command[1].endswith("c"):
        try:
            return _words(shlex.split(command[2]))
        except ValueError:
            return []
    return command


def _expanded(command: list[str]) -> tuple[str, ...]:
    """The command with the port put in where it says $DATABRICKS_APP_PORT, as the platform does without a shell."""
    if command[0] in ("sh", "bash") or not any(_PORT.search(word) for word in command):
        return tuple(command)
    words = [
        _PORT.sub(lambda m: f"'\"${m[1] or m[2]}\"'", shlex.quote(w)) if _PORT.search(w) else shlex.quote(w)
        for w in command
    ]
    return ("sh", "-c", "exec " + " ".join(words))


def _named_entry(tree: SourceTree, words: list[str], app_env: dict[str, str | None]) -> str | None:
    """The file that a command starts, whether it is there or not; None when it cannot be told."""
    if "cd" in words:
        return None
    folder = PurePosixPath(".")
    flask_app = app_env.get("FLASK_APP")
    candidates: list[str] = [flask_app] if flask_app else []
    for index, word in enumerate(words):
        flag, _, value = word.partition("=")
        following = value or (words[index + 1] if index + 1 < len(words) else "")
        if flag in _FOLDER_FLAGS:
            folder = PurePosixPath(following)
        elif flag in ("--app", "-A", "-m") and following and following not in _RUNNERS:
            candidates.append(following)
        elif word.endswith(".py") or _MODULE.fullmatch(word):
            candidates.append(word)
    for candidate in candidates:
        path = candidate.partition(":")[0]
        if not path.endswith(".py"):
            path = path.replace(".", "/")
            package = next(
                (f"{path}/{n}.py" for n in ("__main__", "__init__") if _has(tree, folder / path / f"{n}.py")), None
            )
            path = package or f"{path}.py"
        return str(folder / path.removeprefix("/app/"))
    return None


def _has(tree: SourceTree, path: PurePosixPath) -> bool:
    return path in tree.files


def _first_file(tree: SourceTree) -> str | None:
    """The file that the platform starts when app.yaml says nothing: app.py and its like, else the first one."""
    at_root = sorted(str(p) for p, f in tree.files.items() if p.suffix == ".py" and len(p.parts) == 1 and not f.is_test)
    named = [name for name in ENTRY_NAMES if name in at_root]
    return next(iter([*named, *at_root]), None)


def _conventional_start(tree: SourceTree, framework: Framework) -> StartCommand | None:
    name = _first_file(tree)
    if name is None:
        return None
    text = tree.text(name) or ""
    if framework.runs_itself and _RUNS_ITSELF.search(text):
        return StartCommand(("python", name), ".", name, "the platform's convention")
    line = framework.convention(PurePosixPath(name), text)
    return StartCommand(("sh", "-c", f"exec {line}"), ".", name, "the stack's convention")


def _withheld(tree: SourceTree) -> frozenset[str]:
    """Credentials that the app is not given.

    The platform gives a service principal alone; a token is ours to add, for apps that read one. Databricks' SDK
    refuses to choose where it finds both.
    """
    text = "\n".join(f.text for p, f in tree.files.items() if p.suffix == ".py" and not f.is_test)
    if "DATABRICKS_TOKEN" not in text:
        return frozenset({"DATABRICKS_TOKEN"})
    if re.search(r"^\s*(?:import|from) databricks\.sdk\b", text, re.MULTILINE) and "DATABRICKS_CLIENT_ID" not in text:
        return frozenset({"DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"})
    return frozenset()


def _texts(tree: SourceTree, names: Iterable[str]) -> list[str]:
    return [text for name in names if (text := tree.text(name)) is not None]

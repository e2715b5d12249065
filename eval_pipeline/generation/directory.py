"""The `directory` generator: apps that already exist, a folder each, imported as they are."""

from __future__ import annotations

from pathlib import Path

from eval_pipeline.generation.base import GenerationError, GenerationRecord, GenerationRequest
from eval_pipeline.generation.digest import TreeError, check_tree, copy_tree

_INSTALLED = frozenset({"node_modules", ".venv", "venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"})
_HISTORY = frozenset({".git", ".hg", ".svn", ".jj"})
_CACHES = frozenset({".eval", ".next", ".nuxt", ".vite", ".turbo", ".cache", ".databricks", ".DS_Store"})
_BUILT = frozenset({"dist", "build", "out", "coverage"})
_MANIFESTS = ("package.json", "pyproject.toml", "requirements.txt")
_SECRET_EXAMPLES = (".example", ".sample", ".template")


class DirectoryGenerator:
    """Imports `root/<prompt id>` or `root/<app name>` for each prompt."""

    name = "directory"
    version = "1"
    model: str | None = None

    def __init__(self, root: Path) -> None:
        self.root = root

    def generate(self, request: GenerationRequest, target: Path) -> GenerationRecord:
        """Copies the prompt's folder without what is installed, built, secret or history.

        Raises:
            GenerationError: there is no such folder, or it cannot be judged (codes of `TreeError`).
        """
        names = (request.prompt.id, request.app_name)
        source = next((self.root / name for name in names if (self.root / name).is_dir()), None)
        if source is None:
            raise GenerationError(
                "no_such_directory",
                f"the inbox has no folder named {names[0]!r} or {names[1]!r}; put the app's source there",
            )
        if source.is_symlink():
            raise GenerationError("not_a_directory", f"{source.name} is a link; put the folder itself into the inbox")
        try:
            copy_tree(source, target, is_left_out)
            check_tree(target)
        except TreeError as error:
            raise GenerationError(error.code, _without_path(str(error), source, target)) from error
        return GenerationRecord()


def is_left_out(folder: Path, name: str) -> bool:
    """Whether an entry of an app's folder is not its source: installed, built, history, or secrets.

    `build`, `dist` and the like count as built only beside a manifest: elsewhere they may be source.
    """
    if name in _INSTALLED or name in _HISTORY or name in _CACHES or name.endswith(".tsbuildinfo"):
        return True
    if name == ".env" or (name.startswith(".env.") and not name.endswith(_SECRET_EXAMPLES)):
        return True
    return name in _BUILT and any((folder / manifest).exists() for manifest in _MANIFESTS)


def _without_path(message: str, *folders: Path) -> str:
    """A message without this machine's paths: rows travel."""
    for folder in folders:
        message = message.replace(f"{folder}: ", "")
    return message

"""Texts given to models: Markdown files with name and version on top, so that a row can say which text made it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from eval_pipeline.model import InputError, Value
from eval_pipeline.settings import PROJECT_ROOT

PROMPTS = PROJECT_ROOT / "prompts"
_HEAD = re.compile(r"---\n(?P<head>.*?)\n---\n(?P<body>.*)", re.DOTALL)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class ModelText(Value):
    """A text with its identity; `hash` is SHA-256 of the body, hex."""

    name: str
    version: str
    text: str
    hash: str


def load_model_text(name: str, folder: Path = PROMPTS) -> ModelText:
    """Reads `<folder>/<name>.md`.

    The file opens with front matter: `name:` (the same as the file's), `version:`, between lines of three hyphens.

    Raises:
        InputError: no such text, or its front matter is not as it must be.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a text's name: small letters, digits and single hyphens make one")
    path = folder / f"{name}.md"
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(sorted(p.stem for p in folder.glob("*.md"))) or "none"
        raise InputError(f"{path}: cannot be read as UTF-8 text; there are {known}") from error
    match = _HEAD.fullmatch(content)
    if not match:
        raise InputError(f"{path} line 1: begin with '---', 'name: {name}', 'version: 1', '---', then the text")
    facts = {}
    for line, entry in enumerate(match["head"].splitlines(), start=2):
        key, colon, value = entry.partition(":")
        if not colon or key.strip() not in ("name", "version") or not value.strip():
            raise InputError(f"{path} line {line}: {entry!r} is neither 'name: …' nor 'version: …'")
        facts[key.strip()] = value.strip()
    for key in ("name", "version"):
        if key not in facts:
            raise InputError(f"{path} line 2: the front matter lacks '{key}: …'; add it")
    if facts["name"] != name:
        raise InputError(f"{path} line 2: is named {facts['name']!r}; name it as the file, {name!r}")
    text = match["body"].strip() + "\n"
    if not text.strip():
        raise InputError(f"{path}: has no text after the front matter")
    return ModelText(name=name, version=facts["version"], text=text, hash=hashlib.sha256(text.encode()).hexdigest())

"""Writes values as TypeScript literals. Strings go through JSON, so that no text can become code."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_WIDTH = 110


@dataclass(frozen=True)
class Raw:
    """TypeScript of our own, written as it is."""

    code: str


@dataclass(frozen=True)
class Call:
    """A call of our own function with one literal."""

    function: str
    argument: object


def literal(value: object, indent: int = 0) -> str:
    """A value as TypeScript, on one line where it fits. Dict entries that are None are left out."""
    if isinstance(value, Raw):
        return value.code
    if isinstance(value, Call):
        return f"{value.function}({literal(value.argument, indent)})"
    if isinstance(value, dict):
        entries = [f"{_key(key)}: {literal(item, indent + 2)}" for key, item in value.items() if item is not None]
        return _group(entries, "{ ", " }", indent)
    if isinstance(value, (list, tuple)):
        return _group([literal(item, indent + 2) for item in value], "[", "]", indent)
    return json.dumps(value)


def _group(entries: list[str], opening: str, closing: str, indent: int) -> str:
    if not entries:
        return f"{opening.strip()}{closing.strip()}"
    line = f"{opening}{', '.join(entries)}{closing}"
    if "\n" not in line and len(line) + indent <= _WIDTH:
        return line
    pad = " " * (indent + 2)
    inner = "".join(f"{pad}{entry},\n" for entry in entries)
    return f"{opening.strip()}\n{inner}{' ' * indent}{closing.strip()}"


def _key(key: object) -> str:
    text = str(key)
    return text if _IDENTIFIER.fullmatch(text) else json.dumps(text)

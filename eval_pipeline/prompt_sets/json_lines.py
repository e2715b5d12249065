"""JSON with the line of every value, so that an error can name the place. Strict: no duplicate keys, no NaN."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Hashable
from typing import Any

Path = tuple[Hashable, ...]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class JsonError(Exception):
    """A text that is not JSON; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class JsonDocument:
    """A parsed text: `value`, and the line where the value of each path begins."""

    def __init__(self, text: str) -> None:
        """Parses.

        Raises:
            JsonError: the text is not JSON, or an object has a key twice.
        """
        self.value = _parse(text)
        self._lines = _locate(text)

    def line(self, path: Path) -> int:
        """Line of a value, or of the nearest that holds it when there is no such value."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines[path]


def _parse(text: str) -> Any:
    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not a JSON number")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise JsonError(error.lineno, f"{error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise JsonError(1, "nested too deeply") from error
    except ValueError as error:
        raise JsonError(1, str(error).partition(";")[0]) from error


def _locate(text: str) -> dict[Path, int]:
    """Line of the value at every path of a text that is known to be JSON.

    Walks the tokens with a stack of containers: an object's frame holds its current key, an array's its current index.
    """
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    lines: dict[Path, int] = {}
    frames: list[str | int | None] = []
    kinds: list[str] = []
    expects_key = False
    for match in _TOKEN.finditer(text):
        token, line = match.group(), bisect_right(starts, match.start())
        if token in "}]":
            kinds.pop()
            frames.pop()
            expects_key = False
        elif token == ",":
            if kinds[-1] == "[":
                frames[-1] = int(frames[-1] or 0) + 1
            expects_key = kinds[-1] == "{"
        elif token == ":":
            expects_key = False
        elif expects_key:
            frames[-1] = json.loads(token)
            if tuple(frames) in lines:
                raise JsonError(line, f"the key {frames[-1]!r} is there twice")
        else:
            lines[tuple(frames)] = line
            if token in "{[":
                kinds.append(token)
                frames.append(0 if token == "[" else None)
                expects_key = token == "{"
    return lines

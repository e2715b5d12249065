"""Reads a prompt set and says what to mend, and in which line, when it is not one."""

from __future__ import annotations

import hashlib
import json
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from eval_pipeline.model import InputError, Prompt, Value
from eval_pipeline.prompt_sets.json_lines import JsonDocument, JsonError
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.workspace.datasets import DATASETS

SCHEMA_FILE = PROJECT_ROOT / "prompts" / "daily_prompts.schema.json"
_MAX_BYTES = 5_000_000
_SHOWN = 60
_TYPES = {
    "string": "a text in quotes",
    "boolean": "true or false",
    "integer": "a whole number",
    "array": "a list in [ ]",
    "object": "an object in { }",
}
_PATTERNS = {
    "id": "must be small letters, digits and single hyphens, like taxi-daily-trips",
    "text": "is empty; write what a person asks for",
    "category": "must be one word in small letters, like trends",
}


class PromptSet(Value):
    """A prompt set. `hash` is of its content: layout and the order of keys do not change it."""

    version: str
    rotation_strategy: Literal["round_robin"]
    daily_count: int
    prompts: tuple[Prompt, ...]
    hash: str

    @property
    def panel(self) -> tuple[Prompt, ...]:
        return tuple(prompt for prompt in self.prompts if prompt.panel)

    @property
    def rotation(self) -> tuple[Prompt, ...]:
        return tuple(prompt for prompt in self.prompts if not prompt.panel)


def load_prompt_set(path: Path) -> PromptSet:
    """Reads and checks a prompt set.

    Raises:
        InputError: the file cannot be read or is not a prompt set; names file, line, and what to mend.
    """
    text = _read(path)
    try:
        document = JsonDocument(text)
    except JsonError as error:
        raise InputError(f"{path} line {error.line}: not JSON: {error.reason}; mend the syntax there") from error
    content = document.value
    _check_schema(path, document)
    _check_meaning(path, document)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return PromptSet(
        version=content["version"],
        rotation_strategy=content["rotation_strategy"],
        daily_count=content["daily_count"],
        prompts=tuple(Prompt.model_validate(item) for item in content["prompts"]),
        hash=hashlib.sha256(canonical.encode("utf-8", errors="surrogatepass")).hexdigest(),
    )


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: the prompt set cannot be read ({error.strerror}); see EVAL_PROMPTS_FILE") from error
    if len(data) > _MAX_BYTES:
        raise InputError(f"{path}: more than {_MAX_BYTES // 1_000_000} MB; this is not a prompt set")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path} line {line}: not UTF-8; save the file as UTF-8") from error


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def _check_schema(path: Path, document: JsonDocument) -> None:
    errors = list(_validator().iter_errors(document.value))
    if not errors:
        return
    found = sorted((document.line(_place(error)), _describe(error, document.value)) for error in errors)
    line, message = found[0]
    more = f" ({len(found) - 1} more after it)" if len(found) > 1 else ""
    raise InputError(f"{path} line {line}: {message}{more}")


def _place(error: ValidationError) -> tuple[str | int, ...]:
    """Path of what is wrong: of the key itself when a key is one too many."""
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        return (*path, _unknown_keys(error)[0])
    return path


def _describe(error: ValidationError, content: Any) -> str:
    """What is wrong and how to mend it, in one clause."""
    path = list(error.absolute_path)
    key = next((str(part) for part in reversed(path) if isinstance(part, str)), "the file")
    where = f"{_subject(path, content)}{key!r}" if path else "the prompt set"
    rule: Any = error.validator_value
    value: Any = error.instance
    schema: Any = error.schema
    match error.validator:
        case "required":
            missing = next(name for name in rule if name not in value)
            return f"{_subject(path, content).rstrip(': ') or 'the prompt set'} lacks {missing!r}; add it"
        case "additionalProperties":
            unknown = _unknown_keys(error)[0]
            known = list(schema["properties"])
            close = get_close_matches(unknown, known, n=1)
            mend = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
            return f"{_subject(path, content)}the key {_cut(unknown)} is unknown; {mend}"
        case "type":
            return f"{where} must be {_TYPES.get(rule, rule)}, not {_cut(value)}"
        case "enum":
            return f"{where} must be one of {', '.join(rule)}, not {_cut(value)}"
        case "pattern" | "minLength" if key in _PATTERNS:
            return f"{where} {_PATTERNS[key]}" + (f", not {_cut(value)}" if str(value).strip() else "")
        case "minLength":
            return f"{where} is empty; fill it in"
        case "maxLength":
            return f"{where} has {len(value)} characters; at most {rule} are allowed"
        case "minItems":
            return f"{where} is an empty list; name at least one"
        case "uniqueItems":
            return f"{where} names the same thing twice"
        case "minimum" | "maximum":
            return f"{where} is {value}; the {error.validator} is {rule}"
        case _:
            return f"{where}: {error.message[:200]}"


def _unknown_keys(error: ValidationError) -> list[str]:
    content: Any = error.instance
    schema: Any = error.schema
    return [name for name in content if name not in schema["properties"]]


def _subject(path: list[Any], content: Any) -> str:
    """`prompt 'taxi-daily-trips': ` when the place is within a prompt that has an id."""
    if len(path) < 2 or path[0] != "prompts":
        return ""
    prompt = content["prompts"][path[1]]
    name = prompt.get("id") if isinstance(prompt, dict) else None
    return f"prompt {name!r}: " if isinstance(name, str) and name else f"prompt number {path[1] + 1}: "


def _cut(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _check_meaning(path: Path, document: JsonDocument) -> None:
    """What a schema cannot say: ids once, tables that exist, a day that has room for the rotation."""
    content = document.value
    lines: dict[str, int] = {}
    for index, prompt in enumerate(content["prompts"]):
        line = document.line(("prompts", index, "id"))
        if (first := lines.setdefault(prompt["id"], line)) != line:
            raise InputError(f"{path} line {line}: the id {prompt['id']!r} is already in line {first}; ids must differ")
        for number, name in enumerate(prompt["datasets"]):
            if name not in DATASETS:
                close = get_close_matches(name, DATASETS, n=3) or sorted(DATASETS)[:3]
                raise InputError(
                    f"{path} line {document.line(('prompts', index, 'datasets', number))}: prompt {prompt['id']!r}: "
                    f"unknown dataset {_cut(name)}; did you mean {' or '.join(close)}?"
                )
    panel = sum(prompt["panel"] for prompt in content["prompts"])
    count, line = content["daily_count"], document.line(("daily_count",))
    if count < panel:
        raise InputError(f"{path} line {line}: daily_count is {count}, but the panel alone has {panel}; raise it")
    if count == panel < len(content["prompts"]):
        raise InputError(
            f"{path} line {line}: daily_count {count} is the panel's size, so the other prompts would never be asked; "
            f"raise it to at least {panel + 1}"
        )

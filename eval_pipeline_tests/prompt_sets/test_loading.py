from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval_pipeline.model import InputError
from eval_pipeline.prompt_sets import load_model_text, load_prompt_set
from eval_pipeline.prompt_sets.json_lines import JsonDocument
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.workspace import DATASETS

SHIPPED = PROJECT_ROOT / "prompts" / "daily_prompts.json"
TRIPS = "samples.nyctaxi.trips"


def prompt(name: str, **change: Any) -> dict[str, Any]:
    usual = {
        "id": name,
        "text": f"Show {name}",
        "category": "trends",
        "complexity": "simple",
        "panel": True,
        "datasets": [TRIPS],
    }
    return usual | change


def write(folder: Path, *prompts: dict[str, Any], **change: Any) -> Path:
    content = {"version": "1", "rotation_strategy": "round_robin", "daily_count": 9, "prompts": list(prompts)} | change
    path = folder / "prompts.json"
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_prompt_set(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def line_of(path: Path, text: str, occurrence: int = 1) -> int:
    lines = [n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1) if text in line]
    return lines[occurrence - 1]


def test_the_shipped_set_is_large_and_varied_enough() -> None:
    shipped = load_prompt_set(SHIPPED)
    assert len(shipped.prompts) >= 30
    assert len(shipped.panel) >= 10
    assert len({p.category for p in shipped.prompts}) >= 6
    assert set(Counter(p.complexity for p in shipped.prompts)) == {"simple", "medium", "complex"}
    assert {p.complexity for p in shipped.panel} == {"simple", "medium", "complex"}
    assert {name for p in shipped.prompts for name in p.datasets} <= set(DATASETS)
    assert len({p.text for p in shipped.prompts}) == len(shipped.prompts)


def test_the_hash_is_of_the_content_not_the_layout(tmp_path: Path) -> None:
    path = write(tmp_path, prompt("a"))
    before = load_prompt_set(path).hash
    path.write_text(json.dumps(json.loads(path.read_text()), indent=7, sort_keys=True), encoding="utf-8")
    assert load_prompt_set(path).hash == before
    assert load_prompt_set(write(tmp_path, prompt("a", text="Other"))).hash != before


@pytest.mark.parametrize(
    ("change", "mark", "says"),
    [
        ({"complexity": "hard"}, '"hard"', "prompt 'b': 'complexity' must be one of simple, medium, complex"),
        ({"panel": "yes"}, '"panel": "yes"', "prompt 'b': 'panel' must be true or false"),
        ({"text": 5}, '"text": 5', "prompt 'b': 'text' must be a text in quotes"),
        ({"text": ""}, '"text": ""', "prompt 'b': 'text' is empty"),
        ({"text": " \n "}, r'"text": " \n "', "prompt 'b': 'text' is empty"),
        ({"id": "B 2"}, '"B 2"', "'id' must be small letters"),
        ({"datasets": []}, '"datasets": []', "prompt 'b': 'datasets' is an empty list"),
        ({"datasets": [TRIPS, 7]}, "        7", "'datasets' must be a text in quotes"),
        ({"datasets": [TRIPS, "samples.tpch.order"]}, "samples.tpch.order", "did you mean samples.tpch.orders"),
        ({"complexitty": 1}, '"complexitty"', "did you mean 'complexity'?"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(tmp_path: Path, change: dict[str, Any], mark: str, says: str) -> None:
    path = write(tmp_path, prompt("a"), prompt("b", **change), prompt("c"))
    message = refusal(path)
    assert says in message
    assert f"line {line_of(path, mark)}:" in message


def test_a_missing_key_is_named_with_the_line_of_its_prompt(tmp_path: Path) -> None:
    lacking = {key: value for key, value in prompt("b").items() if key != "category"}
    path = write(tmp_path, prompt("a"), lacking)
    message = refusal(path)
    assert "prompt 'b' lacks 'category'" in message
    line = line_of(path, '"id": "b"') - 1
    assert f"line {line}:" in message


def test_an_id_that_comes_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    path = write(tmp_path, prompt("a"), prompt("b"), prompt("a"))
    first, second = (line_of(path, '"id": "a"', occurrence) for occurrence in (1, 2))
    assert f"line {second}: the id 'a' is already in line {first}" in refusal(path)


def test_several_errors_are_counted_and_the_first_line_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, prompt("a", panel=1), prompt("b", complexity="x"))
    message = refusal(path)
    line = line_of(path, '"panel": 1')
    assert f"line {line}:" in message
    assert message.endswith("(1 more after it)")


def test_a_rotation_that_would_never_be_asked_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, prompt("a"), prompt("b", panel=False), daily_count=1)
    assert "raise it to at least 2" in refusal(path)
    path = write(tmp_path, prompt("a"), prompt("b"), daily_count=1)
    assert "the panel alone has 2" in refusal(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n "version": "1",,\n}', "line 2: not JSON"),
        ('{\n "version": "1",\n "version": "2"\n}', "line 3: not JSON: the key 'version' is there twice"),
        ('{"version": NaN}', "NaN is not a JSON number"),
        ("[" * 100_000, "nested too deeply"),
        ("", "line 1: not JSON"),
        ("[]", "line 1: the prompt set must be an object"),
        ("null", "line 1: the prompt set must be an object"),
    ],
)
def test_what_is_not_json_is_told_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(text, encoding="utf-8")
    assert says in refusal(path)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none.json")
    assert "cannot be read" in refusal(tmp_path)
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{\n "version": "\xe9"}')
    assert "line 2: not UTF-8" in refusal(latin)


def test_lines_are_right_for_every_value_of_a_nested_document() -> None:
    text = '{"a": [1,\n {"b": "x,]}",\n  "c": [\n[], {}]}],\n"d": null}'
    document = JsonDocument(text)
    found = {path: document.line(path) for path in [("a", 0), ("a", 1), ("a", 1, "b"), ("a", 1, "c", 1), ("d",)]}
    assert found == {("a", 0): 1, ("a", 1): 2, ("a", 1, "b"): 2, ("a", 1, "c", 1): 4, ("d",): 5}
    assert document.line(("a", 1, "nothing")) == 2


def test_the_app_contract_is_a_text_with_name_and_version() -> None:
    text = load_model_text("app-contract")
    assert (text.name, text.version) == ("app-contract", "1")
    assert "/healthcheck" in text.text and "---" not in text.text
    assert len(text.hash) == 64


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("no front matter", "line 1"),
        ("---\nname: t\n---\nx", "lacks 'version: …'"),
        ("---\nname: other\nversion: 1\n---\nx", "is named 'other'"),
        ("---\nname: t\ncolour: red\nversion: 1\n---\nx", "line 3"),
        ("---\nname: t\nversion: 1\n---\n \n", "no text"),
    ],
)
def test_a_model_text_that_is_not_one_is_told(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "t.md").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        load_model_text("t", tmp_path)


def test_a_model_text_outside_the_folder_cannot_be_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a text's name"):
        load_model_text("../secrets", tmp_path)

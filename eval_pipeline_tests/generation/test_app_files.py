"""What the template generator writes, without building it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from eval_pipeline.generation import TemplateGenerator, tree_digest
from eval_pipeline.generation.template import SKELETON
from eval_pipeline.generation.template.build import build_spec
from eval_pipeline.generation.template.render import generated_files
from eval_pipeline.generation.template.typescript import literal
from eval_pipeline_tests.generation.conftest import BY_ID, PROMPTS, make_app

HOSTILE = '`${process.exit(1)}` </script><img src=x onerror=alert(1)> "\\" \u2028 ``` # [x](javascript:1) {{7*7}} %s'


def test_the_same_prompt_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (make_app(BY_ID["orders-by-segment"], tmp_path / name) for name in ("a", "b"))
    assert tree_digest(first) == tree_digest(second)
    assert tree_digest(make_app(BY_ID["taxi-speed"], tmp_path / "c")) != tree_digest(first)


def test_an_app_is_written_in_milliseconds(tmp_path: Path) -> None:
    make_app(PROMPTS[0], tmp_path / "warm")
    start = time.process_time()
    for prompt in PROMPTS:
        make_app(prompt, tmp_path)
    assert (time.process_time() - start) / len(PROMPTS) < 0.1


def test_everything_that_an_app_needs_is_there(tmp_path: Path) -> None:
    app = make_app(PROMPTS[0], tmp_path)
    for name in ("README.md", ".env.example", "app.yaml", "Dockerfile", "package-lock.json", ".gitignore"):
        assert (app / name).is_file(), name
    for name in ("server/src/main.ts", "client/index.html", "client/public/favicon.svg", "tests/warehouse.test.ts"):
        assert (app / name).is_file(), name
    assert not list(app.rglob("dot.*"))


def test_the_environment_example_names_every_variable_that_the_server_reads(tmp_path: Path) -> None:
    app = make_app(PROMPTS[0], tmp_path)
    read = set(re.findall(r'get\("([A-Z_]+)"\)', (app / "server/src/config.ts").read_text()))
    example = set(re.findall(r"^([A-Z_]+)=", (app / ".env.example").read_text(), re.MULTILINE))
    assert len(read) > 6
    assert read == example
    assert "GENERATION_TRACE_ID" in example


def test_the_readme_tells_every_step_to_run_it(tmp_path: Path) -> None:
    readme = (make_app(PROMPTS[0], tmp_path) / "README.md").read_text()
    steps = ["cp .env.example .env", "npm ci", "npm run build", "npm start"]
    assert [step for step in steps if step in readme] == steps
    scripts = json.loads((SKELETON / "package.json").read_text())["scripts"]
    assert set(re.findall(r"npm run (\w+)", readme)) <= set(scripts)


def test_the_lockfile_names_no_host_and_fits_the_manifest() -> None:
    lock = json.loads((SKELETON / "package-lock.json").read_text())
    manifest = json.loads((SKELETON / "package.json").read_text())
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)
    for kind in ("dependencies", "devDependencies"):
        assert lock["packages"][""][kind] == manifest[kind]
        assert all(re.fullmatch(r"[\d.]+", version) for version in manifest[kind].values())


def test_the_skeleton_stays_readable_and_strictly_typed() -> None:
    sources = [p for p in SKELETON.rglob("*") if p.suffix in (".ts", ".tsx") and "tests" not in p.parts]
    lines = sum(1 for p in sources for line in p.read_text().splitlines() if line.strip())
    assert lines < 1500
    for path in sources:
        assert not re.search(r"\bany\b(?=[\[\]>;,)\s]*[=;,)>\]])|@ts-|eslint-disable", path.read_text()), path


def test_a_prompts_text_is_data_wherever_it_is_written() -> None:
    prompt = BY_ID["taxi-speed"].model_copy(update={"text": HOSTILE})
    files = generated_files(build_spec(prompt, "taxi-speed"))
    for name, text in files.items():
        if name == "README.md":
            assert f"````text\n{HOSTILE}\n````" in text
        elif name == "client/src/dashboard.ts":
            assert f"question: {json.dumps(HOSTILE)}," in text
            assert text.count("onerror") == 1
        else:
            assert "onerror" not in text and "process.exit" not in text, name


def test_the_sql_text_holds_no_values_but_the_catalogues() -> None:
    for prompt in PROMPTS:
        queries = generated_files(build_spec(prompt, prompt.id))["server/src/queries.ts"]
        assert "`" not in queries and "${" not in queries


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ('a"b\u2028</script>', '"a\\"b\\u2028</script>"'),
        ({"a b": 1, "c": None, "d": [True, "x"]}, '{ "a b": 1, d: [true, "x"] }'),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_values_are_written_as_literals(value: object, written: str) -> None:
    assert literal(value) == written


def test_the_version_follows_the_generators_sources() -> None:
    assert re.fullmatch(r"1-[0-9a-f]{10}", TemplateGenerator().version)

"""Python trees: told apart, started, checked and tested. Whole apps of each stack are judged as controls."""

from __future__ import annotations

import base64
import shlex
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.evaluation.metrics import local_runability_score
from eval_pipeline.evaluation.sources import SourceFile, SourceTree
from eval_pipeline.evaluation.stacks import Project, ProjectError, detect
from eval_pipeline.evaluation.stacks.python import checkers_of
from eval_pipeline.evaluation.steps.data import _frames
from eval_pipeline.model import AppEvaluation, Outcome
from eval_pipeline.sandbox.browser import Visit
from eval_pipeline.sandbox.visits import _readable

FLASK = "from flask import Flask\n\nsite: Flask = Flask(__name__)\n"
LISTEN = '--host 0.0.0.0 --port "$DATABRICKS_APP_PORT"'
BIND = '--bind "0.0.0.0:$DATABRICKS_APP_PORT"'
REQUIREMENTS = {"requirements.txt": "flask==3.1.3\n"}


def tree_of(folder: Path, files: dict[str, str]) -> SourceTree:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return SourceTree(folder)


def project(folder: Path, files: dict[str, str]) -> Project:
    return detect(tree_of(folder, files))


def started(folder: Path, files: dict[str, str]) -> tuple[str, str | None]:
    """The stack's start command as one line, and the file that it needs."""
    found = project(folder, files)
    assert found.start is not None
    return shlex.join(found.start.argv), found.start.artefact


@pytest.mark.parametrize(
    ("command", "entry", "source", "stack"),
    [
        ('["streamlit", "run", "page.py"]', "page.py", "import pandas", "streamlit"),
        ('["python", "-m", "streamlit", "run", "src/page.py"]', "src/page.py", "import pandas", "streamlit"),
        ("bash -c 'uv run streamlit run page.py'", "page.py", "import pandas", "streamlit"),
        ('["gunicorn", "web.site:server"]', "web/site.py", "from dash import Dash", "dash"),
        ('["gunicorn", "site:app", "--bind", "0.0.0.0:8000"]', "site.py", "import flask", "flask"),
        ('["gunicorn", "--chdir", "src", "main:app"]', "src/main.py", "import fastapi", "fastapi"),
        ('["uvicorn", "main:app"]', "main.py", "import fastapi\nimport gradio as gr", "gradio"),
        ('["flask", "--app", "web", "run"]', "web/__init__.py", "from flask import Flask", "flask"),
        ('["fastapi", "run", "main.py"]', "main.py", "from fastapi import FastAPI", "fastapi"),
        ('["shiny", "run", "app.py"]', "app.py", "import pandas", "shiny"),
        ('["python", "/app/app.py"]', "app.py", "import dash", "dash"),
        ('["python3.11", "-m", "web"]', "web/__main__.py", "import flask", "flask"),
    ],
)  # fmt: skip
def test_the_command_of_app_yaml_tells_the_stack_and_its_file(
    tmp_path: Path, command: str, entry: str, source: str, stack: str
) -> None:
    found = project(tmp_path, {"app.yaml": f"command: {command}\n", entry: source, **REQUIREMENTS})
    assert found.stack == stack
    assert found.start is not None and found.start.artefact == entry
    assert found.toolchain == "python"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import streamlit as st", "sh -c 'exec streamlit run app.py'"),
        ("from shiny import App", f"sh -c 'exec shiny run app.py {LISTEN}'"),
        (FLASK, f"sh -c 'exec flask --app app run {LISTEN}'"),
        ("import fastapi\napi = fastapi.FastAPI()", f"sh -c 'exec uvicorn app:api {LISTEN}'"),
        ("from dash import Dash\npage = Dash()", f"sh -c 'exec gunicorn app:page.server {BIND}'"),
        ("import gradio as gr\ngr.Blocks().launch()", "sh -c 'exec python app.py'"),
        ("import flask\nif __name__ == '__main__':\n    pass", "python app.py"),
    ],
)  # fmt: skip
def test_without_a_command_the_convention_starts_it(tmp_path: Path, source: str, line: str) -> None:
    assert started(tmp_path, {"app.py": source, "aaa.py": "", "test_app.py": "", **REQUIREMENTS}) == (line, "app.py")


def test_the_first_file_is_started_where_none_has_a_usual_name(tmp_path: Path) -> None:
    files = {"b.py": "import flask", "c.py": "", "test_a.py": "", **REQUIREMENTS}
    assert started(tmp_path, files)[1] == "b.py"


def test_the_port_is_put_into_a_command_that_needs_no_shell(tmp_path: Path) -> None:
    command = (
        '["python", "-c", "import sys; print(sys.argv[1:])", "a b", "--port=$DATABRICKS_APP_PORT", "${PORT}", "$HOME"]'
    )
    found = project(tmp_path, {"app.yaml": f"command: {command}\n", "app.py": FLASK, **REQUIREMENTS})
    assert found.start is not None
    env = {"PATH": "/usr/bin:/bin", "DATABRICKS_APP_PORT": "8123", "PORT": "8123"}
    said = subprocess.run(
        ["sh", "-c", found.start.argv[2].replace("exec python", "exec python3")],
        env=env, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert said.strip() == "['a b', '--port=8123', '8123', '$HOME']"


def test_a_tree_is_python_when_its_command_is_whatever_else_lies_there(tmp_path: Path) -> None:
    node = {"package.json": '{"scripts": {"start": "node server.js"}}', "server/a.ts": "", "client/b.ts": ""}
    python = {"app.py": FLASK, **REQUIREMENTS}
    assert project(tmp_path / "a", {**node, **python}).stack == "trpc"
    assert project(tmp_path / "b", {**node, **python, "app.yaml": 'command: ["npm", "start"]\n'}).stack == "trpc"
    assert project(tmp_path / "c", {**node, **python, "app.yaml": 'command: ["flask", "run"]\n'}).stack == "flask"
    front = {"frontend/package.json": "{}", **python}
    assert project(tmp_path / "d", front).stack == "flask"
    assert project(tmp_path / "e", {"package.json": "{}", "scripts/chart.py": "import flask"}).stack == "node"
    script = project(tmp_path / "f", {**python, "app.yaml": 'command: ["bash", "start.sh"]\n'})
    assert script.stack == "flask" and script.start is not None and script.start.artefact is None


def test_python_without_a_known_framework_is_not_supported(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        project(tmp_path, {"app.py": "print('hello')\n", "requirements.txt": "requests==2.34.2\n"})
    assert caught.value.code == "unsupported_stack"


def test_a_file_that_is_not_there_is_named_all_the_same(tmp_path: Path) -> None:
    files = {"app.yaml": 'command: ["streamlit", "run", "gone.py"]\n', "app.py": "import streamlit", **REQUIREMENTS}
    assert started(tmp_path, files)[1] == "gone.py"


def test_an_app_is_given_the_credential_that_it_reads(tmp_path: Path) -> None:
    sdk = "from databricks.sdk import WorkspaceClient\nimport flask\n"
    token = 'import os\nTOKEN = os.environ["DATABRICKS_TOKEN"]\n'
    both = token + 'CLIENT = os.environ["DATABRICKS_CLIENT_ID"]\n'
    client = {"DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"}
    expected = {sdk: {"DATABRICKS_TOKEN"}, sdk + token: client, FLASK + token: set(), sdk + both: set()}
    for index, (source, withheld) in enumerate(expected.items()):
        assert project(tmp_path / str(index), {"app.py": source, **REQUIREMENTS}).withheld == withheld


def test_types_are_judged_when_a_checker_is_configured(tmp_path: Path) -> None:
    ways = [
        {"pyproject.toml": "[tool.mypy]\nstrict = true\n"},
        {"setup.cfg": "[mypy]\n"},
        {"mypy.ini": "[mypy]\n"},
        {"requirements-dev.txt": "mypy==2.4.1\n"},
        {"pyproject.toml": '[project]\nname = "x"\n[dependency-groups]\ndev = ["mypy>=1"]\n'},
    ]
    for index, files in enumerate(ways):
        assert checkers_of(tree_of(tmp_path / str(index), files)) == ["mypy"], files
    assert checkers_of(tree_of(tmp_path / "pyright", {"pyrightconfig.json": "{}"})) == ["pyright"]
    assert checkers_of(tree_of(tmp_path / "ty", {"pyproject.toml": "[tool.ty.rules]\n"})) == ["ty"]
    found = project(tmp_path / "none", {"app.py": FLASK, "pyproject.toml": "[tool.black]\n", **REQUIREMENTS})
    assert set(found.not_applicable) == {"type_safety"}


def test_variables_that_python_code_reads_are_found(tmp_path: Path) -> None:
    source = """
import os
from os import environ, getenv
a = os.environ["FIRST"]
b = os.environ.get("SECOND", "x")
c = os.getenv('THIRD')
d = environ["FOURTH"]
e = getenv(
    "FIFTH")
"""
    files = {
        "app.py": source,
        "tests/test_app.py": 'import os\nos.environ["SIXTH"]\n',
        "conftest.py": 'import os\nos.getenv("SEVENTH")',
    }
    assert tree_of(tmp_path, files).variables_read == {"FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH"}
    readme = "pip install -r requirements.txt\nstreamlit run app.py\n"
    reads = {"FIRST", "STREAMLIT_SERVER_PORT", "PYTHONPATH"}
    points = local_runability_score.judge(readme, "FIRST=\n", reads, None, None).evidence["points"]
    assert [p["won"] for p in points[:3]] == [True, True, True]


@pytest.mark.parametrize(
    "lines",
    [
        "uv sync\nuv run uvicorn main:app",
        "pip3 install -r requirements.txt\npython3 app.py",
        "pip install .\ngunicorn app:server",
        "pip install -r requirements.txt\nflask --app app run",
        "pip install shiny\nshiny run app.py",
    ],
)
def test_a_readme_may_name_pythons_commands(lines: str) -> None:
    points = local_runability_score.judge(lines, "", (), None, None).evidence["points"]
    assert points[0]["won"]


@pytest.mark.parametrize("path", ["test_app.py", "pkg/app_test.py", "tests/helpers.py", "conftest.py", "web/tests.py"])
def test_test_files_are_known_by_their_names(path: str) -> None:
    assert SourceFile(PurePosixPath(path), "").is_test
    assert not SourceFile(PurePosixPath("latest_news.py"), "").is_test


def test_text_is_read_out_of_binary_frames() -> None:
    frame = b"\x0a\x12\x08\x00" + "Zürich 17,342.56".encode() + b"\x1a\x04\xff\xfe\x00\x01abc\x00$1,288.50\x00"
    assert _readable(base64.b64encode(frame).decode()).splitlines() == ["Zürich 17,342.56", "$1,288.50"]


def test_the_page_is_what_a_server_sent_only_where_the_server_draws_it() -> None:
    visit = Visit(text="shown", websocket_frames=["sent"])
    assert _frames(visit, is_page_driven=False) == [("application/json", "sent")]
    assert ("text/plain", "shown") in _frames(visit, is_page_driven=True)


UNITTEST = """import unittest
from sums import add

class Sums(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(2, 2), 4)
    @unittest.skip("later")
    def test_more(self):
        pass
"""
BARE = {"requirements.txt": "# nothing\n", "app.py": FLASK}
SUMS = "def add(one: int, other: int) -> int:\n    return one + other\n"
CHECKED = {**BARE, "sums.py": SUMS, "wrong.py": "import sums\n\ntotal: str = sums.add(1, 2)\n"}
APPS: dict[str, dict[str, str]] = {
    # Options of its own that would leave every test out, and sources in a folder that only its settings name.
    "unittest-only": {
        **BARE,
        "pytest.ini": "[pytest]\naddopts = -k nothing --collect-only\npythonpath = src\n",
        "src/sums.py": SUMS,
        "tests/test_sums.py": UNITTEST,
    },
    "broken-conftest": {**BARE, "conftest.py": "raise RuntimeError('no')\n", "test_a.py": "def test_a():\n    pass\n"},
    "leaves-early": {**BARE, "test_a.py": "import os\n\ndef test_a():\n    os._exit(0)\n"},
    "broken-fixture": {
        **BARE,
        "test_a.py": "import pytest\n\n@pytest.fixture\ndef f():\n    1/0\n\ndef test_a(f):\n    pass\n",
    },
    "expected-failures": {
        **BARE,
        "test_a.py": "import pytest\n\n@pytest.mark.xfail\ndef test_a():\n    assert 0\n",
    },
    "mypy": {
        **CHECKED,
        "requirements-dev.txt": "mypy==2.4.1\n",
        "mypy.ini": "[mypy]\nexclude = wrong\nfiles = sums.py\n",
        "sums.py": SUMS + "first = add(1, 2)  # type: ignore\n",
    },
    "pyright": {
        **CHECKED,
        "requirements-dev.txt": "pyright==1.1.414\n",
        "pyrightconfig.json": '{"include": ["sums.py"]}',
    },
    "checker-not-there": {**CHECKED, "pyproject.toml": "[tool.mypy]\nstrict = true\n"},
}  # fmt: skip


@pytest.fixture(scope="module")
def judged(evaluator: Evaluator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, AppEvaluation]:
    folder = tmp_path_factory.mktemp("python")
    apps = []
    for name, files in APPS.items():
        tree_of(folder / name, files)
        metrics = ("type_safety", "tests_pass")
        apps.append(AppUnderTest(name, folder / name, f"evidence/python/{name}", trusted=True, metrics=metrics))
    found = evaluator.evaluate(apps, parallel=2, timeout_seconds=120, use_cache=False)
    return {e.app_name: e for e in found}


def test_unittest_runs_under_our_own_pytest_and_settings(judged: dict[str, AppEvaluation]) -> None:
    result = judged["unittest-only"].results["tests_pass"]
    assert result.outcome is Outcome.PASS, result.reason
    assert {k: result.evidence[k] for k in ("total", "passed", "skipped")} == {"total": 2, "passed": 1, "skipped": 1}
    assert judged["unittest-only"].measurements.test_coverage_pct is None


@pytest.mark.parametrize(
    ("app", "code"),
    [
        ("broken-conftest", "tests_crashed"),
        ("leaves-early", "tests_crashed"),
        ("broken-fixture", "tests_failed"),
        ("expected-failures", "all_skipped"),
    ],
)
def test_tests_that_do_not_pass_are_told_apart(judged: dict[str, AppEvaluation], app: str, code: str) -> None:
    result = judged[app].results["tests_pass"]
    assert result.failure_code == code, result


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_checker_reads_every_source_whatever_its_settings_leave_out(
    judged: dict[str, AppEvaluation], checker: str
) -> None:
    result = judged[checker].results["type_safety"]
    assert result.failure_code == "type_error", result
    assert result.evidence["configs"] == [checker]
    # What app.py imports is not installed; sums.py is right.
    found = str(result.evidence["errors"])
    assert [name for name in ("app", "sums", "wrong") if f"{name}.py" in found] == ["app", "wrong"]
    assert result.evidence["suppressions"] == (1 if checker == "mypy" else 0)


def test_a_checker_that_is_configured_and_not_installed_is_missing(judged: dict[str, AppEvaluation]) -> None:
    result = judged["checker-not-there"].results["type_safety"]
    assert (result.failure_code, result.reason) == ("no_compiler", "mypy is not among the dependencies")

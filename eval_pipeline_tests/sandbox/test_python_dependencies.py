"""What a Python app asks for, and the environments built from it: against a small index of the tests' own (and once the
real registry)."""

from __future__ import annotations

import base64
import concurrent.futures
import hashlib
import http.server
import io
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import Command, Level, Mount, Sandbox
from eval_pipeline.sandbox.manifests import DependencyError
from eval_pipeline.sandbox.python_dependencies import (
    VENV,
    PythonDependencyStore,
    PythonRegistry,
    interpreter,
    site_packages,
)
from eval_pipeline.sandbox.python_requirements import read
from eval_pipeline.sandbox.shelf import Shelf
from eval_pipeline.sandbox.tools import find_tool
from eval_pipeline.settings import Settings

pytestmark = pytest.mark.timeout(240)

UV_LOCK = """
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "web-app"
version = "1.0.0"
source = { virtual = "." }
dependencies = [
    { name = "tiny-one" },
    { name = "tiny-elsewhere", marker = "sys_platform == 'win32'" },
]

[package.dev-dependencies]
dev = [{ name = "tiny-test", extra = ["more"] }]

[package.metadata]
requires-dist = [{ name = "tiny-one", specifier = ">=1" }]

[[package]]
name = "tiny-one"
version = "1.0.0"
source = { registry = "a mirror" }
dependencies = [{ name = "tiny-two" }]
wheels = [{ hash = "sha256:%(one)s" }]

[[package]]
name = "tiny-two"
version = "1.0.0"
source = { registry = "a mirror" }
wheels = [{ hash = "sha256:%(two)s" }]

[[package]]
name = "tiny-elsewhere"
version = "1.0.0"
source = { registry = "a mirror" }

[[package]]
name = "tiny-test"
version = "1.0.0"
source = { registry = "a mirror" }

[package.optional-dependencies]
more = [{ name = "tiny-two" }]
"""
PROJECT = '[project]\nname = "web-app"\nversion = "1.0.0"\ndependencies = ["tiny-one>=1"]\n'


def wheel(name: str, needs: str = "") -> bytes:
    """A wheel with one module, and a `.pth` file that leaves a trace wherever an interpreter reads it."""
    module = name.replace("-", "_")
    trace = "import pathlib; pathlib.Path('/opt/venv/RAN').touch() if pathlib.Path('/uv-cache').exists() else None\n"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n" + (f"Requires-Dist: {needs}\n" if needs else "")
    files = {
        f"{module}.py": f"NAME = {name!r}\n",
        f"{module}.pth": trace,
        f"{module}-1.0.0.dist-info/METADATA": metadata,
        f"{module}-1.0.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{module}-1.0.0.dist-info/RECORD"
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text)}")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in (files | {record: "\n".join([*lines, f"{record},,\n"])}).items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return buffer.getvalue()


FILES = {
    "tiny_one-1.0.0-py3-none-any.whl": wheel("tiny-one", "tiny-two"),
    "tiny_two-1.0.0-py3-none-any.whl": wheel("tiny-two"),
    "tiny_source-1.0.0.tar.gz": b"no source is ever opened",
}


def digest(file: str) -> str:
    return hashlib.sha256(FILES[file]).hexdigest()


ONE, TWO = digest("tiny_one-1.0.0-py3-none-any.whl"), digest("tiny_two-1.0.0-py3-none-any.whl")


class Index(http.server.BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        last = self.path.strip("/").rpartition("/")[2]
        files = [f for f in FILES if f.startswith(last.replace("-", "_") + "-")]
        if last in FILES:
            self._answer(200, FILES[last], "application/octet-stream")
        elif files:
            links = "".join(f'<a href="/files/{f}#sha256={digest(f)}">{f}</a>' for f in files)
            self._answer(200, f"<!doctype html><html><body>{links}</body></html>".encode(), "text/html")
        else:
            self._answer(404, b"", "text/plain")

    def do_HEAD(self) -> None:
        self.send_error(405)

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def index() -> Iterator[tuple[PythonRegistry, list[str]]]:
    asked: list[str] = []
    handler = type("OwnIndex", (Index,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield PythonRegistry(url=f"http://user:geheim@127.0.0.1:{server.server_port}/simple"), asked
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def uv(settings: Settings) -> Path:
    tool = find_tool("uv", settings)
    assert tool is not None
    return tool.path


@pytest.fixture
def store(
    any_sandbox: Sandbox, index: tuple[PythonRegistry, list[str]], uv: Path, tmp_path: Path
) -> PythonDependencyStore:
    return PythonDependencyStore(Shelf(tmp_path / "store"), any_sandbox, uv, index[0], tmp_path / "cache")


def app(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        path = folder / name.replace("__", "-").replace("_txt", ".txt").replace("_toml", ".toml").replace(
            "_lock", ".lock"
        )
        path.write_text(text)
    return folder


def code_of(folder: Path) -> str:
    with pytest.raises(DependencyError) as caught:
        read(folder)
    return caught.value.code


def test_requirements_are_reduced_to_plain_lines(tmp_path: Path) -> None:
    text = f"""
# what we need
Tiny_One == 1.0.0 \\
    --hash=sha256:{ONE}  # pinned
--prefer-binary
tiny-two>=1 ; python_version > "3"
-r more.txt
"""
    folder = app(tmp_path / "app", requirements_txt=text, more_txt="tiny-three[extra]==1.*\n")
    wanted = read(folder)
    assert wanted.production == (
        f"Tiny_One==1.0.0 --hash=sha256:{ONE}",
        "tiny-three[extra]==1.*",
        'tiny-two>=1; python_version > "3"',
    )
    assert [line.partition(";")[0] for line in wanted.unpinned] == ["tiny-three[extra]==1.*", "tiny-two>=1"]
    assert wanted.development == wanted.production


@pytest.mark.parametrize(
    "line",
    [
        "-e .",
        "./local",
        "/abs/local",
        "-i http://127.0.0.1/simple",
        "--index-url=http://127.0.0.1/simple",
        "--extra-index-url http://127.0.0.1/simple",
        "--find-links wheels",
        "tiny @ http://127.0.0.1/tiny.whl",
        "tiny @ git+https://127.0.0.1/tiny.git",
        "git+https://127.0.0.1/tiny.git",
        "http://127.0.0.1/tiny.whl",
        "file:///etc/passwd",
        "tiny-1.0.0-py3-none-any.whl",
        "-r ../other.txt",
        "-r /etc/passwd",
    ],
)
def test_what_does_not_come_from_the_registry_is_refused(tmp_path: Path, line: str) -> None:
    assert code_of(app(tmp_path / "app", requirements_txt=f"tiny-one==1\n{line}\n")) == "foreign_package_source"


def test_other_trees_are_told_apart_by_their_codes(tmp_path: Path) -> None:
    assert code_of(app(tmp_path / "none")) == "lockfile_missing"
    assert code_of(app(tmp_path / "tools", pyproject_toml="[tool.ruff]\nline-length = 100\n")) == "lockfile_missing"
    poetry = '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\nflask = "^3"\n'
    assert code_of(app(tmp_path / "poetry", pyproject_toml=poetry)) == "lockfile_unsupported"
    assert code_of(app(tmp_path / "broken", pyproject_toml="[project\n")) == "manifest_invalid"
    assert code_of(app(tmp_path / "line", requirements_txt="tiny one two\n")) == "manifest_invalid"
    assert code_of(app(tmp_path / "gone", requirements_txt="-r gone.txt\n")) == "manifest_invalid"
    sources = PROJECT + '[tool.uv.sources]\ntiny-one = { path = "../x" }\n'
    assert code_of(app(tmp_path / "sources", pyproject_toml=sources)) == "foreign_package_source"


def test_a_link_in_place_of_the_requirements_is_not_followed(tmp_path: Path) -> None:
    folder = app(tmp_path / "app")
    (tmp_path / "outside.txt").write_text("tiny-one==1\n")
    (folder / "requirements.txt").symlink_to(tmp_path / "outside.txt")
    assert code_of(folder) == "lockfile_missing"


def test_development_requirements_are_kept_apart(tmp_path: Path) -> None:
    project = PROJECT + '[dependency-groups]\ndev = ["tiny-two==1.0.0"]\nother = ["never==1"]\n'
    wanted = read(app(tmp_path / "app", pyproject_toml=project))
    assert wanted.production == ("tiny-one>=1",) == wanted.unpinned
    assert wanted.development == ("tiny-one>=1", "tiny-two==1.0.0")
    files = app(
        tmp_path / "files", requirements_txt="tiny-one==1\n", requirements__dev_txt="-r requirements.txt\ntiny-two\n"
    )
    assert read(files).development == ("tiny-one==1", "tiny-two")
    assert read(files).unpinned == ()


def test_a_lock_of_uv_gives_the_whole_tree_of_this_platform(tmp_path: Path) -> None:
    lock = UV_LOCK % {"one": ONE, "two": TWO}
    folder = app(tmp_path / "app", pyproject_toml=PROJECT, uv_lock=lock)
    wanted = read(folder)
    assert wanted.is_complete and wanted.unpinned == ()
    assert wanted.production == (f"tiny-one==1.0.0 --hash=sha256:{ONE}", f"tiny-two==1.0.0 --hash=sha256:{TWO}")
    assert "tiny-test==1.0.0" in wanted.development
    app(folder, pyproject_toml=PROJECT.replace("tiny-one>=1", "tiny-one>=2"))
    assert code_of(folder) == "lockfile_out_of_sync"
    app(folder, pyproject_toml=PROJECT, uv_lock=lock.replace("version = 1\nrev", "version = 2\nrev"))
    assert code_of(folder) == "lockfile_unsupported"
    git = lock.replace('{ registry = "a mirror" }\ndependencies', '{ git = "https://127.0.0.1/x" }\ndependencies')
    assert code_of(app(folder, uv_lock=git)) == "foreign_package_source"
    assert code_of(app(folder, uv_lock="version = ")) == "lockfile_invalid"


def test_an_environment_is_built_once_without_running_what_it_installs(
    store: PythonDependencyStore, index: tuple[PythonRegistry, list[str]], any_sandbox: Sandbox, tmp_path: Path
) -> None:
    venv = store.ensure(["tiny-one==1.0.0"])
    packages = Path(site_packages(str(venv)))
    assert not list(venv.parent.rglob("RAN"))
    assert list(packages.glob("__pycache__/tiny_one.*.pyc"))
    asked = len(index[1])
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        assert set(threads.map(store.ensure, [["tiny-one==1.0.0"]] * 4)) == {venv}
    assert len(index[1]) == asked
    code = """
import sys, tiny_one, tiny_two
print(tiny_one.NAME, tiny_two.NAME, sys.prefix, sys.version_info[:3])
try:
    open(tiny_one.__file__, "a")
except OSError as error:
    print("read-only", error.errno)
"""
    work = tmp_path / "work"
    work.mkdir()
    mounts = [*interpreter()[1], Mount(venv, VENV), Mount(work, "/app", writable=True)]
    log = tmp_path / "log.txt"
    assert any_sandbox.run(Command([f"{VENV}/bin/python", "-c", code], mounts=mounts), log).exit_code == 0
    assert log.read_text().splitlines()[0] == f"tiny-one tiny-two {VENV} {sys.version_info[:3]}"
    assert "read-only" in log.read_text()


def test_what_the_app_asks_for_wrongly_is_its_fault(store: PythonDependencyStore, tmp_path: Path) -> None:
    wrong = {
        "tiny-none==1": "package_not_found",
        "tiny-one==9": "package_not_found",
        "tiny-source==1.0.0": "no_wheel",
        f"tiny-one==1.0.0 --hash=sha256:{'0' * 64}": "integrity_mismatch",
    }
    for line, code in wrong.items():
        with pytest.raises(DependencyError) as caught:
            store.ensure([line])
        assert caught.value.code == code, (line, caught.value)
        assert "geheim" not in caught.value.reason
    assert not [p for p in (tmp_path / "store").glob("*") if p.is_dir()]


def test_a_lock_that_leaves_a_package_out_is_not_filled_up(store: PythonDependencyStore) -> None:
    venv = store.ensure([f"tiny-one==1.0.0 --hash=sha256:{ONE}"], is_complete=True)
    assert not (Path(site_packages(str(venv))) / "tiny_two.py").exists()


def test_an_index_that_cannot_be_reached_is_our_trouble(any_sandbox: Sandbox, uv: Path, tmp_path: Path) -> None:
    nowhere = PythonRegistry(url="http://user:geheim@127.0.0.1:9/simple")
    store = PythonDependencyStore(Shelf(tmp_path / "store"), any_sandbox, uv, nowhere, tmp_path / "cache")
    with pytest.raises(EvaluatorError) as caught:
        store.ensure(["tiny-one==1.0.0"])
    assert "geheim" not in str(caught.value)


def test_without_a_sandbox_an_environment_works_where_it_lies(
    open_sandbox: Callable[[Level], Sandbox], index: tuple[PythonRegistry, list[str]], uv: Path, tmp_path: Path
) -> None:
    sandbox = open_sandbox("L0")
    store = PythonDependencyStore(Shelf(tmp_path / "store"), sandbox, uv, index[0], tmp_path / "cache")
    mounts = [*interpreter()[1], Mount(store.ensure(["tiny-one==1.0.0"]), VENV)]
    log = tmp_path / "log.txt"
    command = Command([f"{VENV}/bin/python", "-c", "import tiny_two; print(tiny_two.NAME)"], "/", mounts=mounts)
    assert sandbox.run(command, log).exit_code == 0, log.read_text()
    assert log.read_text() == "tiny-two\n"


def test_an_environment_that_somebody_took_packages_out_of_is_built_again(store: PythonDependencyStore) -> None:
    venv = store.ensure(["tiny-two==1.0.0"])
    (Path(site_packages(str(venv))) / "tiny_two.py").unlink()
    again = store.ensure(["tiny-two==1.0.0"])
    assert (Path(site_packages(str(again))) / "tiny_two.py").exists()


def test_the_real_registry_of_this_machine_is_used(
    any_sandbox: Sandbox, uv: Path, tmp_path: Path, settings: Settings
) -> None:
    store = PythonDependencyStore(Shelf(tmp_path / "store"), any_sandbox, uv, uv_cache=tmp_path / "cache")
    venv = store.ensure(["iniconfig==2.3.1"])
    assert (Path(site_packages(str(venv))) / "iniconfig").is_dir()

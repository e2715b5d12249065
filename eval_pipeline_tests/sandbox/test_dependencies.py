"""The dependency store, against a small npm registry of the tests' own (and once the real one)."""

from __future__ import annotations

import base64
import concurrent.futures
import hashlib
import http.server
import io
import json
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import Command, DependencyError, DependencyStore, Limits, Mount, Sandbox
from eval_pipeline.sandbox.dependencies import CACHE_FOLDERS, Registry
from eval_pipeline.settings import Settings

pytestmark = pytest.mark.timeout(240)


def tarball(name: str, version: str) -> bytes:
    manifest = {"name": name, "version": version, "main": "index.js", "scripts": {"postinstall": "echo > /app/RAN"}}
    files = {"package.json": json.dumps(manifest), "index.js": f"module.exports = '{name} {version}';"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(f"package/{path}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


TARBALLS = {name: tarball(name, "1.0.0") for name in ("tiny-one", "tiny-two")}


def integrity(name: str) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(TARBALLS[name]).digest()).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name, _, rest = self.path.strip("/").partition("/")
        if name not in TARBALLS:
            self._answer(404, b'{"error":"not found"}')
        elif rest:
            self._answer(200, TARBALLS[name])
        else:
            url = f"http://{self.headers['host']}/{name}/-/{name}-1.0.0.tgz"
            version = {"name": name, "version": "1.0.0", "dist": {"tarball": url, "integrity": integrity(name)}}
            packument = {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
            self._answer(200, json.dumps(packument).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[tuple[Registry, list[str]]]:
    asked: list[str] = []
    handler = type("OwnHandler", (Handler,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Registry(url=f"http://127.0.0.1:{server.server_port}/"), asked
        server.shutdown()
        thread.join()


def project(folder: Path, *names: str, **entries: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    wanted = dict.fromkeys(names, "1.0.0")
    packages: dict[str, Any] = {"": {"name": "x", "dependencies": wanted}}
    for name in names:
        packages[f"node_modules/{name}"] = {
            "version": "1.0.0",
            "integrity": integrity(name) if name in TARBALLS else "sha512-AAAA",
        } | entries.get(name.replace("-", "_"), {})
    lock = {"name": "x", "lockfileVersion": 3, "requires": True, "packages": packages}
    (folder / "package.json").write_text(json.dumps({"name": "x", "dependencies": wanted}))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    return folder


@pytest.fixture
def store(any_sandbox: Sandbox, registry: tuple[Registry, list[str]], tmp_path: Path) -> DependencyStore:
    return DependencyStore(tmp_path / "home" / "store", any_sandbox, registry[0], npm_cache=tmp_path / "npm")


def test_a_lockfile_is_built_once_without_scripts_and_used_read_only(
    store: DependencyStore, registry: tuple[Registry, list[str]], any_sandbox: Sandbox, tmp_path: Path
) -> None:
    app = project(tmp_path / "app", "tiny-one", "tiny-two")
    (app / ".npmrc").write_text("registry=http://127.0.0.1:9/\nignore-scripts=false")
    (app / "index.js").write_text("""
      for (const name of [".vite", ".vite-temp", ".cache", ".tmp"])
        require("fs").writeFileSync(`/app/node_modules/${name}/of-a-tool`, "");
      console.log(require("tiny-one"))""")
    modules = store.ensure(app)
    assert modules.name == "node_modules"
    assert not list(modules.parent.glob("RAN"))
    asked = len(registry[1])
    same = project(tmp_path / "same", "tiny-one", "tiny-two")
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        assert set(threads.map(store.ensure, [app, same, app, same])) == {modules}
    assert len(registry[1]) == asked
    command = Command(
        ["node", "index.js"],
        mounts=[Mount(app, "/app", writable=True), Mount(modules, "/app/node_modules")],
        tmpfs=[f"/app/node_modules/{name}" for name in CACHE_FOLDERS],
        limits=Limits(disk_mb=16, seconds=20),
    )
    log = tmp_path / "log"
    assert any_sandbox.run(command, log).ended_well
    assert log.read_text() == "tiny-one 1.0.0\n"


def test_an_unfinished_or_plundered_tree_is_built_again(store: DependencyStore, tmp_path: Path) -> None:
    app = project(tmp_path / "app", "tiny-one")
    modules = store.ensure(app)
    (modules / "tiny-one").rename(tmp_path / "stolen")
    assert (store.ensure(app) / "tiny-one" / "index.js").exists()
    (modules.parent / "complete.json").unlink()
    (store.root / ".building-dead").mkdir()
    assert store.ensure(app) == modules
    assert (modules.parent / "complete.json").exists()
    assert not list(store.root.glob(".building-*"))


def fault(store: DependencyStore, app: Path) -> str:
    with pytest.raises(DependencyError) as caught:
        store.ensure(app)
    assert caught.value.reason
    assert not [path for path in store.root.glob("*") if path.name != ".lock"]
    return caught.value.code


def test_the_apps_faults_have_codes(store: DependencyStore, tmp_path: Path) -> None:
    app = project(tmp_path / "missing", "tiny-one")
    (app / "package-lock.json").unlink()
    assert fault(store, app) == "lockfile_missing"
    app = project(tmp_path / "broken", "tiny-one")
    (app / "package-lock.json").write_text("{")
    assert fault(store, app) == "lockfile_invalid"
    app = project(tmp_path / "old", "tiny-one")
    (app / "package-lock.json").write_text('{"lockfileVersion": 1}')
    assert fault(store, app) == "lockfile_unsupported"
    app = project(tmp_path / "unsynced", "tiny-one")
    (app / "package.json").write_text('{"dependencies": {"tiny-one": "1.0.0", "tiny-two": "1.0.0"}}')
    assert fault(store, app) == "lockfile_out_of_sync"
    forged = {"integrity": integrity("tiny-two")}
    assert fault(store, project(tmp_path / "forged", "tiny-one", tiny_one=forged)) == "integrity_mismatch"
    assert fault(store, project(tmp_path / "unknown", "tiny-nowhere")) == "package_not_found"


@pytest.mark.parametrize(
    "entry",
    [
        {"resolved": "https://elsewhere.example/tiny-one.tgz"},
        {"resolved": "git+ssh://git@elsewhere.example/x.git#abc"},
        {"resolved": "file:../../etc"},
        {"resolved": "../other", "link": True},
        {"version": "file:../other"},
    ],
)
def test_a_lockfile_cannot_choose_where_packages_come_from(
    store: DependencyStore, registry: tuple[Registry, list[str]], tmp_path: Path, entry: dict[str, Any]
) -> None:
    assert fault(store, project(tmp_path / "app", "tiny-one", tiny_one=entry)) == "foreign_package_source"
    assert registry[1] == []


@pytest.mark.parametrize("spec", ["file:../x", "git+https://x.example/a.git", "https://x.example/a.tgz", "user/repo"])
def test_a_manifest_cannot_choose_where_packages_come_from(store: DependencyStore, tmp_path: Path, spec: str) -> None:
    app = project(tmp_path / "app", "tiny-one")
    (app / "package.json").write_text(json.dumps({"dependencies": {"tiny-one": spec}}))
    assert fault(store, app) == "foreign_package_source"


def test_another_hosts_registry_address_is_replaced_by_ours(
    store: DependencyStore, registry: tuple[Registry, list[str]], tmp_path: Path
) -> None:
    entry = {"resolved": "https://elsewhere.example/npm/tiny-one/-/tiny-one-1.0.0.tgz"}
    assert (store.ensure(project(tmp_path / "app", "tiny-one", tiny_one=entry)) / "tiny-one").is_dir()
    assert any("tiny-one-1.0.0.tgz" in path for path in registry[1])


def test_a_registry_out_of_reach_is_our_failure(any_sandbox: Sandbox, tmp_path: Path) -> None:
    nowhere = Registry(url="http://127.0.0.1:9/")
    store = DependencyStore(tmp_path / "store", any_sandbox, nowhere, npm_cache=tmp_path / "npm")
    with pytest.raises(EvaluatorError, match="npm could not install: ECONNREFUSED"):
        store.ensure(project(tmp_path / "app", "tiny-one"))


BUILD = """
import sys
from pathlib import Path
from eval_pipeline.sandbox import DependencyStore, Sandbox
from eval_pipeline.sandbox.dependencies import Registry
from eval_pipeline.settings import Settings
root, app, url = sys.argv[1:]
with Sandbox.probe(Settings(pipeline_home=Path(root)), Path(root) / "scratch") as sandbox:
    print(DependencyStore(Path(root) / "store", sandbox, Registry(url=url)).ensure(Path(app)))
"""


def test_two_processes_build_one_tree(registry: tuple[Registry, list[str]], tmp_path: Path) -> None:
    app = project(tmp_path / "app", "tiny-one")
    arguments = [sys.executable, "-c", BUILD, str(tmp_path / "home"), str(app), registry[0].url]
    builders = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = {builder.communicate(timeout=120)[0].strip() for builder in builders}
    assert len(answers) == 1
    assert (Path(answers.pop()) / "tiny-one").is_dir()
    assert len([path for path in registry[1] if path.endswith(".tgz")]) == 1


def test_the_real_registry_is_reached_from_the_sandbox(
    any_sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"is-number": "7.0.0"}}')
    entry = {
        "version": "7.0.0",
        "integrity": "sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng==",
    }
    root = {"dependencies": {"is-number": "7.0.0"}}
    lock = {"lockfileVersion": 3, "packages": {"": root, "node_modules/is-number": entry}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    modules = DependencyStore(tmp_path / "store", any_sandbox).ensure(tmp_path)
    assert (modules / "is-number" / "index.js").exists()

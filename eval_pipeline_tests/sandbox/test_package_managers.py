"""pnpm and bun lockfiles, and workspaces of all three package managers, against the registry of the tests' own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import Command, DependencyError, DependencyStore, Limits, Mount, Sandbox, lockfiles
from eval_pipeline.sandbox.dependencies import Registry
from eval_pipeline.sandbox.manifests import expand
from eval_pipeline.settings import Settings
from eval_pipeline_tests.conftest import share_tools
from eval_pipeline_tests.sandbox.test_dependencies import integrity, registry

__all__ = ["registry"]

pytestmark = pytest.mark.timeout(240)

ONE, TWO = {"tiny-one": "1.0.0"}, {"tiny-two": "1.0.0"}


@pytest.fixture(scope="module")
def tool_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of a home with the shared tools: pnpm and bun are brought there once."""
    settings = Settings(pipeline_home=share_tools(tmp_path_factory.mktemp("home")))
    with Sandbox.probe(settings, tmp_path_factory.mktemp("scratch")) as sandbox:
        yield sandbox


@pytest.fixture
def store(tool_sandbox: Sandbox, registry: tuple[Registry, list[str]], tmp_path: Path) -> DependencyStore:
    return DependencyStore(tmp_path / "home" / "store", tool_sandbox, registry[0], npm_cache=tmp_path / "cache" / "npm")


def pnpm_lock(importers: dict[str, Any], *names: str, **changes: Any) -> str:
    lock = {
        "lockfileVersion": "9.0",
        "settings": {"autoInstallPeers": True, "excludeLinksFromLockfile": False},
        "importers": importers,
        "packages": {f"{name}@1.0.0": {"resolution": {"integrity": integrity(name)}} for name in names},
        "snapshots": {f"{name}@1.0.0": {} for name in names},
    }
    return json.dumps(lock | changes)


def pnpm_wants(*names: str, **links: str) -> dict[str, Any]:
    wanted = {name: {"specifier": "1.0.0", "version": "1.0.0"} for name in names}
    linked = {name: {"specifier": "workspace:*", "version": link} for name, link in links.items()}
    return {"dependencies": wanted | linked}


def bun_lock(workspaces: dict[str, Any], packages: dict[str, Any] | None = None, **changes: Any) -> str:
    lock = {"lockfileVersion": 1, "workspaces": workspaces, "packages": packages or {}} | changes
    # As bun writes it: with commas before closing brackets, and comments allowed.
    return "// made by bun\n" + json.dumps(lock, indent=2).replace("\n}", ",\n}").replace("{,", "{")


def bun_package(name: str) -> list[Any]:
    return [f"{name}@1.0.0", "", {}, integrity(name)]


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def manifest(**fields: Any) -> str:
    return json.dumps({"name": "x", "version": "2.0.0"} | fields)


def app(folder: Path, manager: str) -> Path:
    locks = {
        "pnpm": {"pnpm-lock.yaml": pnpm_lock({".": pnpm_wants("tiny-one")}, "tiny-one")},
        "bun": {"bun.lock": bun_lock({"": {"name": "x", "dependencies": ONE}}, {"tiny-one": bun_package("tiny-one")})},
    }
    return write(folder, {"package.json": manifest(dependencies=ONE)} | locks[manager])


def workspace(folder: Path, manager: str) -> Path:
    """A root that uses tiny-one and the workspace `inner`, which uses tiny-two."""
    link = "*" if manager == "npm" else "workspace:*"
    root = {"name": "x", "workspaces": ["packages/*"], "dependencies": ONE | {"inner": link}}
    inner = {"name": "inner", "version": "0.1.0", "dependencies": TWO}
    importers = {".": pnpm_wants("tiny-one", inner="link:packages/inner"), "packages/inner": pnpm_wants("tiny-two")}
    bun_packages = {name: bun_package(name) for name in ("tiny-one", "tiny-two")}
    npm_packages: dict[str, Any] = {
        "": root,
        "packages/inner": inner,
        "node_modules/inner": {"resolved": "packages/inner", "link": True},
        **{f"node_modules/{n}": {"version": "1.0.0", "integrity": integrity(n)} for n in ("tiny-one", "tiny-two")},
    }
    locks = {
        "npm": {"package-lock.json": json.dumps({"lockfileVersion": 3, "packages": npm_packages})},
        "pnpm": {
            "pnpm-lock.yaml": pnpm_lock(importers, "tiny-one", "tiny-two"),
            "pnpm-workspace.yaml": "packages: [packages/*]\nconfigDependencies: {evil: 1.0.0}\n",
        },
        "bun": {
            "bun.lock": bun_lock(
                {"": root, "packages/inner": inner}, bun_packages | {"inner": ["inner@workspace:packages/inner"]}
            )
        },
    }
    return write(
        folder,
        {
            "package.json": json.dumps(root),
            "packages/inner/package.json": json.dumps(inner),
            "packages/inner/index.js": 'module.exports = `inner with ${require("tiny-two")}`;',
            "index.js": 'console.log(require("tiny-one"), require("inner"));',
        }
        | locks[manager],
    )


def run(sandbox: Sandbox, copy: Path, stores: dict[str, Path], log: Path) -> str:
    for folder in stores:
        (copy / folder / "node_modules").mkdir(exist_ok=True)
    mounts = [Mount(copy, "/app", writable=True)]
    mounts += [Mount(modules, f"/app/{folder}/node_modules".replace("/./", "/")) for folder, modules in stores.items()]
    limits = Limits(disk_mb=16, seconds=20)
    sandbox.run(Command(["node", "index.js"], mounts=mounts, limits=limits), log)
    return log.read_text()


HOSTILE = {
    ".npmrc": "registry=http://127.0.0.1:9/\nignore-scripts=false",
    ".pnpmfile.cjs": "require('fs').writeFileSync('/app/RAN', '')",
    "bunfig.toml": '[install]\nregistry = "http://127.0.0.1:9/"',
    "index.js": 'console.log(require("tiny-one"))',
}


@pytest.mark.parametrize("manager", ["pnpm", "bun"])
def test_a_lockfile_is_built_once_without_scripts_and_without_the_apps_configuration(
    store: DependencyStore,
    registry: tuple[Registry, list[str]],
    tool_sandbox: Sandbox,
    tmp_path: Path,
    manager: str,
) -> None:
    folder = write(app(tmp_path / "app", manager), HOSTILE)
    stores = store.ensure_all(folder)
    assert list(stores) == ["."]
    assert not list(stores["."].parent.rglob("RAN"))
    asked = len(registry[1])
    assert store.ensure_all(app(tmp_path / "same", manager)) == stores
    assert len(registry[1]) == asked
    assert run(tool_sandbox, folder, stores, tmp_path / "log") == "tiny-one 1.0.0\n"


@pytest.mark.parametrize("manager", ["npm", "pnpm", "bun"])
def test_a_workspace_in_the_store_is_a_link_to_the_work_copys(
    store: DependencyStore, tool_sandbox: Sandbox, tmp_path: Path, manager: str
) -> None:
    folder = workspace(tmp_path / "app", manager)
    stores = store.ensure_all(folder)
    assert not list(stores["."].parent.rglob("index.js.map"))
    assert not (stores["."].parent / "packages" / "inner" / "index.js").exists()
    assert run(tool_sandbox, folder, stores, tmp_path / "log") == "tiny-one 1.0.0 inner with tiny-two 1.0.0\n"


def fault(store: DependencyStore, folder: Path) -> str:
    with pytest.raises(DependencyError) as caught:
        store.ensure(folder)
    assert caught.value.reason
    assert not [path for path in store.root.glob("*") if path.name != ".lock"]
    return caught.value.code


@pytest.mark.parametrize("manager", ["pnpm", "bun"])
def test_the_apps_faults_have_the_same_codes_as_with_npm(store: DependencyStore, tmp_path: Path, manager: str) -> None:
    unsynced = app(tmp_path / "unsynced", manager)
    (unsynced / "package.json").write_text(manifest(dependencies=ONE | TWO))
    assert fault(store, unsynced) == "lockfile_out_of_sync"
    for name, old, new, code in (
        ("forged", integrity("tiny-one"), integrity("tiny-two"), "integrity_mismatch"),
        ("unknown", "tiny-one", "tiny-nowhere", "package_not_found"),
        ("old", '"9.0"' if manager == "pnpm" else '"lockfileVersion": 1', "99", "lockfile_unsupported"),
    ):
        folder = app(tmp_path / name, manager)
        for file in (
            ("pnpm-lock.yaml", "bun.lock", "package.json") if name == "unknown" else ("pnpm-lock.yaml", "bun.lock")
        ):
            if (folder / file).exists():
                text = (folder / file).read_text()
                new = '"lockfileVersion": 99' if name == "old" and manager == "bun" else new
                (folder / file).write_text(text.replace(old, new))
        assert fault(store, folder) == code
    broken = app(tmp_path / "broken", manager)
    for file in ("pnpm-lock.yaml", "bun.lock"):
        if (broken / file).exists():
            (broken / file).write_text("{")
    assert fault(store, broken) == "lockfile_invalid"


@pytest.mark.parametrize("manager", ["pnpm", "bun"])
def test_a_registry_out_of_reach_is_our_failure(tool_sandbox: Sandbox, tmp_path: Path, manager: str) -> None:
    nowhere = Registry(url="http://127.0.0.1:9/")
    store = DependencyStore(tmp_path / "store", tool_sandbox, nowhere, npm_cache=tmp_path / "cache" / "npm")
    with pytest.raises(EvaluatorError, match=f"{manager} could not install"):
        store.ensure(app(tmp_path / "app", manager))


def pnpm_with(key: str, resolution: dict[str, Any]) -> str:
    return pnpm_lock({".": pnpm_wants("tiny-one")}, packages={key: {"resolution": resolution}}, snapshots={})


GIT = {"type": "git", "repo": "https://x.example/a.git", "commit": "0" * 40}
GOOD_INTEGRITY = {"integrity": integrity("tiny-one")}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pnpm-lock.yaml", pnpm_with("tiny-one@1.0.0", GIT)),
        ("pnpm-lock.yaml", pnpm_with("tiny-one@1.0.0", GOOD_INTEGRITY | {"tarball": "https://x.example/t.tgz"})),
        ("pnpm-lock.yaml", pnpm_with("tiny-one@file:../x", {"directory": "../x", "type": "directory"})),
        ("pnpm-lock.yaml", pnpm_with("tiny-one@https://x.example/t.tgz", GOOD_INTEGRITY)),
        ("pnpm-lock.yaml", pnpm_lock({".": pnpm_wants(inner="link:../outside")})),
        ("pnpm-lock.yaml", pnpm_lock({".": {}}, snapshots={"a@1.0.0": {"dependencies": {"b": "file:../b"}}})),
        ("bun.lock", bun_lock({"": {}}, {"tiny-one": ["tiny-one@https://x.example/t.tgz", {}, "sha"]})),
        ("bun.lock", bun_lock({"": {}}, {"tiny-one": ["tiny-one@1.0.0", "https://x.example/t.tgz", {}, "sha512-a"]})),
        ("bun.lock", bun_lock({"": {}}, {"tiny-one": ["tiny-one@github:a/b#1", {}, "sha"]})),
        ("bun.lock", bun_lock({"": {}}, {"tiny-one": ["tiny-one@workspace:../outside"]})),
    ],
)
def test_no_lockfile_can_choose_where_packages_come_from(tmp_path: Path, file: str, text: str) -> None:
    with pytest.raises(DependencyError) as caught:
        lockfiles.read(write(tmp_path, {"package.json": manifest(dependencies=ONE), file: text}))
    assert caught.value.code == "foreign_package_source"


@pytest.mark.parametrize("manager", ["npm", "pnpm", "bun"])
def test_a_lockfile_cannot_name_a_workspace_that_the_manifest_has_not(tmp_path: Path, manager: str) -> None:
    folder = workspace(tmp_path, manager)
    root = json.loads((folder / "package.json").read_text())
    (folder / "package.json").write_text(json.dumps(root | {"workspaces": ["other/*"]}))
    (folder / "pnpm-workspace.yaml").unlink(missing_ok=True)
    with pytest.raises(DependencyError) as caught:
        lockfiles.read(folder)
    assert caught.value.code in ("lockfile_out_of_sync", "foreign_package_source")


def test_yaml_that_grows_when_it_is_read_is_refused(tmp_path: Path) -> None:
    text = "a: &a [x, x]\nb: &b [*a, *a]\nimporters: {'.': {}}\nlockfileVersion: '9.0'\n"
    with pytest.raises(DependencyError, match="aliases"):
        lockfiles.read(write(tmp_path, {"package.json": manifest(), "pnpm-lock.yaml": text}))


def test_pnpms_own_settings_are_kept_only_where_they_run_nothing(tmp_path: Path) -> None:
    settings = {
        "shamefullyHoist": True,
        "overrides": {"a": "1.0.0"},
        "pnpmfile": "x.cjs",
        "onlyBuiltDependencies": ["a"],
    }
    files = {
        "package.json": manifest(),
        "pnpm-lock.yaml": "lockfileVersion: '9.0'\nimporters:\n  .: {}\n",
        "pnpm-workspace.yaml": json.dumps(settings),
    }
    kept = json.loads(lockfiles.read(write(tmp_path, files)).files["pnpm-workspace.yaml"])
    assert kept == {"packages": [], "shamefullyHoist": True, "overrides": {"a": "1.0.0"}}


def test_versions_that_look_like_numbers_and_dates_stay_texts(tmp_path: Path) -> None:
    text = (
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: 1.10, version: 2024-01-01}\n"
    )
    lock = lockfiles.read(write(tmp_path, {"package.json": manifest(), "pnpm-lock.yaml": text})).files["pnpm-lock.yaml"]
    assert json.loads(lock)["importers"]["."]["dependencies"]["a"] == {"specifier": "1.10", "version": "2024-01-01"}


def test_of_two_lockfiles_the_one_of_the_named_package_manager_counts(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").touch()
    (tmp_path / "bun.lock").touch()
    assert lockfiles.lockfile_of(tmp_path, "bun@1.4.5") == "bun"
    assert lockfiles.lockfile_of(tmp_path, "pnpm@9.0.0") == "npm"
    assert lockfiles.lockfile_of(tmp_path, None) == "npm"


@pytest.mark.parametrize("name", ["yarn.lock", "bun.lockb", "npm-shrinkwrap.json"])
def test_a_lockfile_of_an_unsupported_kind_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DependencyError) as caught:
        lockfiles.read(write(tmp_path, {"package.json": manifest(dependencies=ONE), name: ""}))
    assert caught.value.code == "lockfile_unsupported"
    assert "commit" in caught.value.reason


def test_globs_name_workspaces() -> None:
    folders = [".", "a", "a/b", "a/b/c", "packages/x", "packages/y"]
    assert expand(["packages/*"], folders) == ["packages/x", "packages/y"]
    assert expand(["./packages/*/", "!packages/y"], folders) == ["packages/x"]
    assert expand(["a/**"], folders) == ["a/b", "a/b/c"]
    assert expand(["a", "**/c", "../*"], folders) == ["a", "a/b/c"]

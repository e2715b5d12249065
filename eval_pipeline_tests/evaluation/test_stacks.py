from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval_pipeline.evaluation.secrets_scan import find_secrets
from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks import Project, ProjectError, detect
from eval_pipeline.evaluation.steps.types import parse_jsonc, read_configs, root_configs
from eval_pipeline.model import METRICS


def project(tmp_path: Path, files: dict[str, str]) -> Project:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return detect(SourceTree(tmp_path))


def manifest(**fields: object) -> str:
    return json.dumps({"name": "app", **fields})


def test_a_folder_for_server_and_one_for_client_make_the_trpc_stack(tmp_path: Path) -> None:
    found = project(
        tmp_path, {"package.json": manifest(scripts={"start": "node dist/s.js"}), "server/a.ts": "", "client/b.ts": ""}
    )
    assert found.stack == "trpc"
    assert [p.folder for p in found.packages] == ["."]
    assert found.start is not None
    assert found.start.argv == ("node", "dist/s.js")
    assert found.start.artefact == "dist/s.js"


def test_two_packages_are_built_client_first_and_the_server_is_started(tmp_path: Path) -> None:
    found = project(
        tmp_path,
        {"server/package.json": manifest(scripts={"start": "node dist/index.js"}), "client/package.json": manifest()},
    )
    assert [p.folder for p in found.packages] == ["client", "server"]
    assert found.start is not None
    assert found.start.folder == "server"


def test_one_package_makes_the_node_stack_and_plain_javascript_has_no_types(tmp_path: Path) -> None:
    found = project(tmp_path, {"package.json": manifest(), "index.js": ""})
    assert found.stack == "node"
    assert set(found.not_applicable) == {"type_safety"}


def test_any_other_tree_is_unsupported_and_nothing_of_it_is_judged(tmp_path: Path) -> None:
    found = project(tmp_path, {"app.py": "import streamlit"})
    assert found.stack == "unsupported"
    assert set(found.not_applicable) == set(METRICS)


@pytest.mark.parametrize("text", ["{", "[]", '{"scripts": []}', '{"dependencies": {"a": 1}}', "[" * 100_000])
def test_a_package_json_that_cannot_be_used_is_the_apps_fault(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProjectError) as raised:
        project(tmp_path, {"package.json": text})
    assert raised.value.code == "invalid_package_json"


@pytest.mark.parametrize(
    ("script", "argv", "artefact", "env"),
    [
        ("node dist/s.js", ("node", "dist/s.js"), "dist/s.js", {}),
        (
            "NODE_ENV=production node --enable-source-maps dist/s.js",
            ("node", "--enable-source-maps", "dist/s.js"),
            "dist/s.js",
            {"NODE_ENV": "production"},
        ),
        ("node -r dotenv/config dist/s.js", ("node", "-r", "dotenv/config", "dist/s.js"), "dist/s.js", {}),
        ("tsx server/index.ts", ("sh", "-c", "tsx server/index.ts"), None, {}),
        ("cd dist && node s.js", ("sh", "-c", "cd dist && node s.js"), "s.js", {}),
        ("X=1 tsx a.ts", ("sh", "-c", "X=1 tsx a.ts"), None, {}),
    ],
)
def test_a_start_script_is_run_without_npm_and_without_a_shell_where_it_needs_none(
    tmp_path: Path, script: str, argv: tuple[str, ...], artefact: str | None, env: dict[str, str]
) -> None:
    start = project(tmp_path, {"package.json": manifest(scripts={"start": script})}).start
    assert start is not None
    assert (start.argv, start.artefact, start.env) == (argv, artefact, env)


def test_the_command_of_app_yaml_comes_before_package_json(tmp_path: Path) -> None:
    files = {
        "package.json": manifest(scripts={"start": "node a.js"}),
        "app.yaml": 'command: ["node", "b.js"]\nenv:\n- {name: W, valueFrom: wh}\n- {name: V, value: 3}',
    }
    found = project(tmp_path, files)
    assert found.start is not None
    assert found.start.argv == ("node", "b.js")
    assert found.app_env == {"W": None, "V": "3"}


def test_npm_start_in_app_yaml_is_written_out(tmp_path: Path) -> None:
    files = {"package.json": manifest(scripts={"start": "node a.js"}), "app.yaml": 'command: ["npm", "run", "start"]'}
    start = project(tmp_path, files).start
    assert start is not None
    assert start.argv == ("node", "a.js")


@pytest.mark.parametrize(
    "text",
    [
        "command: [",
        "command: 3",
        "- a",
        "command: node x\nenv: {A: b}",
        "env: [{name: A}]",
        "env: [{name: A, value: 1, valueFrom: b}]",
    ],
)
def test_an_unusable_app_yaml_is_reported_and_package_json_is_used(tmp_path: Path, text: str) -> None:
    found = project(tmp_path, {"package.json": manifest(scripts={"start": "node a.js"}), "app.yaml": text})
    assert found.app_yaml_problem is not None
    assert found.start is not None
    assert found.start.source == "package.json start"


def test_npm_run_inside_a_script_is_written_out_with_pre_and_post(tmp_path: Path) -> None:
    scripts = {
        "prebuild": "npm run clean",
        "clean": "rm -rf dist",
        "build": "npm run build:client && npm run build:server -- --minify",
        "build:client": "vite build",
        "build:server": "esbuild a.ts",
    }
    package = project(tmp_path, {"package.json": manifest(scripts=scripts)}).packages[0]
    assert package.script("build") == "( ( rm -rf dist ) ) && ( ( vite build ) && npm run build:server -- --minify )"


def test_scripts_that_call_each_other_end(tmp_path: Path) -> None:
    package = project(tmp_path, {"package.json": manifest(scripts={"a": "npm run b", "b": "npm run a"})}).packages[0]
    assert package.script("a") == "( npm run a )"


def test_variables_are_found_in_code_and_not_in_tests(tmp_path: Path) -> None:
    files = {
        "package.json": manifest(),
        "a.ts": 'process.env.ALPHA; process.env["BETA"]; setting("DATABRICKS_HOST")',
        "a.test.ts": "process.env.GAMMA",
        "node_modules/x/i.js": "process.env.DELTA",
    }
    assert project(tmp_path, files).tree.variables_read == {"ALPHA", "BETA", "DATABRICKS_HOST"}


def test_a_link_is_not_followed_when_the_tree_is_read(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "secret.txt").write_text("outside")
    (tmp_path / "app" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "app" / "loop").symlink_to(tmp_path)
    assert not SourceTree(tmp_path / "app").files


def test_jsonc_is_read_with_comments_and_trailing_commas() -> None:
    text = '{ // note\n "a": "http://x/*y*/", /* b */ "c": [1, 2,], }'
    assert parse_jsonc(text) == {"a": "http://x/*y*/", "c": [1, 2]}
    assert parse_jsonc("{") == {}


def test_a_config_that_only_lends_its_options_is_no_root(tmp_path: Path) -> None:
    files = {
        "package.json": manifest(),
        "tsconfig.base.json": '{"compilerOptions": {"strict": true}}',
        "tsconfig.json": '{"files": [], "references": [{"path": "./server"}]}',
        "server/tsconfig.json": '{"extends": "../tsconfig.base.json", "include": ["."]}',
        "tsconfig.test.json": '{"extends": "./tsconfig.base", "include": ["tests"]}',
    }
    found = project(tmp_path, files)
    roots = root_configs(read_configs(found.tree, found.tree.files[next(iter(found.tree.files))].path.parent))
    assert sorted(map(str, roots)) == ["server/tsconfig.json", "tsconfig.json", "tsconfig.test.json"]


def test_secrets_are_found_by_value_and_by_shape_and_never_repeated(tmp_path: Path) -> None:
    token = "dapi" + "0123456789abcdef" * 2
    (tmp_path / "a.ts").write_text(f'\nconst t = "{token}";')
    (tmp_path / "b.ts").write_text("my-own-setting")
    (tmp_path / "c.ts").write_text("-----BEGIN RSA " + "PRIVATE KEY-----\nAKIA" + "ABCDEFGHIJKLMNOP")
    (tmp_path / "ok.ts").write_text("dapi1234, AKIA, sk-ant-short")
    found = [str(f) for f in find_secrets(SourceTree(tmp_path), ["my-own-setting", "short"])]
    assert found == [
        "Databricks token in a.ts:2",
        "a secret of this evaluator in b.ts:1",
        "AWS access key in c.ts:2",
        "private key in c.ts:1",
    ]

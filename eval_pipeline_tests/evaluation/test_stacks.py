from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from eval_pipeline.evaluation.secrets_scan import find_secrets
from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks import Project, ProjectError, detect
from eval_pipeline.evaluation.stacks.workspaces import needed_by_others
from eval_pipeline.evaluation.steps.build import packages_to_build
from eval_pipeline.evaluation.steps.types import parse_jsonc, read_configs, root_configs


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
    roots = root_configs(read_configs(found.tree, found.packages[0]))
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


def test_a_tree_of_no_known_stack_fails_and_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as raised:
        project(tmp_path, {"notes.txt": "hello", "src/main.rs": "fn main() {}"})
    assert raised.value.code == "unsupported_stack"
    assert "package.json" in raised.value.reason
    assert "notes.txt, src/" in raised.value.reason


@pytest.mark.parametrize("folder", ["web", "my-app/web"])
def test_the_one_app_below_the_root_is_judged_and_said_to_be_nested(tmp_path: Path, folder: str) -> None:
    files = {"notes.txt": "", f"{folder}/package.json": manifest(scripts={"start": "node a.js"}), f"{folder}/a.js": ""}
    found = project(tmp_path, files)
    assert (found.stack, found.nested_in, found.tree.root) == ("node", folder, tmp_path / folder)


def test_an_app_at_the_root_is_not_looked_for_below(tmp_path: Path) -> None:
    found = project(tmp_path, {"package.json": manifest(), "other/package.json": manifest()})
    assert found.nested_in == ""
    assert found.tree.root == tmp_path


def test_two_apps_below_the_root_are_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="one, two"):
        project(tmp_path, {"one/package.json": manifest(), "two/package.json": manifest()})


def test_an_app_three_folders_down_is_not_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as raised:
        project(tmp_path, {"a/b/c/package.json": manifest()})
    assert raised.value.code == "unsupported_stack"


CLIENT = {"package.json": manifest(devDependencies={"vite": "8"}, scripts={"build": "vite build"}), "index.html": "x"}


def test_a_page_built_by_vite_without_a_server_is_the_vite_stack_and_served_by_it(tmp_path: Path) -> None:
    found = project(tmp_path, CLIENT)
    assert (found.stack, found.serves_data) == ("vite", False)
    assert {"databricks_connectivity", "data_returned", "type_safety"} == set(found.not_applicable)
    assert found.start is not None
    assert found.start.argv == ("sh", "-c", "vite preview --host 127.0.0.1 --port $PORT --strictPort")
    assert found.start.artefact == "dist/index.html"


@pytest.mark.parametrize(
    ("scripts", "line"),
    [
        ({"preview": "vite preview"}, "vite preview --host 127.0.0.1 --port $PORT --strictPort"),
        ({"preview": "serve -s dist -l $PORT"}, "serve -s dist -l $PORT"),
        ({"start": "serve dist -l $PORT", "preview": "vite preview"}, "serve dist -l $PORT"),
    ],
)
def test_a_static_client_says_itself_how_it_is_served(tmp_path: Path, scripts: dict[str, str], line: str) -> None:
    files = CLIENT | {"package.json": manifest(devDependencies={"vite": "8"}, scripts=scripts)}
    start = project(tmp_path, files | {"vite.config.ts": 'export default {build: {outDir: "public/built"}}'}).start
    assert start is not None
    assert (start.argv[-1], start.artefact) == (line, "public/built/index.html")


@pytest.mark.parametrize(
    "fields",
    [
        {"dependencies": {"express": "5"}},
        {"scripts": {"start": "node server.js"}},
        {"scripts": {"start": "tsx --env-file=.env src/server.ts"}},
    ],
)
def test_a_page_with_a_server_is_no_static_client(tmp_path: Path, fields: dict[str, Any]) -> None:
    package = manifest(devDependencies={"vite": "8"}, **fields)
    assert project(tmp_path, CLIENT | {"package.json": package}).stack == "node"


WORKSPACES = {
    "package.json": manifest(
        workspaces=["packages/*", "apps/**", "!apps/old"], scripts={"start": "node apps/web/s.js"}
    ),
    "apps/web/package.json": json.dumps({"name": "web", "dependencies": {"ui": "*"}}),
    "apps/old/package.json": json.dumps({"name": "old"}),
    "packages/ui/package.json": json.dumps({"name": "ui", "devDependencies": {"base": "*"}}),
    "packages/base/package.json": json.dumps({"name": "base"}),
    "package-lock.json": "{}",
}


def test_workspaces_are_built_after_what_they_depend_on_and_the_root_last(tmp_path: Path) -> None:
    found = project(tmp_path, WORKSPACES)
    assert [p.folder for p in found.packages] == ["packages/base", "packages/ui", "apps/web", "."]
    assert [p.workspace_of for p in found.packages] == [".", ".", ".", None]
    assert [p.folder for p in needed_by_others(found.packages)] == ["packages/base", "packages/ui"]
    assert found.packages[-1].owns(PurePosixPath("apps/old/a.ts"))
    assert not found.packages[-1].owns(PurePosixPath("apps/web/a.ts"))


def test_pnpms_file_names_the_workspaces_too(tmp_path: Path) -> None:
    files = WORKSPACES | {"package.json": manifest(), "pnpm-workspace.yaml": "packages:\n- packages/*\n"}
    found = project(tmp_path, files)
    assert [p.folder for p in found.packages] == ["packages/base", "packages/ui", "."]


def test_where_the_root_builds_it_builds_the_workspaces(tmp_path: Path) -> None:
    scripts = {"build": "npm run build --workspaces", "start": "node a.js"}
    files = WORKSPACES | {"package.json": manifest(workspaces=["packages/*"], scripts=scripts)}
    assert [p.folder for p in packages_to_build(project(tmp_path, files))] == ["."]


def test_client_and_server_as_workspaces_share_the_roots_lockfile(tmp_path: Path) -> None:
    files = {
        "package.json": manifest(workspaces=["client", "server"]),
        "package-lock.json": "{}",
        "client/package.json": json.dumps({"name": "client"}),
        "server/package.json": json.dumps({"name": "server", "scripts": {"start": "node dist/i.js"}}),
    }
    found = project(tmp_path, files)
    assert found.stack == "trpc"
    assert [(p.folder, p.workspace_of) for p in found.packages] == [("client", "."), ("server", "."), (".", None)]
    assert found.start is not None
    assert found.start.folder == "server"
    own = {"client/package-lock.json": "{}", "server/package-lock.json": "{}"}
    (tmp_path / "package-lock.json").unlink()
    assert [p.workspace_of for p in project(tmp_path, own).packages] == [None, None]


def test_a_next_app_needs_its_build(tmp_path: Path) -> None:
    start = project(tmp_path, {"package.json": manifest(scripts={"start": "next start"})}).start
    assert start is not None
    assert start.artefact == ".next/BUILD_ID"


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        ('["pnpm", "start"]', ("node", "a.js")),
        ('["bun", "run", "start"]', ("node", "a.js")),
        ("npm start", ("node", "a.js")),
        ('["npm", "run", "start", "--", "--port", "1"]', ("node", "a.js", "--port", "1")),
        ('["npm", "start", "-w", "server"]', ("npm", "start", "-w", "server")),
        ('["bun", "server.ts"]', ("bun", "server.ts")),
    ],
)
def test_a_start_through_any_package_manager_is_written_out(
    tmp_path: Path, command: str, argv: tuple[str, ...]
) -> None:
    files = {"package.json": manifest(scripts={"start": "node a.js"}), "app.yaml": f"command: {command}"}
    start = project(tmp_path, files).start
    assert start is not None
    assert start.argv == argv


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (
            "const { DATABRICKS_HOST, PORT = '3000', API_KEY: key } = process.env",
            {"DATABRICKS_HOST", "PORT", "API_KEY"},
        ),
        ("const {\n  FIRST,\n  SECOND,\n} = import.meta.env;", {"FIRST", "SECOND"}),
        ("const { FIRST } = process.env.OTHER", {"OTHER"}),
        ("const { FIRST } = settings", set()),
    ],
)
def test_variables_that_are_taken_apart_are_read(tmp_path: Path, source: str, names: set[str]) -> None:
    (tmp_path / "server.js").write_text(source)
    assert SourceTree(tmp_path).variables_read == names

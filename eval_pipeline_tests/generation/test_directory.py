"""Apps that already exist are imported as they are, or refused with a code."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from eval_pipeline.generation import DirectoryGenerator, generate_cohort, make_generator
from eval_pipeline.model import Cohort, GeneratedApp, InputError
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline_tests.generation.conftest import BY_ID

PROMPT = BY_ID["taxi-speed"]
COHORT = Cohort(date="2026-11-21", generator="directory")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def generate(inbox: Path, tmp_path: Path) -> tuple[GeneratedApp, Path]:
    store = ArtifactStore(tmp_path / "store")
    [row] = generate_cohort([PROMPT], COHORT, DirectoryGenerator(inbox), store)
    return row, store.path(f"apps/2026-11-21/directory/{row.app_name}")


def test_the_source_is_taken_and_what_is_installed_built_or_secret_is_left(inbox: Path, tmp_path: Path) -> None:
    kept = {"package.json", "src/build/plan.ts", "src/a.ts", ".env.example", ".gitignore", "tests/a.test.ts"}
    left = {
        "node_modules/x/index.js",
        "client/node_modules/y.js",
        ".git/config",
        "dist/server.js",
        "build/x.js",
        ".env",
        ".env.production",
        "client/.env.local",
        "coverage/index.html",
        ".eval/generation.json",
        "tsconfig.tsbuildinfo",
    }
    source = write(inbox / PROMPT.id, *kept, *left)
    (source / "src" / "a.ts").chmod(0o755)
    (source / "alias.ts").symlink_to("src/a.ts")
    row, tree = generate(inbox, tmp_path)
    assert row.status == "generated"
    found = {p.relative_to(tree).as_posix() for p in tree.rglob("*") if p.is_file()}
    assert found == kept | {"alias.ts", ".eval/generation.json"}
    assert (tree / "alias.ts").is_symlink()
    assert os.access(tree / "src" / "a.ts", os.X_OK)
    assert (tree / ".eval/generation.json").read_text() != ".eval/generation.json"
    assert row.metrics.cost_usd is None


def test_a_prompt_without_a_folder_is_a_failed_row(inbox: Path, tmp_path: Path) -> None:
    row, tree = generate(inbox, tmp_path)
    assert (row.status, row.failure_code, row.app_uri) == ("failed", "no_such_directory", None)
    assert repr(PROMPT.id) in row.reason
    assert not tree.exists()


def _link_out(app: Path) -> None:
    (app / "passwd").symlink_to("/etc/passwd")


def _sparse(app: Path) -> None:
    with (app / "big").open("wb") as file:
        file.truncate(10 * 1024**3)


def _not_utf8(app: Path) -> None:
    Path(os.fsdecode(os.fsencode(app) + b"/\xfe")).write_text("x")


def _pipe(app: Path) -> None:
    os.mkfifo(app / "pipe")


def _nothing(app: Path) -> None:
    (app / "package.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_link_out, "link_leaves_tree"),
        (_sparse, "file_too_large"),
        (_not_utf8, "name_not_utf8"),
        (_pipe, "special_file"),
        (_nothing, "empty_tree"),
    ],
)
def test_a_tree_that_cannot_be_judged_is_a_failed_row_with_its_code(
    inbox: Path, tmp_path: Path, spoil: Callable[[Path], None], code: str
) -> None:
    spoil(write(inbox / PROMPT.id, "package.json"))
    row, tree = generate(inbox, tmp_path)
    assert (row.status, row.failure_code) == ("failed", code)
    assert str(tmp_path) not in row.reason
    assert not tree.exists()


def test_a_link_in_place_of_the_folder_is_refused(inbox: Path, tmp_path: Path) -> None:
    inbox.mkdir()
    (inbox / PROMPT.id).symlink_to(write(tmp_path / "elsewhere", "package.json"))
    assert generate(inbox, tmp_path)[0].failure_code == "not_a_directory"


def test_generators_are_made_by_name() -> None:
    settings = Settings()
    assert make_generator("template", settings).name == "template"
    assert make_generator("directory", settings).name == "directory"
    with pytest.raises(InputError, match="known are template, directory"):
        make_generator("oracle", settings)
    with pytest.raises(InputError, match="uses no model"):
        make_generator("template", settings, model="claude")

"""App trees from strangers: what is refused, what the digest covers."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval_pipeline.generation.digest import MAX_FILE_MB, TreeError, check_tree, tree_digest
from eval_pipeline.model import InputError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    (root / "src").mkdir(parents=True)
    (root / "package.json").write_text("{}")
    (root / "src" / "a.ts").write_text("1")
    return root


def refusal(path: Path) -> TreeError:
    with pytest.raises(InputError) as caught:
        check_tree(path)
    with pytest.raises(InputError):
        tree_digest(path)
    assert isinstance(caught.value, TreeError)
    return caught.value


def test_the_digest_follows_content_names_links_and_the_executable_bit(tree: Path) -> None:
    seen = [tree_digest(tree)]
    (tree / "src" / "a.ts").write_text("2")
    seen.append(tree_digest(tree))
    (tree / "src" / "a.ts").rename(tree / "src" / "b.ts")
    seen.append(tree_digest(tree))
    (tree / "src" / "b.ts").chmod(0o755)
    seen.append(tree_digest(tree))
    (tree / "link").symlink_to("src/b.ts")
    seen.append(tree_digest(tree))
    (tree / "link").unlink()
    (tree / "link").symlink_to("package.json")
    seen.append(tree_digest(tree))
    (tree / "empty").write_text("")
    seen.append(tree_digest(tree))
    assert len(set(seen)) == len(seen)


def test_the_digest_ignores_times_order_and_what_is_not_part_of_an_app(tree: Path) -> None:
    before = tree_digest(tree)
    for name in (".eval", ".git", "node_modules", "src/node_modules"):
        (tree / name).mkdir()
        (tree / name / "x").write_text("x")
    os.utime(tree / "package.json", (1, 1))
    (tree / "package.json").chmod(0o600)
    assert tree_digest(tree) == before


def test_files_that_run_into_each_other_differ(tmp_path: Path) -> None:
    for name, files in {"a": {"x": "1", "y": "2"}, "b": {"x": "1y2"}, "c": {"x": "", "1": "y2"}}.items():
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
    assert len({tree_digest(tmp_path / name) for name in "abc"}) == 3


def test_a_missing_folder_a_file_a_link_and_an_empty_folder_are_refused(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tree)
    (tmp_path / "empty" / "below").mkdir(parents=True)
    codes = [refusal(tmp_path / name).code for name in ("missing", "file", "link", "empty")]
    assert codes == ["no_such_directory", "not_a_directory", "not_a_directory", "empty_tree"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", "../..", "../src/../../secret", "up/../secret"])
def test_a_link_that_leaves_the_tree_is_refused(tree: Path, target: str) -> None:
    (tree.parent / "secret").write_text("s")
    (tree / "src" / "up").symlink_to("..")
    (tree / "src" / "bad").symlink_to(target)
    error = refusal(tree)
    assert error.code == "link_leaves_tree"
    assert "src/bad" in str(error)


def test_links_that_stay_inside_or_go_round_are_taken_as_text(tree: Path) -> None:
    (tree / "inner").symlink_to("src/a.ts")
    (tree / "nowhere").symlink_to("src/none.ts")
    assert {entry.path for entry in check_tree(tree) if entry.target} == {"inner", "nowhere"}
    (tree / "round").symlink_to("round")
    assert refusal(tree).code == "link_leaves_tree"


def test_a_sparse_file_of_ten_gigabytes_is_refused_without_being_read(tree: Path) -> None:
    with (tree / "big.bin").open("wb") as file:
        file.truncate(10 * 1024**3)
    error = refusal(tree)
    assert error.code == "file_too_large"
    assert "big.bin has 10,240 MB" in str(error)


def test_many_files_that_are_large_together_are_refused(tree: Path) -> None:
    for number in range(11):
        with (tree / f"{number}.bin").open("wb") as file:
            file.truncate(MAX_FILE_MB * 1024**2)
    assert refusal(tree).code == "tree_too_large"


def test_a_name_that_is_not_utf8_is_refused_in_words_that_are(tree: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tree) + b"/src/\xff.ts"))).write_text("x")
    error = refusal(tree)
    assert error.code == "name_not_utf8"
    assert "\\xff.ts" in str(error)
    str(error).encode("utf-8")


def test_pipes_and_sockets_are_refused_without_being_opened(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert refusal(tree).code == "special_file"
    (tree / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tree / "s"))
        assert refusal(tree).code == "special_file"


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..", ".git", ".eval", "node_modules") and len(name.encode()) < 200
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.dictionaries(NAMES, st.binary(max_size=40), min_size=1, max_size=5))
def test_any_flat_tree_has_one_digest(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    digests = set()
    for order in (sorted(files), sorted(files, reverse=True)):
        root = tmp_path_factory.mktemp("tree")
        for name in order:
            (root / name).write_bytes(files[name])
        digests.add(tree_digest(root))
    assert len(digests) == 1

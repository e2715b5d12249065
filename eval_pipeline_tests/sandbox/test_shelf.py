"""The shelf of built trees: bounded, least recently used first, and nothing that is in use removed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox.shelf import MARKER, Shelf

pytestmark = pytest.mark.timeout(90)

MB = 1_000_000


def of(megabytes: float) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        (folder / "data").write_bytes(os.urandom(int(megabytes * MB)))

    return build


def nothing(folder: Path) -> None:
    raise AssertionError("built again")


def age(shelf: Shelf, name: str, seconds: float) -> None:
    at = (shelf.root / name / MARKER).stat().st_mtime - seconds
    os.utime(shelf.root / name / MARKER, (at, at))


def names(shelf: Shelf) -> list[str]:
    return [entry.path.name for entry in shelf.entries()]


def test_what_was_used_longest_ago_goes_when_a_new_entry_needs_the_room(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, max_gb=0.0035)
    for name, seconds in (("a", 30), ("b", 20), ("c", 10)):
        shelf.take(name, of(1))
        age(shelf, name, seconds)
    assert names(shelf) == ["a", "b", "c"]
    shelf.take("a", nothing)
    shelf.take("d", of(1))
    assert names(shelf) == ["c", "a", "d"]
    assert sum(entry.bytes for entry in shelf.entries()) < 3.5 * MB


def test_an_entry_larger_than_the_shelf_is_still_given_out(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, max_gb=0.001)
    with ExitStack() as holder:
        place = shelf.take("big", of(2), holder=holder)
        assert (place / "data").exists()
        shelf.take("small", of(0.1))
        assert (place / "data").exists()
    shelf.take("other", of(0.1))
    assert names(shelf) == ["small", "other"]


HOLD = """
import sys
from contextlib import ExitStack
from pathlib import Path
from eval_pipeline.sandbox.shelf import Shelf
with ExitStack() as holder:
    Shelf(Path(sys.argv[1])).take("held", lambda folder: None, holder=holder)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_what_another_process_uses_is_never_removed_and_goes_once_it_ended(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, max_gb=0.0001)
    shelf.take("held", of(1))
    age(shelf, "held", 100)
    arguments = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        assert user.stdin is not None
        assert user.stdout.readline() == "held\n"
        age(shelf, "held", 100)
        shelf.take("new", of(1))
        assert shelf.trim() == ["new"]
        assert (tmp_path / "held" / "data").exists()
        user.kill()
    assert shelf.trim() == ["held"]
    assert names(shelf) == []
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


TAKE = """
import sys, time
from contextlib import ExitStack
from pathlib import Path
from eval_pipeline.sandbox.shelf import Shelf
shelf = Shelf(Path(sys.argv[1]), max_gb=0.0012)
def build(folder):
    (folder / "data").write_bytes(b"x" * 500_000)
for turn in range(40):
    with ExitStack() as holder:
        place = shelf.take(f"entry-{(turn * int(sys.argv[2])) % 5}", build, holder=holder)
        time.sleep(0.005)
        assert (place / "data").stat().st_size == 500_000
print("done")
"""


def test_two_processes_take_and_evict_on_one_shelf_without_pulling_anything_away(tmp_path: Path) -> None:
    takers = [
        subprocess.Popen([sys.executable, "-c", TAKE, str(tmp_path), step], stdout=subprocess.PIPE, text=True)
        for step in ("1", "2")
    ]
    assert [taker.communicate(timeout=60)[0] for taker in takers] == ["done\n", "done\n"]
    assert Shelf(tmp_path, max_gb=0.0012).trim() == []
    assert not list(tmp_path.glob(".building-*"))


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "data").write_text("half")
        raise EvaluatorError("no registry")

    shelf = Shelf(tmp_path)
    with pytest.raises(EvaluatorError, match="no registry"):
        shelf.take("a", build)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_killed_processes_left_is_removed_by_the_next_build(tmp_path: Path) -> None:
    for name in (".building-dead", ".removed-dead"):
        (tmp_path / name / "deep").mkdir(parents=True)
    Shelf(tmp_path).take("a", of(0.1))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "a"]

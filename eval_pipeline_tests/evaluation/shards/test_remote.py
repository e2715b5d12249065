"""Shards: the same verdicts as here, kept verdicts that travel, and parcels that hold no surprise."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.evaluation.controls import GOOD
from eval_pipeline.evaluation.shards.parcels import ShardRequest, open_request, pack_request
from eval_pipeline.evaluation.shards.remote import RemoteEvaluator, slices
from eval_pipeline.evaluation.shards.work import do_shard
from eval_pipeline.model import METRICS, AppEvaluation, EvaluatorError, Outcome
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore


def node_app(folder: Path) -> Path:
    """The small control app, which needs no dependencies."""
    next(control for control in GOOD if control.name == "good-node").write(folder)
    return folder


class Here:
    """Does shards in this process, one after the other, as another machine with a home of its own would."""

    def __init__(self, settings: Settings, fails: bool = False) -> None:
        self.settings = settings
        self.fails = fails
        self.sizes: list[int] = []

    def run(self, requests: Sequence[Path], replies: Sequence[Path]) -> None:
        self.sizes = [path.stat().st_size for path in requests]
        for number, (request, reply) in enumerate(zip(requests, replies, strict=True)):
            if self.fails and number == 1:
                raise EvaluatorError("the second machine never started")
            do_shard(request, reply, self.settings)


@pytest.fixture
def apps(tmp_path: Path) -> list[AppUnderTest]:
    """A good app, one that does not start, one that was never made, one that is empty."""
    good = node_app(tmp_path / "apps" / "good")
    broken = node_app(tmp_path / "apps" / "broken")
    break_start(broken)
    empty = tmp_path / "apps" / "empty"
    empty.mkdir()
    made = [AppUnderTest(tree.name, tree, f"evidence/2026-01-01/shards/{tree.name}") for tree in (good, broken, empty)]
    gone = AppUnderTest("gone", tmp_path, "evidence/2026-01-01/shards/gone", not_generated=("timeout", "took too long"))
    return [*made, gone]


def break_start(tree: Path) -> None:
    (tree / "app.yaml").write_text("command: [node, nowhere.js]\n")


def verdicts(evaluations: Sequence[AppEvaluation]) -> dict[tuple[str, str], tuple[Outcome, float | None, str | None]]:
    return {
        (e.app_name, name): (e.results[name].outcome, e.results[name].value, e.results[name].failure_code)
        for e in evaluations
        for name in METRICS
    }


def test_shards_give_the_verdicts_that_this_machine_gives(
    evaluator: Evaluator, evaluation_settings: Settings, apps: list[AppUnderTest], tmp_path: Path
) -> None:
    here = evaluator.evaluate(apps, 2, 60, use_cache=False, keep=False)
    store = ArtifactStore(tmp_path / "store")
    remote = RemoteEvaluator(Here(evaluation_settings), store, 2)
    told: list[str] = []
    there = remote.evaluate(apps, 2, 60, use_cache=False, progress=lambda e: told.append(e.app_name))
    assert [e.app_name for e in there] == [app.name for app in apps] == told
    assert verdicts(there) == verdicts(here)
    assert {(e.stack, e.digest, e.isolation, e.evaluator_digest) for e in there} == {
        (e.stack, e.digest, e.isolation, e.evaluator_digest) for e in here
    }
    assert (remote.isolation, remote.verdict_digest, remote.tools) == (
        evaluator.isolation,
        evaluator.verdict_digest,
        evaluator.tools,
    )
    named = [uri for e in there for r in e.results.values() for uri in r.evidence.values() if is_uri(uri)]
    assert named
    assert all(store.exists(uri) for uri in named)


def is_uri(value: object) -> bool:
    return isinstance(value, str) and value.startswith("evidence/")


def test_what_is_unchanged_is_not_judged_again(
    evaluation_settings: Settings, apps: list[AppUnderTest], tmp_path: Path
) -> None:
    store = ArtifactStore(tmp_path / "store")
    remote = RemoteEvaluator(Here(evaluation_settings), store, 2)
    first = remote.evaluate(apps[:1], 1, 60)
    second = remote.evaluate(apps[:1], 1, 60)
    assert not first[0].cached
    assert second[0].cached
    assert verdicts(first) == verdicts(second)
    assert not remote.evaluate(apps[:1], 1, 60, use_cache=False)[0].cached


def test_a_shard_that_fails_leaves_what_the_others_found(evaluation_settings: Settings, tmp_path: Path) -> None:
    trees = [node_app(tmp_path / f"app-{n}") for n in range(2)]
    (trees[1] / "more.txt").write_text("another digest")
    made = [AppUnderTest(tree.name, tree, f"evidence/2026-01-01/half/{tree.name}") for tree in trees]
    store = ArtifactStore(tmp_path / "store")
    with pytest.raises(EvaluatorError, match="never started"):
        RemoteEvaluator(Here(evaluation_settings, fails=True), store, 2).evaluate(made, 1, 60)
    found = RemoteEvaluator(Here(evaluation_settings), store, 2).evaluate(made, 1, 60)
    assert [e.cached for e in found] == [True, False]


def test_controls_are_judged_where_the_apps_are(evaluation_settings: Settings, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")
    settings = evaluation_settings.model_copy(update={"controls_per_batch": 1})
    judged = RemoteEvaluator(Here(settings), store, 2).run_controls("2026-01-01", {"node"})
    assert judged.verdicts
    assert not [verdict for verdict in judged.verdicts if verdict.is_wrong]
    assert judged.seconds > 0
    assert set(judged.seconds_of) == {verdict.control for verdict in judged.verdicts}


def test_slices_are_even_and_do_not_depend_on_the_order() -> None:
    made = [AppUnderTest(f"a{n}", Path("x"), f"evidence/d/g/a{n:02}") for n in range(10)]
    cut = slices(range(10), made, 3)
    assert sorted(len(part) for part in cut) == [3, 3, 4]
    backwards = list(reversed(made))
    names = [{made[n].name for n in part} for part in cut]
    assert [{backwards[n].name for n in part} for part in slices(range(10), backwards, 3)] == names
    assert slices([0], made[:1], 4) == [[0]]


def request_of(**more: object) -> ShardRequest:
    return ShardRequest.model_validate(
        {"number": 0, "parallel": 1, "timeout_seconds": 1, "use_cache": False, "keep": False, **more}
    )


def test_packages_history_and_owners_stay_at_home(tmp_path: Path) -> None:
    tree = tmp_path / "app"
    for name in ("node_modules/x", ".git/x", ".eval/generation.json", "src/a.js"):
        (tree / name).parent.mkdir(parents=True)
        (tree / name).write_text("x")
    pack_request(tmp_path / "r.tar.gz", request_of(), {0: tree}, [])
    with tarfile.open(tmp_path / "r.tar.gz") as tar:
        files = {member.name for member in tar if member.isfile()}
    assert files == {"request.json", "apps/0/.eval/generation.json", "apps/0/src/a.js"}


@pytest.mark.parametrize("kind", ["climbs", "absolute", "link out", "device", "noise", "cut"])
def test_a_parcel_that_would_harm_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "request.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        data = request_of().model_dump_json().encode()
        info = tarfile.TarInfo("request.json")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
        bad = tarfile.TarInfo({"climbs": "../up", "absolute": "/tmp/up-from-a-shard"}.get(kind, "bad"))
        if kind == "link out":
            bad.type, bad.linkname = tarfile.SYMTYPE, "/etc"
        elif kind == "device":
            bad.type = tarfile.CHRTYPE
        tar.addfile(bad)
    if kind == "noise":
        path.write_bytes(b"noise" * 100)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:-60])
    target = tmp_path / "target"
    if kind == "absolute":
        # Its slash is taken off, so that it lies in the target.
        open_request(path, target)
        assert (target / "tmp" / "up-from-a-shard").exists()
        return
    with pytest.raises(EvaluatorError):
        open_request(path, target)
    assert not (tmp_path / "up").exists()


def test_an_app_that_changed_on_its_way_is_not_judged(tmp_path: Path) -> None:
    tree = node_app(tmp_path / "app")
    app = {
        "number": 0,
        "name": "app",
        "evidence_uri": "evidence/x/app",
        "prompt": None,
        "trusted": False,
        "not_generated": None,
        "metrics": METRICS,
        "digest": "another",
    }
    pack_request(tmp_path / "r.tar.gz", request_of(apps=[app]), {0: tree}, [])
    with pytest.raises(EvaluatorError, match="did not arrive as it was sent"):
        open_request(tmp_path / "r.tar.gz", tmp_path / "target")

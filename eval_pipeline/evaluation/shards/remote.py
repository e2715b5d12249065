"""An evaluator whose work is done elsewhere: the same methods and verdicts as `Evaluator`, by way of shards.

Kept verdicts travel along: a shard gets those that this store has of its apps, takes the ones that its own evaluator
gave, and sends back what it keeps.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol

from eval_pipeline.evaluation import cache, judgement
from eval_pipeline.evaluation.batch import AppUnderTest
from eval_pipeline.evaluation.controls import JudgedControls
from eval_pipeline.evaluation.shards.parcels import ShardApp, ShardReply, ShardRequest, open_reply, pack_request
from eval_pipeline.generation.digest import tree_digest
from eval_pipeline.model import AppEvaluation, EvaluatorError, InputError
from eval_pipeline.storage.artifacts import ArtifactStore

INDEX = "cache/shards"
"""Where a store has the newest kept verdicts of an app, by the digest of its tree."""


class ShardRunner(Protocol):
    """Has shards judged somewhere."""

    def run(self, requests: Sequence[Path], replies: Sequence[Path]) -> None:
        """Takes request files to where they are judged and brings the replies to the given paths.

        Raises:
            EvaluatorError: a shard could not be judged; the replies of those that could are there.
        """
        ...


class RemoteEvaluator:
    """Judges on other machines.

    Args:
        runner: takes the shards there and back.
        store: where apps are and where evidence and kept verdicts go.
        shards: how many a batch is cut into; fewer when there are fewer apps.
        controls_parallel, controls_seconds: limits when controls are judged.
    """

    def __init__(
        self,
        runner: ShardRunner,
        store: ArtifactStore,
        shards: int,
        *,
        controls_parallel: int = 2,
        controls_seconds: float = 300,
    ) -> None:
        self._runner = runner
        self._store = store
        self._shards = shards
        self._controls_parallel, self._controls_seconds = controls_parallel, controls_seconds
        self.isolation = ""
        self.verdict_digest = ""
        self.tools: dict[str, str] = {}

    def evaluate(
        self,
        apps: Sequence[AppUnderTest],
        parallel: int,
        timeout_seconds: float,
        use_cache: bool = True,
        progress: Callable[[AppEvaluation], None] = lambda _: None,
        keep: bool = True,
    ) -> list[AppEvaluation]:
        """As `Evaluator.evaluate`; `parallel` counts on each machine, `progress` is called when the shards are back.

        Raises:
            EvaluatorError: a shard could not be judged; what the others found is kept.
        """
        if not apps:
            return []
        digests, unfit = _digests(apps)
        judged = [number for number in range(len(apps)) if number not in unfit]
        requests = [
            ShardRequest(
                number=place,
                apps=tuple(_shard_app(number, apps[number], digests[number]) for number in numbers),
                parallel=parallel,
                timeout_seconds=timeout_seconds,
                use_cache=use_cache,
                keep=keep,
            )
            for place, numbers in enumerate(slices(judged, apps, self._shards))
        ]
        found: dict[int, AppEvaluation] = {}
        for request, reply in zip(requests, self._run(requests, apps), strict=True):
            found |= {app.number: verdict for app, verdict in zip(request.apps, reply.evaluations, strict=True)}
        for number, reason in unfit.items():
            found[number] = AppEvaluation(
                app_name=apps[number].name,
                stack="unsupported",
                digest="",
                results=judgement.all_blocked_by_build("invalid_tree", reason),
                isolation=self.isolation,
                evaluator_digest=self.verdict_digest,
            )
        results = [found[number] for number in range(len(apps))]
        for result in results:
            progress(result)
        return results

    def run_controls(self, date: str, stacks: Collection[str]) -> JudgedControls:
        """As `Evaluator.run_controls`, on a machine of the kind that judges the apps."""
        began = time.monotonic()
        request = ShardRequest(
            number=0,
            controls_date=date,
            controls_stacks=tuple(sorted(stacks)),
            parallel=self._controls_parallel,
            timeout_seconds=self._controls_seconds,
            use_cache=False,
            keep=False,
        )
        reply = self._run([request], [])[0]
        # Wall time of the judging itself; how long a machine took to start says nothing about it.
        seconds = min(reply.controls_seconds, time.monotonic() - began)
        return JudgedControls(reply.controls, seconds, reply.controls_seconds_of)

    def _run(self, requests: Sequence[ShardRequest], apps: Sequence[AppUnderTest]) -> list[ShardReply]:
        if not requests:
            return []
        with tempfile.TemporaryDirectory(prefix="shards-") as folder:
            place = Path(folder)
            sent = [place / f"request-{request.number}.tar.gz" for request in requests]
            back = [place / f"reply-{request.number}.tar.gz" for request in requests]
            for path, request in zip(sent, requests, strict=True):
                trees = {app.number: apps[app.number].tree for app in request.apps if app.not_generated is None}
                pack_request(path, request, trees, self._kept(request) if request.use_cache else ())
            try:
                self._runner.run(sent, back)
            finally:
                replies = [
                    self._take(request, path, place / f"opened-{request.number}")
                    for request, path in zip(requests, back, strict=True)
                    if path.is_file()
                ]
            if len(replies) < len(requests):
                raise EvaluatorError(f"{len(requests) - len(replies)} of {len(requests)} shards gave no reply")
        if len({reply.verdict_digest for reply in replies}) > 1:
            levels = ", ".join(f"{r.number}: {r.verdict_digest} ({r.isolation})" for r in replies)
            raise EvaluatorError(f"the shards were judged by different evaluators ({levels}): give them one image")
        self.isolation, self.tools = replies[0].isolation, replies[0].tools
        self.verdict_digest = replies[0].verdict_digest
        return replies

    def _take(self, request: ShardRequest, path: Path, folder: Path) -> ShardReply:
        """Puts a reply's evidence and kept verdicts into the store: those of what was asked for, nothing else."""
        reply = open_reply(path, folder)
        found = ArtifactStore(folder / "store")
        controls = f"evidence/{request.controls_date}/controls"
        asked = {app.evidence_uri: app for app in request.apps}
        for uri in [*asked, *(f"{controls}/{name}" for name in found.list(controls))]:
            if found.path(uri).is_dir():
                self._store.put_tree(found.path(uri), uri)
        for prefix in found.list(cache.FOLDER):
            for name in found.list(f"{cache.FOLDER}/{prefix}"):
                uri = f"{cache.FOLDER}/{prefix}/{name}"
                app = asked.get(_evidence_of(found.read_bytes(uri)))
                if app is not None:
                    self._store.write_bytes(uri, found.read_bytes(uri))
                    self._store.write_text(_index_uri(app.digest), json.dumps(uri))
        return reply

    def _kept(self, request: ShardRequest) -> list[tuple[str, Path]]:
        """Kept verdicts of a request's apps, with the evidence that they name."""
        found: dict[str, Path] = {}
        for app in request.apps:
            index = _index_uri(app.digest)
            if not app.digest or not self._store.exists(index):
                continue
            uri = json.loads(self._store.read_text(index))
            if self._store.exists(uri):
                evidence = _evidence_of(self._store.read_bytes(uri))
                if evidence and self._store.exists(evidence):
                    found |= {uri: self._store.path(uri), evidence: self._store.path(evidence)}
        return list(found.items())


def slices(numbers: Sequence[int], apps: Sequence[AppUnderTest], shards: int) -> list[list[int]]:
    """The numbers of the apps of each shard: the same whenever the same apps are asked for, in whatever order; sizes
    differ by one at most."""
    ordered = sorted(numbers, key=lambda number: apps[number].evidence_uri)
    return [part for part in (ordered[start::shards] for start in range(shards)) if part]


def _digests(apps: Sequence[AppUnderTest]) -> tuple[dict[int, str], dict[int, str]]:
    """Digests of the apps by number, and of those that cannot be judged the reasons."""
    digests: dict[int, str] = {}
    unfit: dict[int, str] = {}
    for number, app in enumerate(apps):
        try:
            digests[number] = tree_digest(app.tree) if app.not_generated is None else ""
        except InputError as error:
            unfit[number] = str(error)
    return digests, unfit


def _shard_app(number: int, app: AppUnderTest, digest: str) -> ShardApp:
    return ShardApp(
        number=number,
        name=app.name,
        evidence_uri=app.evidence_uri,
        prompt=app.prompt,
        trusted=app.trusted,
        not_generated=app.not_generated,
        metrics=tuple(app.metrics),
        digest=digest,
    )


def _evidence_of(entry: bytes) -> str:
    try:
        found = json.loads(entry).get("evidence_uri", "")
    except (ValueError, AttributeError):
        return ""
    return found if isinstance(found, str) else ""


def _index_uri(digest: str) -> str:
    name = hashlib.sha256(digest.encode()).hexdigest()
    return f"{INDEX}/{name[:2]}/{name}.json"

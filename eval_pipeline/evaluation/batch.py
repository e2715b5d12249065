"""The evaluator: judges a batch of apps on permanent workers, keeps each verdict as soon as it is there, and
judges the controls.

Results come back in the order of the apps; a batch that is killed and started again does only what is missing.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.evaluation import judgement, vision
from eval_pipeline.evaluation.cache import EvaluationCache, context_of
from eval_pipeline.evaluation.controls import JudgedControls, controls_for, verdicts_on
from eval_pipeline.evaluation.identity import evaluator_digest, verdict_digest
from eval_pipeline.evaluation.judgement import Judgement, Kit
from eval_pipeline.evaluation.verdicts import failed, unknown
from eval_pipeline.evaluation.workers import Worker
from eval_pipeline.generation.digest import tree_digest
from eval_pipeline.model import (
    METRICS,
    AppEvaluation,
    EvaluatorError,
    InputError,
    Measurements,
    MetricResult,
    Outcome,
    Prompt,
)
from eval_pipeline.sandbox import Sandbox, remove_tree
from eval_pipeline.sandbox.browser import BrowserPool
from eval_pipeline.sandbox.dependencies import DependencyStore
from eval_pipeline.sandbox.tools import find_tool
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.workspace import SAMPLE_SCHEMA_VERSION, DatabricksWarehouse, LocalWorkspace, Warehouse

REFUSED = "unsandboxed_refused"
"""First word of the reason when a foreign app is not run because nothing would contain it."""

NOT_TRIED = "not_tried"
"""The code of a generation that was never attempted: unknown, not failed."""

_TOOLS = ("node", "browser", "bwrap", "uv")


@dataclass(frozen=True)
class AppUnderTest:
    """An app to judge.

    `trusted` apps (our template's, the controls) run even where no sandbox can be had. `not_generated` is the code and
    the reason of an app that there is none of; code `not_tried` makes it unknown instead of failed. Of an app with
    fewer `metrics` than all, the others come out unknown.
    """

    name: str
    tree: Path
    evidence_uri: str
    prompt: Prompt | None = None
    trusted: bool = False
    not_generated: tuple[str, str] | None = None
    metrics: Collection[str] = METRICS


class Evaluator:
    """Owns the sandbox, the workspace, the dependency store, the workers with their browsers, and the cache.

    A context manager. Everything that is slow to make is made on first use, so that a batch that is all in the
    cache costs next to nothing.

    Raises:
        EvaluatorError: on first use, when a tool is missing or the sandbox is broken.
    """

    def __init__(
        self,
        settings: Settings,
        store: ArtifactStore,
        scratch: Path | None = None,
        upstream: Warehouse | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._cleanup = contextlib.ExitStack()
        if upstream is None and settings.warehouse == "databricks":
            upstream = DatabricksWarehouse.from_settings(settings)
        self._upstream = upstream
        self._vision = vision.tag(settings)
        parent = scratch or settings.home / "scratch"
        parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._kit: Kit | None = None
        self._workers: list[Worker] = []
        self._is_interrupted = threading.Event()
        self.cache = EvaluationCache(store)
        try:
            self._found = {name: find_tool(name, settings) for name in _TOOLS}
            self._sandbox = self._cleanup.enter_context(Sandbox.probe(settings, parent))
            # Inside the sandbox's own folder, which the next start removes when this process is killed.
            self._scratch = Path(tempfile.mkdtemp(prefix="evaluation-", dir=self._sandbox.folder))
            self._cleanup.callback(remove_tree, self._scratch)
        except BaseException:
            self._cleanup.close()
            raise
        self.isolation: str = self._sandbox.level
        self.tools: dict[str, str] = {name: tool.version for name, tool in self._found.items() if tool}
        self.digest = evaluator_digest(
            self.tools,
            self.isolation,
            {"memory_mb": settings.app_memory_mb, "processes": settings.app_processes, "disk_mb": settings.app_disk_mb},
        )
        self.verdict_digest = verdict_digest(self.digest, SAMPLE_SCHEMA_VERSION)
        """What verdicts rest on besides the app: two days with the same one were judged alike."""

    @property
    def sandbox_name(self) -> str:
        """What its control groups and folders are called."""
        return self._sandbox.folder.name

    def __enter__(self) -> Evaluator:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and not issubclass(kind, Exception):
            # Interrupted by a person: nobody waits for what is running, and what comes of it is no verdict.
            self._is_interrupted.set()
            self._sandbox.end()
        self.close()

    def close(self) -> None:
        """Ends the workers and everything they started."""
        for worker in self._workers:
            worker.end()
        for worker in self._workers:
            worker.join(timeout=30)
        self._workers.clear()
        self._cleanup.close()

    def evaluate(
        self,
        apps: Sequence[AppUnderTest],
        parallel: int,
        timeout_seconds: float,
        use_cache: bool = True,
        progress: Callable[[AppEvaluation], None] = lambda _: None,
        keep: bool = True,
    ) -> list[AppEvaluation]:
        """Judges the apps, `parallel` at once; `progress` is called from this thread as each is done.

        `use_cache` is whether kept verdicts are taken, `keep` whether new ones are kept.

        Raises:
            EvaluatorError: the evaluator itself cannot work; verdicts that were reached are kept.
        """
        # Rows of a real warehouse change under a kept verdict.
        use_cache = use_cache and self._upstream is None
        done: queue.SimpleQueue[tuple[int, AppEvaluation | BaseException]] = queue.SimpleQueue()
        waiting: queue.SimpleQueue[tuple[int, AppUnderTest, str]] = queue.SimpleQueue()
        todo = 0
        results: dict[int, AppEvaluation] = {}
        for index, app in enumerate(apps):
            early, digest = self._without_running(app, use_cache)
            if early is None:
                waiting.put((index, app, digest))
                todo += 1
            else:
                results[index] = early
                progress(early)

        def work(worker: Worker) -> None:
            while True:
                try:
                    index, app, digest = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put((index, self._judge(worker, app, digest, timeout_seconds, use_cache, keep)))
                except BaseException as error:
                    done.put((index, error))

        try:
            for worker in self._some_workers(min(parallel, todo)):
                worker.submit(work)
            for _ in range(todo):
                index, result = done.get()
                if isinstance(result, BaseException):
                    raise result
                results[index] = result
                progress(result)
        finally:
            with contextlib.suppress(queue.Empty):
                while True:
                    waiting.get_nowait()
        return [results[i] for i in range(len(apps))]

    def run_controls(self, date: str, stacks: Collection[str]) -> JudgedControls:
        """Judges the known-good app of each stack and the date's known-bad ones, never from the cache.

        Raises:
            EvaluatorError: the evaluator itself cannot work.
        """
        began = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix="controls-", dir=self._scratch))
        controls = controls_for(dt.date.fromisoformat(date), stacks, self._settings.controls_per_batch)
        apps = [
            AppUnderTest(
                c.name,
                c.write(folder / c.name),
                f"evidence/{date}/controls/{c.name}",
                trusted=True,
                metrics=c.judged,
            )
            for c in controls
        ]
        try:
            found = self.evaluate(
                apps, self._settings.parallel_apps, self._settings.app_timeout_seconds, use_cache=False, keep=False
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        pairs = list(zip(controls, found, strict=True))
        return JudgedControls(
            verdicts=tuple(verdict for control, evaluation in pairs for verdict in verdicts_on(control, evaluation)),
            seconds=round(time.monotonic() - began, 3),
            seconds_of={control.name: evaluation.seconds for control, evaluation in pairs},
        )

    def _without_running(self, app: AppUnderTest, use_cache: bool) -> tuple[AppEvaluation | None, str]:
        """The verdict that needs nothing run, or None and the app's digest."""
        if app.not_generated is not None:
            code, reason = app.not_generated
            if code == NOT_TRIED:
                return self._same_for_all(app, lambda m: unknown(m, f"{code}: {reason}")), ""
            return self._same_for_all(app, lambda m: failed(m, "not_generated", f"{code}: {reason}")), ""
        try:
            digest = tree_digest(app.tree)
        except InputError as error:
            results = judgement.all_blocked_by_build("invalid_tree", str(error))
            return self._evaluation(app, "", Judgement("unsupported", results), 0.0), ""
        if self.isolation == "L0" and not app.trusted and not self._settings.allow_unsandboxed:
            reason = (
                f"{REFUSED}: not run, because nothing here would contain it (isolation {self._sandbox.describe()}); "
                "to run it all the same: --allow-unsandboxed, or EVAL_ALLOW_UNSANDBOXED=true"
            )
            return self._same_for_all(app, lambda m: unknown(m, reason), digest), digest
        if use_cache:
            entry = self.cache.load(digest, self._context(app), app.evidence_uri)
            if entry is not None and set(entry.verdicts) == set(METRICS):
                found = {m: entry.verdicts[m].result for m in METRICS}
                kept = Judgement(entry.stack, found, entry.measurements)
                return self._evaluation(app, digest, kept, 0.0, cached=True), digest
        return None, digest

    def _judge(
        self, worker: Worker, app: AppUnderTest, digest: str, timeout_seconds: float, use_cache: bool, keep: bool
    ) -> AppEvaluation:
        """Runs what is not kept; what comes out unknown is tried once more."""
        kit = self._get_kit()
        began = time.monotonic()
        deadline = began + timeout_seconds
        entry = self.cache.load(digest, self._context(app), app.evidence_uri) if use_cache else None
        results: dict[str, MetricResult] = {m: k.result for m, k in entry.verdicts.items()} if entry else {}
        measurements = entry.measurements.model_dump() if entry else {}
        stack = entry.stack if entry else ""
        fresh = Measurements(**measurements)
        for _ in range(2):
            wanted = [m for m in app.metrics if m not in results or results[m].outcome is Outcome.UNKNOWN]
            if not wanted:
                break
            with tempfile.TemporaryDirectory(prefix="app-", dir=self._scratch, ignore_cleanup_errors=True) as folder:
                scratch = Path(folder)
                found = judgement.judge(
                    kit,
                    worker.browsers,
                    app.name,
                    app.tree,
                    app.prompt.text if app.prompt else "",
                    wanted,
                    scratch,
                    deadline,
                    # Of controls and second judgements only the verdicts count: nobody pays for more.
                    asks_opinion=keep,
                )
                if self._is_interrupted.is_set():
                    raise EvaluatorError("interrupted")
                placed = judgement.with_evidence(found.results, scratch / "evidence", app.evidence_uri)
                self._keep_evidence(scratch / "evidence", app.evidence_uri, is_second_look=bool(results))
            stack = found.stack
            results |= {m: r for m, r in placed.items() if m in wanted}
            measurements |= {k: v for k, v in found.measurements.model_dump().items() if v is not None}
            fresh = Measurements(**measurements)
            if any(r.outcome is Outcome.UNKNOWN for r in found.results.values()):
                # The browser may be what broke.
                worker.drop_browsers()
        judged = Judgement(stack, {m: results.get(m) or unknown(m, "not asked for") for m in METRICS}, fresh)
        if keep:
            self.cache.save(digest, self._context(app), stack, app.evidence_uri, judged.results, judged.measurements)
        return self._evaluation(app, digest, judged, time.monotonic() - began)

    def _keep_evidence(self, folder: Path, uri: str, is_second_look: bool) -> None:
        """Stores what was just written. A second look at some of the metrics keeps the evidence of the others;
        evidence of an earlier tree never stays."""
        if is_second_look:
            target = self._store.path(uri)
            for name in self._store.list(uri):
                if not (folder / name).exists() and (target / name).is_file():
                    shutil.copy2(target / name, folder / name)
        self._store.put_tree(folder, uri)

    def _context(self, app: AppUnderTest) -> str:
        asked = app.prompt.text if app.prompt else ""
        return context_of(self.digest, SAMPLE_SCHEMA_VERSION, asked + self._vision)

    def _same_for_all(self, app: AppUnderTest, make: Callable[[str], MetricResult], digest: str = "") -> AppEvaluation:
        return self._evaluation(app, digest, Judgement("none", {m: make(m) for m in METRICS}), 0.0)

    def _evaluation(
        self, app: AppUnderTest, digest: str, found: Judgement, seconds: float, cached: bool = False
    ) -> AppEvaluation:
        return AppEvaluation(
            app_name=app.name,
            stack=found.stack,
            digest=digest,
            results=found.results,
            measurements=found.measurements,
            isolation=self.isolation,
            evaluator_digest=self.verdict_digest,
            cached=cached,
            seconds=round(seconds, 3),
        )

    def _get_kit(self) -> Kit:
        with self._lock:
            if self._kit is None:
                self._kit = self._make_kit()
            return self._kit

    def _make_kit(self) -> Kit:
        node = self._found["node"]
        if node is None:
            raise EvaluatorError("Node is missing: run `eval-pipeline setup`, or set EVAL_NODE")
        workspace = self._cleanup.enter_context(LocalWorkspace(self._upstream))
        helpers = self._cleanup.enter_context(ThreadPoolExecutor(4 * self._settings.parallel_apps, "evaluation-helper"))
        ca_file = self._scratch / "ca.pem"
        ca_file.write_bytes(workspace.ca_pem)
        dependencies = DependencyStore(self._settings.home / "dependencies", self._sandbox)
        return Kit(self._settings, self._sandbox, workspace, dependencies, helpers, node.path, ca_file)

    def _some_workers(self, count: int) -> list[Worker]:
        while len(self._workers) < count:
            worker = Worker(len(self._workers), lambda: BrowserPool(self._sandbox, self._settings))
            worker.start()
            self._workers.append(worker)
        return self._workers[:count]

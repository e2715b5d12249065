"""Judges one app: runs the steps it needs, build and start in one thread while types and tests run in another,
and asks the metrics."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from eval_pipeline.evaluation import vision
from eval_pipeline.evaluation.facts import AppFault, BuildFacts, RunFacts, Trouble
from eval_pipeline.evaluation.matching import KnownBeforehand
from eval_pipeline.evaluation.metrics import (
    build_success,
    data_returned,
    databricks_connectivity,
    deployability_score,
    local_runability_score,
    runtime_success,
    tests_pass,
    type_safety,
    ui_renders,
)
from eval_pipeline.evaluation.secrets_scan import find_secrets
from eval_pipeline.evaluation.sources import SourceTree
from eval_pipeline.evaluation.stacks import Project, ProjectError, detect
from eval_pipeline.evaluation.steps.bench import Bench
from eval_pipeline.evaluation.steps.build import products
from eval_pipeline.evaluation.steps.image import image_evidence
from eval_pipeline.evaluation.steps.run import RunningApp, draw_port, draw_seed, run_app
from eval_pipeline.evaluation.toolchains import TOOLCHAINS
from eval_pipeline.evaluation.verdicts import blocked, failed, not_applicable, unknown
from eval_pipeline.model import METRICS, EvaluatorError, Measurements, MetricResult, Outcome
from eval_pipeline.sandbox import Sandbox
from eval_pipeline.sandbox.browser import BrowserPool
from eval_pipeline.sandbox.dependencies import DependencyStore
from eval_pipeline.settings import Settings
from eval_pipeline.workspace import AppSession, LocalWorkspace

T = TypeVar("T")

RUN_METRICS = frozenset(METRICS) - {"type_safety", "tests_pass"}
"""Metrics that share the one build, start and visit."""

EVIDENCE_FILES = {
    "build_success": {"log": "build.log"},
    "runtime_success": {"log": "server.log"},
    "type_safety": {"log": "types.log"},
    "tests_pass": {"log": "tests.log"},
    "databricks_connectivity": {"log": "statements.json"},
    "data_returned": {"log": "requests.json", "statements": "statements.json"},
    "ui_renders": {"screenshot": "screenshot-desktop.png", "phone": "screenshot-phone.png"},
}


@dataclass(frozen=True)
class Kit:
    """What every judgement needs: the long-lived parts of an evaluator."""

    settings: Settings
    sandbox: Sandbox
    workspace: LocalWorkspace
    dependencies: DependencyStore
    helpers: ThreadPoolExecutor
    node: Path
    ca_file: Path


@dataclass
class Judgement:
    """The outcome of judging one app, before it is stored."""

    stack: str
    results: dict[str, MetricResult]
    measurements: Measurements = field(default_factory=Measurements)


def judge(
    kit: Kit,
    browsers: Callable[[], BrowserPool],
    name: str,
    tree: Path,
    prompt_text: str,
    wanted: Collection[str],
    scratch: Path,
    deadline: float,
    asks_opinion: bool = True,
) -> Judgement:
    """Judges the `wanted` metrics of the app in `tree`; its evidence files are left in `scratch`/evidence.

    `asks_opinion` is whether a vision model may be asked, where the settings want one.
    """
    (scratch / "evidence").mkdir(parents=True)
    source = SourceTree(tree)
    try:
        project = detect(source)
    except ProjectError as error:
        return Judgement("unsupported", all_blocked_by_build(error.code, error.reason))
    bench = Bench(kit.sandbox, kit.dependencies, kit.settings, kit.node, project, scratch, deadline)
    with bench.holder:
        return _JudgedApp(kit, browsers, bench, name, prompt_text, asks_opinion).judge(wanted)


class _JudgedApp:
    """The steps of one app, each done at most once."""

    def __init__(
        self,
        kit: Kit,
        browsers: Callable[[], BrowserPool],
        bench: Bench,
        name: str,
        prompt_text: str,
        asks_opinion: bool,
    ) -> None:
        self.kit = kit
        self.browsers = browsers
        self.bench = bench
        self.project: Project = bench.project
        self.toolchain = TOOLCHAINS[bench.project.toolchain]
        self.name = name
        self.prompt_text = prompt_text
        self.asks_opinion = asks_opinion and kit.settings.vision != "off"
        self.measured: dict[str, float | int | None] = {}

    def judge(self, wanted: Collection[str]) -> Judgement:
        image = self.kit.helpers.submit(image_evidence, self.bench) if "build_success" in wanted else None
        began = time.monotonic()
        install = _attempt(lambda: self.toolchain.install(self.bench))
        # The registry's speed, and who else fills the store, is no fault of the app: its time begins now.
        self.bench.deadline += time.monotonic() - began
        checks: dict[str, Future[MetricResult]] = {}
        if install is None:
            checks = self._start_checks(wanted)
        results = self._judge_run(install) if RUN_METRICS & set(wanted) else {}
        for metric in ("type_safety", "tests_pass"):
            if metric in self.project.not_applicable:
                results[metric] = not_applicable(metric, self.project.not_applicable[metric])
            elif metric in checks:
                results[metric] = checks[metric].result()
            elif metric in wanted:
                results[metric] = _without_dependencies(metric, install)
        self.measured["total_loc"] = self.project.tree.lines_of_code
        if image is not None and "build_success" in results:
            results["build_success"] = _with(results["build_success"], image.result())
        if "ui_renders" in wanted and "ui_renders" in results:
            results["ui_renders"] = _with(results["ui_renders"], self._second_opinion())
        return Judgement(self.project.stack, results, Measurements.model_validate(self.measured))

    def _start_checks(self, wanted: Collection[str]) -> dict[str, Future[MetricResult]]:
        """Types, then tests, in a thread beside the build's: on two cores that keeps both busy."""
        helpers = self.kit.helpers
        checks: dict[str, Future[MetricResult]] = {}
        types = helpers.submit(self._judge_types) if "type_safety" in wanted else None
        if types is not None:
            checks["type_safety"] = types

        def tests() -> MetricResult:
            if types is not None:
                types.exception()
            return self._judge_tests()

        if "tests_pass" in wanted:
            checks["tests_pass"] = helpers.submit(tests)
        return checks

    def _judge_types(self) -> MetricResult:
        parts = _attempt(lambda: self.toolchain.check_types(self.bench, self.bench.copy("types")))
        if isinstance(parts, Trouble):
            return unknown("type_safety", str(parts))
        assert not isinstance(parts, AppFault)
        if not parts:
            return not_applicable("type_safety", "no TypeScript sources")
        return type_safety.judge(parts)

    def _judge_tests(self) -> MetricResult:
        parts = _attempt(lambda: self.toolchain.run_tests(self.bench, self.bench.copy("tests")))
        if isinstance(parts, Trouble):
            return unknown("tests_pass", str(parts))
        assert not isinstance(parts, AppFault)
        shares = [p.coverage_pct for p in parts if p.coverage_pct is not None]
        self.measured["test_coverage_pct"] = round(sum(shares) / len(shares), 2) if shares else None
        return tests_pass.judge(parts)

    def _judge_run(self, install: AppFault | Trouble | None) -> dict[str, MetricResult]:
        built: BuildFacts | AppFault | Trouble
        ran: RunFacts | Trouble | None = None
        if install is not None:
            built = install
        else:
            session = self.kit.helpers.submit(self._open_session)
            copy = self.bench.copy("app")
            built = _attempt(lambda: self.toolchain.build(self.bench, copy))
            if isinstance(built, BuildFacts):
                self.measured["build_time_sec"] = built.command.seconds if built.command else 0.0
                if build_success.judge(built).outcome is Outcome.PASS:
                    ran = self._run(copy, session)
            _close_session(session)
        return self._judge_all(built, ran)

    def _second_opinion(self) -> dict[str, Any]:
        """A vision model's, when it is asked for and there is something to be seen."""
        shots = [self.bench.evidence / f"screenshot-{name}.png" for name in ("desktop", "phone")]
        shots = [path for path in shots if path.is_file()]
        if not self.asks_opinion or not shots:
            return {}
        return {"vision": vision.ask(self.kit.settings, shots, self.prompt_text).model_dump(mode="json")}

    def _open_session(self) -> AppSession:
        return self.kit.workspace.open_session(self.name, seed=draw_seed())

    def _run(self, copy: Path, opening: Future[AppSession]) -> RunFacts | Trouble:
        def known_beforehand() -> KnownBeforehand:
            texts = [*self.project.tree.known_texts(), *products(self.bench, copy), self.prompt_text]
            return KnownBeforehand(texts)

        known = self.kit.helpers.submit(known_beforehand)

        def step() -> RunFacts:
            try:
                session = opening.result()
            except Exception as error:
                raise Trouble(f"workspace: {error}") from error
            app = RunningApp(
                self.bench,
                copy,
                session,
                self.kit.ca_file,
                self.kit.workspace.host_name,
                self.kit.workspace.https_url,
                draw_port(),
            )
            return run_app(app, self.browsers(), known.result, lambda: session.reseed(draw_seed()))

        ran = _attempt(step)
        assert ran is not None and not isinstance(ran, AppFault)
        if isinstance(ran, RunFacts):
            self.measured["startup_time_sec"] = ran.startup_seconds
        return ran

    def _judge_all(
        self, built: BuildFacts | AppFault | Trouble, ran: RunFacts | Trouble | None
    ) -> dict[str, MetricResult]:
        if isinstance(built, Trouble):
            return {m: unknown(m, str(built)) for m in RUN_METRICS}
        results = {"build_success": build_success.judge(built)}
        if isinstance(ran, Trouble):
            return results | {m: unknown(m, str(ran)) for m in RUN_METRICS - {"build_success"}}
        results |= judge_use(ran, self.project.serves_data)
        tree, outer = self.project.tree, self.project.outer or self.project.tree
        fault = built if isinstance(built, AppFault) else None
        results["local_runability_score"] = local_runability_score.judge(
            _first_text((tree, outer), ("README.md", "readme.md", "README")),
            _first_text((tree, outer), (".env.example", "server/.env.example")),
            tree.variables_read,
            fault,
            ran,
        )
        results["deployability_score"] = deployability_score.judge(
            outer.text("app.yaml") or outer.text("app.yml"),
            self.project.app_yaml_problem,
            outer.text("Dockerfile"),
            outer.text("databricks.yml"),
            find_secrets(outer, self.kit.settings.secret_values()),
            fault,
            built if isinstance(built, BuildFacts) else None,
            ran,
        )
        if self.project.nested_in:
            results["build_success"] = _with(results["build_success"], {"nested_in": self.project.nested_in})
        return results | {m: not_applicable(m, why) for m, why in self.project.not_applicable.items() if m in results}


def _first_text(trees: Collection[SourceTree], names: Collection[str]) -> str | None:
    return next((text for tree in trees for name in names if (text := tree.text(name)) is not None), None)


def judge_use(ran: RunFacts | None, serves_data: bool = True) -> dict[str, MetricResult]:
    """Metrics 2 and 5–7; `ran` is None when the build failed. What an earlier failure blocks is not judged."""
    users = ("databricks_connectivity", "data_returned", "ui_renders")
    if ran is None:
        return {"runtime_success": blocked("runtime_success", "build_success")} | {
            m: blocked(m, "runtime_success") for m in users
        }
    results = {"runtime_success": runtime_success.judge(ran)}
    if results["runtime_success"].outcome is not Outcome.PASS:
        return results | {m: blocked(m, "runtime_success") for m in users}
    results["databricks_connectivity"] = databricks_connectivity.judge(ran)
    if results["databricks_connectivity"].outcome is not Outcome.PASS or ran.data is None:
        results["data_returned"] = blocked("data_returned", "databricks_connectivity")
    else:
        results["data_returned"] = data_returned.judge(ran.data, ran.seconds.get("data", 0.0))
    assert ran.visit is not None
    results["ui_renders"] = ui_renders.judge(ran.visit, ran.seconds.get("visit", 0.0), serves_data)
    return results


def all_blocked_by_build(code: str, reason: str) -> dict[str, MetricResult]:
    """Verdicts on a tree that cannot even be read as an app."""
    return {m: blocked(m, "build_success") for m in METRICS} | {"build_success": failed("build_success", code, reason)}


def with_evidence(results: Mapping[str, MetricResult], folder: Path, uri: str) -> dict[str, MetricResult]:
    """The results with the URIs of the evidence files that were written."""
    placed = {}
    for metric, result in results.items():
        files = {k: f"{uri}/{f}" for k, f in EVIDENCE_FILES.get(metric, {}).items() if (folder / f).exists()}
        placed[metric] = result.model_copy(update={"evidence": result.evidence | files}) if files else result
    return placed


def _attempt(step: Callable[[], T]) -> T | AppFault | Trouble:
    try:
        return step()
    except (AppFault, Trouble) as found:
        return found
    except EvaluatorError as error:
        return Trouble(str(error))


def _with(result: MetricResult, facts: dict[str, Any]) -> MetricResult:
    return result.model_copy(update={"evidence": result.evidence | facts}) if facts else result


def _without_dependencies(metric: str, install: AppFault | Trouble | None) -> MetricResult:
    if isinstance(install, AppFault):
        return blocked(metric, "build_success")
    return unknown(metric, str(install))


def _close_session(opening: Future[AppSession]) -> None:
    with contextlib.suppress(Exception):
        opening.result().close()

"""The evaluator beside a plain shell script of the same steps, on template apps; then the same apps unchanged."""

from __future__ import annotations

import datetime as dt
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Cost, command, cost_of, median_cpu, median_wall, spread
from eval_pipeline.evaluation.batch import AppUnderTest, Evaluator
from eval_pipeline.generation import generate_cohort, make_generator
from eval_pipeline.model import BINARY_METRICS, Cohort, Outcome
from eval_pipeline.prompt_sets import load_prompt_set
from eval_pipeline.sandbox import Sandbox
from eval_pipeline.sandbox.dependencies import DependencyStore
from eval_pipeline.sandbox.tools import find_tool
from eval_pipeline.settings import Settings, child_environment, get_settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.workspace import LocalWorkspace

APPS = 10
ROUNDS = 3
PLAIN = Path(__file__).with_name("plain.sh")


def run() -> list[str]:
    settings = get_settings()
    with tempfile.TemporaryDirectory() as folder:
        store = ArtifactStore(Path(folder))
        trees = _generate(settings, store)
        modules = _modules(settings, trees[0])
        lines = ["| template apps, warm store | wall s, median (min–max) | CPU s, median |", "| --- | --- | --- |"]
        ratios = []
        with LocalWorkspace() as workspace:
            session = workspace.open_session("plain", seed=1)
            ca = Path(folder) / "ca.pem"
            ca.write_bytes(workspace.ca_pem)
            environment = child_environment(
                DATABRICKS_HOST=workspace.https_url,
                DATABRICKS_TOKEN=session.token,
                DATABRICKS_WAREHOUSE_ID=session.warehouse_id,
                NODE_EXTRA_CA_CERTS=str(ca),
            )
            browser = find_tool("browser", settings)
            if browser is None:
                raise SystemExit("no browser: run make setup")
            for count in (1, APPS):
                plain = command([PLAIN, modules, browser.path, *trees[:count]], env=environment)
                ours: list[Cost] = []
                theirs: list[Cost] = []
                for number in range(ROUNDS + 1):
                    costs = (cost_of(plain), _judge(settings, store, trees[:count]))
                    if number:
                        theirs.append(costs[0])
                        ours.append(costs[1])
                wall = median_wall(ours) / median_wall(theirs)
                cpu = median_cpu(ours) / median_cpu(theirs)
                ratios.append(f"| {count} app{'s' if count > 1 else ''}: ours / plain | {wall:.2f} | {cpu:.2f} |")
                lines.append(f"| {count}, plain script | {spread(theirs)} | {median_cpu(theirs):.1f} |")
                lines.append(f"| {count}, evaluator | {spread(ours)} | {median_cpu(ours):.1f} |")
        lines += ratios
        return [*lines, "", *_unchanged(settings, store, trees), "", *_cold(settings, store, trees[0])]


def _generate(settings: Settings, store: ArtifactStore) -> list[Path]:
    prompts = load_prompt_set(settings.prompts_file).prompts[:APPS]
    cohort = Cohort(date=dt.date(2026, 1, 1).isoformat(), generator="template")
    apps = generate_cohort(prompts, cohort, make_generator("template", settings, None), store)
    return [store.path(app.app_uri or "") for app in apps]


def _modules(settings: Settings, tree: Path) -> Path:
    with tempfile.TemporaryDirectory() as folder, Sandbox.probe(settings, Path(folder)) as sandbox:
        return DependencyStore(settings.home / "dependencies", sandbox).ensure(tree)


def _under_test(trees: list[Path]) -> list[AppUnderTest]:
    return [AppUnderTest(tree.name, tree, f"evidence/{tree.name}", trusted=True) for tree in trees]


def _judge(settings: Settings, store: ArtifactStore, trees: list[Path]) -> Cost:
    """A whole evaluator, from nothing to closed; every app must pass, or the time means nothing."""

    def work() -> None:
        with Evaluator(settings, store) as evaluator:
            found = evaluator.evaluate(_under_test(trees), settings.parallel_apps, 300, use_cache=False)
        for evaluation in found:
            wrong = [m for m in BINARY_METRICS if evaluation.results[m].outcome is not Outcome.PASS]
            if wrong:
                raise SystemExit(f"{evaluation.app_name} did not pass {wrong}: {evaluation.results[wrong[0]].reason}")

    return cost_of(work)


def _unchanged(settings: Settings, store: ArtifactStore, trees: list[Path]) -> list[str]:
    with Evaluator(settings, store) as evaluator:
        evaluator.evaluate(_under_test(trees), settings.parallel_apps, 300)
    walls = []
    for _ in range(5):
        began = time.perf_counter()
        with Evaluator(settings, store) as evaluator:
            found = evaluator.evaluate(_under_test(trees), settings.parallel_apps, 300)
        walls.append(time.perf_counter() - began)
        if not all(evaluation.cached for evaluation in found):
            raise SystemExit("an unchanged app was judged again")
    return [
        f"| {len(trees)} unchanged apps again, in process | seconds (aim: under 0.5) |",
        "| --- | --- |",
        f"| median of 5 (min–max) | {statistics.median(walls):.2f} ({min(walls):.2f}–{max(walls):.2f}) |",
    ]


def _cold(settings: Settings, store: ArtifactStore, tree: Path) -> list[str]:
    """One app with an empty dependency store: the registry's speed is in it."""
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "tools").symlink_to(settings.home / "tools")
        fresh = settings.model_copy(update={"pipeline_home": Path(home)})
        cost = _judge(fresh, store, [tree])
        shutil.rmtree(Path(home) / "dependencies", ignore_errors=True)
    return [
        "| 1 app, empty dependency store | wall s | CPU s |",
        "| --- | --- | --- |",
        f"| evaluator, installing from the registry | {cost.wall:.1f} | {cost.cpu:.1f} |",
    ]

"""One date's apps: a cohort for each generator and repeat, within a budget that counts every run of the date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval_pipeline.generation import Generator, app_name, generate_cohort, make_generator
from eval_pipeline.model import Cohort, GeneratedApp, InputError, Prompt
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore


@dataclass(frozen=True)
class GenerationPlan:
    """What to make; empty `prompt_ids` means every prompt of the day.

    For the `directory` generator alone, `prompt_ids` may also name folders that no prompt asked for: imported apps.
    """

    date: str
    generators: tuple[str, ...]
    repeats: int
    prompt_ids: tuple[str, ...] = ()
    max_apps: int | None = None
    model: str | None = None
    budget_usd: float | None = None
    force: bool = False


def generate_day(
    plan: GenerationPlan,
    prompts: Sequence[Prompt],
    before: Sequence[GeneratedApp],
    settings: Settings,
    store: ArtifactStore,
    advance: Callable[[str, int, int], None],
) -> list[GeneratedApp]:
    """Makes what the plan asks for and is not there yet.

    Args:
        prompts: the day's prompts, in order.
        before: the date's rows so far, of every cohort.
        advance: called with (app, done, total) after each app.

    Returns:
        The rows of the cohorts that the plan touches: new ones, kept ones, and those of prompts that it leaves out.

    Raises:
        InputError: an unknown generator, a prompt that is not the day's, a model for a generator that has none.
    """
    generators, wanted = check_plan(plan, prompts, settings)
    cohorts = [
        (generator, Cohort(date=plan.date, generator=name, repeat=repeat))
        for generator, name in zip(generators, plan.generators, strict=True)
        for repeat in range(1, plan.repeats + 1)
    ]
    total = len(cohorts) * len(wanted)
    rows: list[GeneratedApp] = []
    done = 0

    def count(app: GeneratedApp, _: int) -> None:
        nonlocal done
        done += 1
        advance(_in_words(app), done, total)

    for generator, cohort in cohorts:
        existing = [app for app in before if app.cohort == cohort]
        spent = sum(app.metrics.cost_usd or 0.0 for app in [*before, *rows])
        made = generate_cohort(
            wanted,
            cohort,
            generator,
            store,
            existing,
            force=plan.force,
            budget_usd=None if plan.budget_usd is None else plan.budget_usd - spent,
            progress=count,
        )
        names = {app.prompt.id for app in made}
        rows += [*made, *(app for app in existing if app.prompt.id not in names)]
    return rows


def check_plan(
    plan: GenerationPlan, prompts: Sequence[Prompt], settings: Settings
) -> tuple[list[Generator], list[Prompt]]:
    """The plan's generators, and those of the day's prompts that it asks for; nothing is made.

    Raises:
        InputError: as `generate_day` says.
    """
    return [make_generator(name, settings, plan.model) for name in plan.generators], _narrow(prompts, plan)


def _in_words(app: GeneratedApp) -> str:
    return app.app_name if app.status == "generated" else f"{app.app_name}: {app.failure_code} {app.reason}"


def _narrow(prompts: Sequence[Prompt], plan: GenerationPlan) -> list[Prompt]:
    if not plan.prompt_ids:
        return list(prompts[: plan.max_apps])
    known = {name: prompt for prompt in prompts for name in (prompt.id, app_name(prompt))}
    unknown = [name for name in plan.prompt_ids if name not in known]
    if unknown and plan.generators != ("directory",):
        raise InputError(
            f"not among the prompts of {plan.date}: {', '.join(unknown)}; "
            f"the day has {', '.join(prompt.id for prompt in prompts)}"
        )
    chosen = {known[name].id: known[name] for name in plan.prompt_ids if name in known}
    return [*chosen.values(), *map(_imported, unknown)][: plan.max_apps]


def _imported(folder: str) -> Prompt:
    """Stands for the prompt of an app that somebody dropped in."""
    text = f"Imported app {folder}"
    return Prompt(id=folder, text=text, category="imported", complexity="medium", panel=False, datasets=())

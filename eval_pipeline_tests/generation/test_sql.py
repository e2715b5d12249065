"""Every query of every prompt's app runs on the local workspace and gives rows, with every filter that it has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eval_pipeline.generation.template.build import build_spec
from eval_pipeline.generation.template.spec import AppSpec, ChoiceFilter, DatesFilter
from eval_pipeline.model import Prompt
from eval_pipeline.prompt_sets import load_prompt_set
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.workspace import DATASETS, AppSession, LocalWorkspace
from eval_pipeline_tests.generation.statements import Parameter, run, statement

PROMPTS = load_prompt_set(PROJECT_ROOT / "prompts" / "daily_prompts.json").prompts


@pytest.fixture(scope="module")
def workspace() -> Iterator[tuple[AppSession, str]]:
    with LocalWorkspace() as running, running.open_session("sql-tests", seed=11) as session:
        yield session, running.http_url


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.id)
def test_every_query_gives_rows_under_every_filter(prompt: Prompt, workspace: tuple[AppSession, str]) -> None:
    session, base = workspace
    spec = build_spec(prompt, prompt.id)
    queries = spec.queries()
    for name, query in queries.items():
        rows = run(session, base, statement(query), [])
        assert rows, f"{name} gives no rows"
        assert any(cell is not None for row in rows for cell in row), f"{name} gives only nulls"
    filtered = {name: query for name, query in queries.items() if not name.startswith(("choices", "date"))}
    for values in _filter_values(spec, session, base):
        conditions = tuple(spec.conditions()[value["name"]][0] for value in values)
        for name, query in filtered.items():
            rows = run(session, base, statement(query, conditions), values)
            assert rows, f"{name} gives no rows under {values}"


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.id)
def test_the_table_is_paged_and_sorted_by_parameters(prompt: Prompt, workspace: tuple[AppSession, str]) -> None:
    session, base = workspace
    query = build_spec(prompt, prompt.id).table.query
    pages = []
    for offset in (0, 3):
        page = [
            {"name": "page_rows", "value": "3", "type": "INT"},
            {"name": "page_offset", "value": str(offset), "type": "INT"},
        ]
        pages.append(run(session, base, statement(query, page_rows=3), page))
    assert pages[0] and pages[0] != pages[1]


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.id)
def test_an_app_reads_only_tables_that_its_prompt_names(prompt: Prompt) -> None:
    tables = build_spec(prompt, prompt.id).tables
    assert set(tables) <= set(prompt.datasets)
    assert set(tables) <= set(DATASETS)


def _filter_values(spec: AppSpec, session: AppSession, base: str) -> Iterator[list[Parameter]]:
    """Each filter alone, with a value that the app would offer, and the date bounds together."""
    for item in spec.filters:
        if isinstance(item, ChoiceFilter):
            choices = run(session, base, statement(item.options), [])
            assert len(choices) > 1, f"{item.name} offers nothing to choose"
            # The middle one: the first and last of a list may be rare.
            yield [{"name": item.name, "value": str(choices[len(choices) // 2][0]), "type": "STRING"}]
        elif isinstance(item, DatesFilter):
            first, last = run(session, base, statement(item.bounds), [])[0]
            yield [
                {"name": "from_date", "value": str(first), "type": "DATE"},
                {"name": "to_date", "value": str(last), "type": "DATE"},
            ]
        else:
            yield [{"name": item.name, "value": str(item.step), "type": "DOUBLE"}]

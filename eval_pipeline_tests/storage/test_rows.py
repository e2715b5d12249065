import json

from hypothesis import given
from hypothesis import strategies as st

from eval_pipeline.model import (
    METRICS,
    AppEvaluation,
    Cohort,
    GeneratedApp,
    GenerationMetrics,
    MetricResult,
    Outcome,
    Prompt,
)
from eval_pipeline.storage.rows import app_of, app_row, evaluation_rows, evaluations_of, frame, records
from eval_pipeline.storage.tables import TableStore

texts = st.text(max_size=40)
prompts = st.builds(
    Prompt,
    id=st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    text=texts,
    category=texts,
    complexity=st.sampled_from(["simple", "medium", "complex"]),
    panel=st.booleans(),
    datasets=st.lists(texts, max_size=3).map(tuple),
)
cohorts = st.builds(
    Cohort,
    date=st.dates().map(str),
    generator=st.sampled_from(["template", "a.b-c"]),
    repeat=st.integers(1, 5),
)
apps = st.builds(
    GeneratedApp,
    cohort=cohorts,
    prompt=prompts,
    app_name=texts,
    status=st.sampled_from(["generated", "failed", "not_tried"]),
    app_uri=st.none() | st.just("apps/x"),
    failure_code=st.none() | st.just("no_such_directory"),
    reason=texts,
    model=st.none() | texts,
    trace_id=st.none() | texts,
    metrics=st.builds(
        GenerationMetrics,
        cost_usd=st.none() | st.floats(0, 100),
        input_tokens=st.none() | st.integers(0, 10**9),
        turns=st.none() | st.integers(0, 99),
    ),
)


@given(apps)
def test_an_app_survives_being_a_row(app):
    assert app_of(app_row(app)) == app


def test_rows_survive_a_table(tmp_path):
    app = GeneratedApp(
        cohort=Cohort(date="2026-01-01", generator="template"),
        prompt=Prompt(id="p", text="t", category="c", complexity="simple", panel=False, datasets=()),
        app_name="a",
        status="generated",
        app_uri="apps/a",
    )
    results = {
        name: MetricResult(metric=name, outcome=Outcome.PASS, value=1.0, evidence={"log": "evidence/x"})
        for name in METRICS
    }
    evaluation = AppEvaluation(
        app_name="a", stack="trpc", digest="d", results=results, isolation="L3", evaluator_digest="e"
    )
    store = TableStore(tmp_path)
    store.replace("generated_apps", frame("generated_apps", [app_row(app)]))
    store.replace("app_evaluations", frame("app_evaluations", evaluation_rows(app, evaluation)))
    assert [app_of(row) for row in records(store.read("generated_apps"))] == [app]
    read = evaluations_of(records(store.read("app_evaluations")))
    assert read == {(app.cohort, "p"): evaluation}
    assert {json.dumps({"log": "evidence/x"})} == set(store.read("app_evaluations")["evidence"])

import multiprocessing

import pandas as pd
import pytest

from eval_pipeline.storage.rows import frame
from eval_pipeline.storage.schemas import TABLES
from eval_pipeline.storage.tables import TableStore


def app(date="2026-01-01", generator="template", repeat=1, prompt_id="p1", **more):
    return {"date": date, "generator": generator, "repeat": repeat, "prompt_id": prompt_id, **more}


def keys(table):
    columns = ["date", "generator", "repeat", "prompt_id"]
    return sorted(tuple(row) for row in table[columns].itertuples(index=False))


def write_a_cohort(root, generator):
    rows = [app(generator=generator, prompt_id=f"p{number}") for number in range(5)]
    TableStore(root).replace("generated_apps", frame("generated_apps", rows))


def test_a_table_never_written_reads_as_empty_with_all_its_columns(tmp_path):
    empty = TableStore(tmp_path).read("generated_apps")
    assert list(empty.columns) == TABLES["generated_apps"].column_names
    assert len(empty) == 0


def test_a_rerun_replaces_one_cohort_and_no_other(tmp_path):
    store = TableStore(tmp_path)
    others = [app(generator="claude"), app(repeat=2), app(date="2026-01-02")]
    store.replace("generated_apps", frame("generated_apps", [app(), app(prompt_id="p2"), *others]))
    store.replace("generated_apps", frame("generated_apps", [app(prompt_id="p3")]))
    assert keys(store.read("generated_apps")) == sorted(tuple(row.values()) for row in [app(prompt_id="p3"), *others])


def test_no_rows_clear_a_date_of_a_table_replaced_by_date(tmp_path):
    store = TableStore(tmp_path)
    rows = [{"date": date, "position": 1, "prompt_id": "p"} for date in ("2026-01-01", "2026-01-02")]
    store.replace("daily_prompts", frame("daily_prompts", rows))
    store.replace("daily_prompts", frame("daily_prompts", []), "2026-01-01")
    assert list(store.read("daily_prompts")["date"]) == ["2026-01-02"]


def test_reading_some_dates_leaves_out_the_others(tmp_path):
    store = TableStore(tmp_path)
    rows = [app(date=f"2026-01-0{day}") for day in (1, 2, 3)]
    store.replace("generated_apps", frame("generated_apps", rows))
    assert sorted(store.read("generated_apps", ["2026-01-01", "2026-01-03"])["date"]) == [
        "2026-01-01",
        "2026-01-03",
    ]
    assert len(store.read("generated_apps", [])) == 0


def test_nulls_and_types_survive_the_way_there_and_back(tmp_path):
    store = TableStore(tmp_path)
    store.replace(
        "generated_apps", frame("generated_apps", [app(turns=None, panel=True), app(prompt_id="p2", turns=3)])
    )
    read = store.read("generated_apps").set_index("prompt_id")
    assert pd.isna(read.loc["p1", "turns"])
    assert read.loc["p2", "turns"] == 3
    assert read["turns"].dtype == pd.Int64Dtype()


def test_a_column_that_the_schema_does_not_know_is_refused(tmp_path):
    with pytest.raises(ValueError, match="surprise"):
        TableStore(tmp_path).replace("generated_apps", pd.DataFrame([app(surprise=1)]))
    assert len(TableStore(tmp_path).read("generated_apps")) == 0


def test_a_quote_in_a_key_is_data_not_a_predicate(tmp_path):
    store = TableStore(tmp_path)
    store.replace("generated_apps", frame("generated_apps", [app(), app(generator="x' OR 'a'='a")]))
    store.replace("generated_apps", frame("generated_apps", [app(generator="x' OR 'a'='a", prompt_id="p9")]))
    assert len(store.read("generated_apps")) == 2


def test_cohorts_written_at_once_by_several_processes_are_all_there(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    names = [f"g{number}" for number in range(4)]
    writers = [spawn.Process(target=write_a_cohort, args=(tmp_path, name)) for name in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert all(writer.exitcode == 0 for writer in writers)
    counts = TableStore(tmp_path).read("generated_apps")["generator"].value_counts()
    assert dict(counts) == dict.fromkeys(names, 5)


def test_pruning_removes_older_rows_only(tmp_path):
    store = TableStore(tmp_path)
    store.replace("generated_apps", frame("generated_apps", [app(), app(date="2026-02-01")]))
    assert store.delete_before("generated_apps", "2026-02-01") == 1
    assert list(store.read("generated_apps")["date"]) == ["2026-02-01"]

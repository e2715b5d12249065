import pandas as pd

import cache
from trips import summarise


def test_summary():
    trips = pd.DataFrame(
        [["2016-02-01T08:00:00.000Z", "10.5"], ["2016-02-01T09:00:00.000Z", "4"], ["2016-02-07T09:00:00.000Z", "7"]],
        columns=["at", "fare"],
    )
    out = summarise(trips).set_index("weekday")
    assert out.loc["Monday", "takings"] == 14.5
    assert out.loc["Sunday", "trips"] == 1
    assert len(out) == 7


def test_written(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "TARGET", tmp_path / "w.csv")
    cache.write(pd.DataFrame({"weekday": ["Monday"], "trips": [1], "takings": [2.0]}))
    assert (tmp_path / "w.csv").read_text().startswith("weekday,trips,takings")

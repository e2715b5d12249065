import trips


def test_shape():
    rows = trips.shape([["2016-02-01T10:11:12.000Z", "3.1", "12.5", "10019"]])
    assert rows == [["2016-02-01 10:11", 3.1, "$12.50", "10019"]]


def test_host_gets_a_scheme(monkeypatch):
    monkeypatch.setenv("DATABRICKS_HOST", "abc.cloud.databricks.com/")
    assert trips.host() == "https://abc.cloud.databricks.com"


def test_zip_is_a_parameter():
    assert ":zip" in trips.SQL and "{" not in trips.SQL

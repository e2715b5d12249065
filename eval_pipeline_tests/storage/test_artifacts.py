import pytest

from eval_pipeline.model import InputError
from eval_pipeline.storage.artifacts import ArtifactStore


@pytest.mark.parametrize("uri", ["", "/etc/passwd", "../up", "a/../../up", "a\0b"])
def test_a_uri_that_leaves_the_store_is_refused(tmp_path, uri):
    with pytest.raises(InputError, match="artifact URI"):
        ArtifactStore(tmp_path).path(uri)


def test_putting_a_tree_again_replaces_it_and_leaves_nothing_beside_it(tmp_path):
    store = ArtifactStore(tmp_path / "store")
    source = tmp_path / "source"
    source.mkdir()
    (source / "old").write_text("1")
    store.put_tree(source, "apps/a")
    (source / "old").rename(source / "new")
    store.put_tree(source, "apps/a")
    assert store.list("apps/a") == ["new"]
    assert [path.name for path in store.path("apps").iterdir()] == ["a"]


def test_a_failed_copy_leaves_the_old_tree(tmp_path):
    store = ArtifactStore(tmp_path / "store")
    store.write_text("apps/a/file", "kept")
    with pytest.raises(FileNotFoundError):
        store.put_tree(tmp_path / "missing", "apps/a")
    assert store.read_text("apps/a/file") == "kept"
    assert [path.name for path in store.path("apps").iterdir()] == ["a"]


def test_a_write_that_finds_the_disk_full_keeps_the_old_file(tmp_path, monkeypatch):
    store = ArtifactStore(tmp_path)
    store.write_text("reports/r.json", "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.write_text("reports/r.json", "new")
    assert store.read_text("reports/r.json") == "old"
    assert store.path("reports").exists()
    assert len(list(store.path("reports").iterdir())) == 1

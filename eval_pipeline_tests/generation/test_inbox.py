from eval_pipeline.generation.inbox import look


def drop(inbox, name, text="{}"):
    (inbox / name).mkdir(parents=True, exist_ok=True)
    (inbox / name / "package.json").write_text(text)


def test_a_directory_is_ready_once_two_looks_see_the_same(tmp_path):
    drop(tmp_path, "app")
    first = look(tmp_path, None)
    assert not first.is_ready and "waiting" in first.reason
    second = look(tmp_path, first.cursor)
    assert second.is_ready and second.names == ("app",) and second.key


def test_a_directory_still_being_copied_is_left_alone(tmp_path):
    drop(tmp_path, "app")
    first = look(tmp_path, None)
    (tmp_path / "app" / "more.ts").write_text("x")
    assert not look(tmp_path, first.cursor).is_ready


def test_the_same_content_starts_one_run_and_a_change_starts_another(tmp_path):
    drop(tmp_path, "app")
    ready = look(tmp_path, look(tmp_path, None).cursor)
    again = look(tmp_path, ready.cursor)
    assert not again.is_ready and "unchanged" in again.reason
    drop(tmp_path, "app", '{"name": "changed"}')
    changed = look(tmp_path, again.cursor)
    assert look(tmp_path, changed.cursor).key not in ("", ready.key)


def test_a_missing_or_empty_inbox_is_no_run_and_no_error(tmp_path):
    assert not look(tmp_path / "none", None).is_ready
    drop(tmp_path, ".hidden")
    (tmp_path / "file").write_text("x")
    assert "no app directories" in look(tmp_path, None).reason


def test_links_are_not_followed(tmp_path):
    outside = tmp_path / "outside"
    drop(outside, "secret")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "link").symlink_to(outside)
    assert "no app directories" in look(inbox, None).reason

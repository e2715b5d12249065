"""The published repository, with real git: one commit per date through reruns, kills, rejected pushes and outages."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import pytest
from pydantic import SecretStr

from eval_pipeline.model import Cohort, InputError
from eval_pipeline.publishing.locks import LockedError, exclusive
from eval_pipeline.publishing.repository import PublishError, publish_report
from eval_pipeline.reporting.report import load_report, report_bytes, report_schema
from eval_pipeline.reporting.timeseries import from_csv
from eval_pipeline_tests.reporting.examples import DATE, HOSTILE, app, failed_generation, not_tried, report

APP = f"apps/{DATE}/template/fares"


def git(folder: Path, *arguments: str, **environment: str) -> str:
    """git as a person would run it, apart from the code under test."""
    return subprocess.run(
        ["git", "-c", "protocol.file.allow=always", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.defpath, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"} | environment,
    ).stdout


def commits(folder: Path, ref: str = "main") -> list[str]:
    return git(folder, "log", "--reverse", "--format=%s", ref).splitlines()


@pytest.fixture
def remote(tmp_path) -> Path:
    folder = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(folder)], check=True)
    return folder


@pytest.fixture
def to_remote(settings, remote):
    return settings.model_copy(update={"publish_remote": str(remote)})


@pytest.fixture
def day(write_app):
    """A day's report whose app sources are stored."""

    def make(date: str = DATE, spec: dict[str, str | None] | None = None, files: dict[str, str] | None = None):
        pair = app("fares", spec, cohort=Cohort(date=date, generator="template"))
        write_app(pair[0], files)
        return report([pair], date=date)

    return make


def test_a_day_becomes_one_commit_with_everything_in_its_place(settings, store, day):
    published = publish_report(day(), store, settings)
    folder = settings.home / "publish"
    assert git(folder, "ls-files").splitlines() == [
        "README.md",
        f"{APP}/GENERATION.md",
        f"{APP}/package.json",
        f"{APP}/run.sh",
        f"{APP}/src/index.ts",
        "docs/METRICS.md",
        "docs/REPRODUCTION.md",
        "docs/report.schema.json",
        f"evaluations/{DATE}_report.json",
        f"evaluations/{DATE}_summary.md",
        "metrics_timeseries.csv",
    ]
    assert git(folder, "status", "--porcelain") == ""
    assert published.is_changed and published.remote is None and published.left_out == ()
    assert git(folder, "rev-parse", "HEAD").strip() == published.commit
    assert os.access(folder / APP / "run.sh", os.X_OK)
    assert (folder / f"evaluations/{DATE}_report.json").read_bytes() == report_bytes(day())
    assert from_csv((folder / "metrics_timeseries.csv").read_text())[0]["success_rate"] == 1.0
    shown = git(folder, "log", "-1", "--format=%an <%ae>|%ct|%(trailers:key=Evaluation-Date,valueonly)")
    assert shown.strip() == f"eval-pipeline <eval-pipeline@localhost>|{int(day().timestamp.timestamp())}|{DATE}"
    git(folder, "fsck", "--strict")


def test_a_rerun_makes_no_commit_and_a_changed_day_makes_one_that_says_so(settings, store, day):
    first = publish_report(day(), store, settings)
    again = publish_report(day(), store, settings)
    assert (again.commit, again.is_changed) == (first.commit, False)
    publish_report(day("2026-11-20"), store, settings)
    assert publish_report(day(), store, settings) == again, "a later day does not move this one's commit"
    changed = publish_report(day(spec={"tests_pass": "no_tests"}), store, settings)
    assert changed.is_changed
    assert commits(settings.home / "publish") == [
        f"Evaluation of {DATE}",
        "Evaluation of 2026-11-20",
        f"Update evaluation of {DATE}",
    ]
    rows = from_csv((settings.home / "publish" / "metrics_timeseries.csv").read_text())
    assert [(row["date"], row["success_rate"]) for row in rows] == [("2026-11-20", 1.0), (DATE, 0.0)]


def test_a_day_published_again_loses_what_it_no_longer_has_and_touches_no_other(settings, store, day, write_app):
    publish_report(day("2026-11-20"), store, settings)
    tips = app("tips", cohort=Cohort(date=DATE, generator="claude", repeat=2))
    write_app(tips[0])
    publish_report(report([app("fares"), tips]), store, settings)
    folder = settings.home / "publish"
    assert (folder / f"apps/{DATE}/claude-r2/tips/package.json").exists()
    before = git(folder, "rev-parse", "HEAD:apps/2026-11-20")
    publish_report(day(), store, settings)
    assert not (folder / f"apps/{DATE}/claude-r2").exists()
    assert git(folder, "rev-parse", "HEAD:apps/2026-11-20") == before
    assert {row["generator"] for row in from_csv((folder / "metrics_timeseries.csv").read_text())} == {"template"}


def test_nothing_changes_when_only_our_own_documents_do(settings, store, day, monkeypatch):
    first = publish_report(day(), store, settings)
    from eval_pipeline.publishing import layout

    files = layout.support_files()
    monkeypatch.setattr(layout, "support_files", lambda: files | {"README.md": b"newer\n"})
    assert publish_report(day(), store, settings).commit == first.commit
    assert len(commits(settings.home / "publish")) == 1
    publish_report(day("2026-11-22"), store, settings)
    assert (settings.home / "publish" / "README.md").read_text() == "newer\n"


def test_sensitive_files_never_enter_and_are_listed(settings, store, day):
    secret = "xoxb-our-own-webhook-secret"
    with_secret = settings.model_copy(update={"databricks_token": SecretStr(secret)})
    files = {
        ".env": "A=1",
        "a/b/c/.env.local": "A=1",
        "a/node_modules/x/index.js": "x",
        "deep/er/id_rsa": "key",
        "notes.txt": f"token {secret}",
        ".gitattributes": "* filter=evil working-tree-encoding=UTF-16 eol=crlf",
        ".gitignore": "*\n!.gitignore\n",
        ".env.example": "A=\n",
    }
    day(files=files)
    store.path(f"{APP}/link").symlink_to("/etc/passwd")
    reasoned = app("fares", {"tests_pass": "tests_failed"}, reason=f"printed {secret}")
    published = publish_report(report([reasoned]), store, with_secret)
    folder = settings.home / "publish"
    tracked = git(folder, "ls-files", APP).splitlines()
    assert [Path(path).name for path in tracked] == [
        ".env.example", ".gitignore", "GENERATION.md", "package.json", "run.sh", "index.ts",
    ]  # fmt: skip
    assert {item.path.removeprefix(APP + "/"): item.reason for item in published.left_out} == {
        ".env": "may hold credentials",
        ".gitattributes": "version control",
        "a/b/c/.env.local": "may hold credentials",
        "a/node_modules": "installed dependencies",
        "deep/er/id_rsa": "may hold credentials",
        "link": "is a link",
        "notes.txt": "holds one of our secrets",
    }
    everything = git(folder, "log", "-p", "--all", "--text")
    assert secret not in everything
    assert "holds one of our secrets" in (folder / APP / "GENERATION.md").read_text()


def test_hostile_words_are_text_in_every_page(settings, store, write_app):
    pair = app("fares", {"tests_pass": "tests_failed"}, reason=HOSTILE)
    prompt = pair[0].prompt.model_copy(update={"text": "```\n<script>alert(1)</script>\n````\n# not a heading"})
    write_app(pair[0], {"GENERATION.md": "# mine"})
    published = publish_report(report([(pair[0].model_copy(update={"prompt": prompt}), pair[1])]), store, settings)
    folder = settings.home / "publish"
    page = (folder / APP / "GENERATION.md").read_text()
    assert page.startswith("# How `fares` was made\n")
    assert "`````text\n```\n<script>" in page
    outside = re.sub(r"`````text.*?`````", "", page, flags=re.DOTALL)
    assert "<" not in re.sub(r"`[^`]*`", "", outside)
    assert [item.reason for item in published.left_out] == ["its name is this repository's"]
    data = (folder / f"evaluations/{DATE}_report.json").read_bytes()
    assert load_report(data).apps[0].app_name == "fares"
    jsonschema.validate(json.loads(data), report_schema(), jsonschema.Draft202012Validator)


def test_apps_that_were_not_made_are_in_the_report_only(settings, store, day):
    publish_report(report([failed_generation("none"), not_tried("later")]), store, settings)
    assert not (settings.home / "publish" / "apps").exists()


def test_an_app_whose_sources_are_gone_stays_as_it_was_published(settings, store, day):
    publish_report(day(), store, settings)
    store.delete(APP)
    again = publish_report(report([app("fares"), app("tips")]), store, settings)
    assert (settings.home / "publish" / APP / "src/index.ts").exists()
    assert [(item.path, item.reason) for item in again.left_out] == [
        (f"apps/{DATE}/template/tips", "its sources are no longer stored")
    ]


def test_the_remote_gets_every_day_and_a_new_home_goes_on_from_it(to_remote, store, day, remote, tmp_path):
    publish_report(day("2026-11-20"), store, to_remote)
    publish_report(day(), store, to_remote)
    assert commits(remote) == ["Evaluation of 2026-11-20", f"Evaluation of {DATE}"]
    elsewhere = to_remote.model_copy(update={"pipeline_home": tmp_path / "elsewhere"})
    assert not publish_report(day(), store, elsewhere).is_changed
    assert publish_report(day("2026-11-22"), store, elsewhere).is_changed
    publish_report(day("2026-11-23"), store, to_remote)
    assert len(commits(remote)) == 4
    assert len(from_csv(git(remote, "show", "main:metrics_timeseries.csv"))) == 4


def test_a_push_that_another_clone_beat_is_made_again_on_top(to_remote, store, day, remote, tmp_path):
    publish_report(day("2026-11-20"), store, to_remote)
    # The other machine's day is ready on a side branch; the remote's hook moves main to it while our push arrives.
    elsewhere = to_remote.model_copy(update={"pipeline_home": tmp_path / "elsewhere"})
    publish_report(day("2026-11-22"), store, elsewhere)
    theirs = git(remote, "rev-parse", "main").strip()
    git(remote, "update-ref", "refs/heads/theirs", theirs)
    git(remote, "update-ref", "refs/heads/main", f"{theirs}~1")
    hook = remote / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        f"git update-ref refs/heads/main {theirs} && rm hooks/pre-receive\n"
    )
    hook.chmod(0o755)
    published = publish_report(day(), store, to_remote)
    assert not hook.exists(), "the hook ran"
    assert commits(remote) == ["Evaluation of 2026-11-20", "Evaluation of 2026-11-22", f"Evaluation of {DATE}"]
    assert git(remote, "rev-parse", "main").strip() == published.commit
    assert len(from_csv(git(remote, "show", "main:metrics_timeseries.csv"))) == 3
    assert published.is_changed
    git(remote, "fsck", "--strict")


def test_a_remote_that_always_refuses_is_an_error_that_keeps_the_commit(to_remote, store, day, remote):
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho frozen >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PublishError, match=r"could not be pushed; it goes out with the next.*frozen"):
        publish_report(day(), store, to_remote)
    hook.unlink()
    assert commits(to_remote.home / "publish") == [f"Evaluation of {DATE}"]
    assert not publish_report(day(), store, to_remote).is_changed
    assert commits(remote) == [f"Evaluation of {DATE}"]


def test_days_made_during_an_outage_go_out_when_it_ends_even_when_others_pushed(
    to_remote, store, day, remote, tmp_path
):
    publish_report(day("2026-11-19"), store, to_remote)
    hidden = remote.rename(tmp_path / "hidden.git")
    with pytest.raises(PublishError, match=r"publishing 2026-11-20 failed; run it again later: git ls-remote failed"):
        publish_report(day("2026-11-20"), store, to_remote)
    hidden.rename(remote)
    # A day that was committed locally while pushes were refused, and another machine's day on the remote.
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PublishError):
        publish_report(day("2026-11-20"), store, to_remote)
    hook.unlink()
    elsewhere = to_remote.model_copy(update={"pipeline_home": tmp_path / "elsewhere"})
    publish_report(day("2026-11-22"), store, elsewhere)
    publish_report(day(), store, to_remote)
    assert commits(remote) == [f"Evaluation of 2026-11-{n}" for n in (19, 22, 20, 21)]
    assert [row["date"] for row in from_csv(git(remote, "show", "main:metrics_timeseries.csv"))] == [
        f"2026-11-{n}" for n in (19, 20, 21, 22)
    ]
    assert git(remote, "show", "main:apps/2026-11-20/template/fares/package.json") == "{}\n"


PUBLISH = """
import sys
from pathlib import Path
from eval_pipeline.publishing.repository import publish_report
from eval_pipeline.reporting.report import load_report
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
home, remote, report = sys.argv[1:]
settings = Settings(pipeline_home=Path(home), publish_remote=remote or None)
publish_report(load_report(Path(report).read_bytes()), ArtifactStore(settings.home), settings)
"""


def start_publishing(settings, built, tmp_path) -> subprocess.Popen:
    (tmp_path / "report.json").write_bytes(report_bytes(built))
    arguments = [str(settings.home), settings.publish_remote or "", str(tmp_path / "report.json")]
    return subprocess.Popen([sys.executable, "-c", PUBLISH, *arguments])


def wait_for(condition, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_a_run_killed_between_commit_and_push_is_finished_by_the_next(to_remote, store, day, remote, tmp_path):
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\ntouch reached\nwhile [ -e reached ]; do sleep 0.05; done\nexit 1\n")
    hook.chmod(0o755)
    process = start_publishing(to_remote, day(), tmp_path)
    wait_for((remote / "reached").exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert commits(to_remote.home / "publish") == [f"Evaluation of {DATE}"]
    assert git(remote, "for-each-ref") == ""
    # The push of the killed run is still under way and holds the lock: the next run waits for its end.
    with pytest.raises(LockedError), exclusive(to_remote.home / ".publish.lock", "it", seconds=0):
        pass
    hook.unlink()
    (remote / "reached").unlink()
    assert not publish_report(day(), store, to_remote).is_changed
    assert commits(remote) == [f"Evaluation of {DATE}"]


def test_a_run_killed_at_any_moment_is_finished_by_the_next(settings, store, day, tmp_path):
    publish_report(day("2026-11-20"), store, settings)
    built = day(files={f"src/f{i}.ts": "x" * 2000 for i in range(300)})
    lock = settings.home / ".publish.lock"
    for delay in (0.0, 0.05, 0.1, 0.2, 0.3):
        lock.unlink()
        process = start_publishing(settings, built, tmp_path)
        wait_for(lock.exists)
        time.sleep(delay)
        process.kill()
        process.wait()
    published = publish_report(built, store, settings)
    folder = settings.home / "publish"
    assert commits(folder) == ["Evaluation of 2026-11-20", f"Evaluation of {DATE}"]
    assert git(folder, "status", "--porcelain", "--ignored") == ""
    assert git(folder, "rev-parse", "HEAD").strip() == published.commit
    git(folder, "fsck", "--strict")


def test_locks_and_half_written_files_of_a_killed_git_are_cleared(settings, store, day):
    publish_report(day(), store, settings)
    folder = settings.home / "publish"
    for name in ("index.lock", "HEAD.lock", "refs/heads/main.lock", "config.lock", "packed-refs.lock"):
        (folder / ".git" / name).write_text("")
    (folder / ".git" / "index").write_bytes(b"torn")
    (folder / APP / "package.json").write_text("half")
    (folder / "README.md").unlink()
    publish_report(day("2026-11-22"), store, settings)
    assert len(commits(folder)) == 2
    assert git(folder, "status", "--porcelain") == ""


def test_parallel_runs_of_a_backfill_take_turns(to_remote, store, day, remote):
    dates = [f"2026-11-{n:02}" for n in range(1, 7)]
    built = [day(date) for date in dates]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda one: publish_report(one, store, to_remote), built))
    assert all(result.is_changed for result in results)
    assert sorted(commits(remote)) == [f"Evaluation of {date}" for date in dates]
    assert len(from_csv(git(remote, "show", "main:metrics_timeseries.csv"))) == 6


def test_the_hosts_git_configuration_hooks_and_repository_are_not_used(to_remote, store, day, tmp_path, monkeypatch):
    home = to_remote.home
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "reference-transaction", "post-checkout", "post-index-change", "pre-push"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    (tmp_path / ".gitconfig").write_text(
        f'[core]\nhooksPath={hooks}\nexcludesFile={tmp_path}/ignore\n[url "file:///nowhere/"]\ninsteadOf={tmp_path}/\n'
    )
    (tmp_path / "ignore").write_text("*\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    subprocess.run(["git", "init", "--quiet", str(home)], check=True, env={"PATH": os.defpath})
    publish_report(day(), store, to_remote)
    shutil.copytree(hooks, home / "publish" / ".git" / "hooks", dirs_exist_ok=True)
    publish_report(day("2026-11-22"), store, to_remote)
    assert not (tmp_path / "ran").exists() and not (tmp_path / "index").exists()
    assert len(commits(home / "publish")) == 2


def test_a_remote_that_needs_a_password_fails_at_once_without_showing_one(settings, store, day):
    url = "http://someone:pass-word-1@127.0.0.1:9/x.git"
    started = time.monotonic()
    with pytest.raises(PublishError) as caught:
        publish_report(day(), store, settings.model_copy(update={"publish_remote": url}))
    assert "pass-word-1" not in str(caught.value)
    assert time.monotonic() - started < 20


def test_commits_of_a_person_are_never_thrown_away(to_remote, store, day, remote, tmp_path):
    publish_report(day("2026-11-20"), store, to_remote)
    folder = to_remote.home / "publish"
    (folder / "mine.txt").write_text("mine")
    git(folder, "add", "mine.txt")
    who = {f"GIT_{role}_{part}": "a@b" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    git(folder, "commit", "-m", "mine", **who)
    elsewhere = to_remote.model_copy(update={"pipeline_home": tmp_path / "elsewhere"})
    publish_report(day("2026-11-22"), store, elsewhere)
    with pytest.raises(InputError, match="not a published day and not on the remote"):
        publish_report(day(), store, to_remote)
    assert (folder / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("publish_author", "nobody", "EVAL_PUBLISH_AUTHOR 'nobody' is not of the form"),
        ("publish_author", "a <b>\nauthor c <d>", "EVAL_PUBLISH_AUTHOR"),
        ("publish_branch", "a..b", "EVAL_PUBLISH_BRANCH 'a..b' is not a branch name"),
        ("publish_branch", "--upload-pack=x y", "EVAL_PUBLISH_BRANCH"),
    ],
)
def test_settings_that_git_cannot_use_are_named(settings, store, day, setting, value, message):
    with pytest.raises(InputError, match=message):
        publish_report(day(), store, settings.model_copy(update={setting: value}))


def test_a_branch_of_another_name_and_a_file_in_the_way(settings, store, day):
    publish_report(day(), store, settings.model_copy(update={"publish_branch": "reports/daily"}))
    assert commits(settings.home / "publish", "reports/daily") == [f"Evaluation of {DATE}"]
    elsewhere = settings.model_copy(update={"pipeline_home": settings.home / "second"})
    elsewhere.home.mkdir()
    (elsewhere.home / "publish").write_text("")
    with pytest.raises(PublishError, match="File exists"):
        publish_report(day(), store, elsewhere)


def test_a_full_disk_is_an_error_that_a_rerun_mends(settings, store, day, monkeypatch):
    import tempfile

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", full)
        with pytest.raises(PublishError, match="No space left on device"):
            publish_report(day(), store, settings)
    publish_report(day(), store, settings)
    assert commits(settings.home / "publish") == [f"Evaluation of {DATE}"]


def test_a_broken_time_series_in_the_repository_is_named(to_remote, store, day, remote, tmp_path):
    publish_report(day(), store, to_remote)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(remote), str(clone))
    (clone / "metrics_timeseries.csv").write_text("date,generator,repeat\nnever,x,1\n")
    who = {f"GIT_{role}_{part}": "a@b" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    git(clone, "commit", "-am", "broken", **who)
    git(clone, "push", "--quiet", "origin", "main")
    with pytest.raises(InputError, match=r"metrics_timeseries\.csv.*line 2"):
        publish_report(day("2026-11-22"), store, to_remote)

"""Publishes a day to a git repository: one commit per date, however often it runs and wherever it is killed.

Everything under a date's paths follows from the date's report and app sources, so a second run with the same report
changes nothing and makes no commit; when a date was judged anew and says something else, a commit `Update evaluation of
DATE` replaces that date's paths and no other's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eval_pipeline.model import EvaluatorError, InputError, Value
from eval_pipeline.publishing import layout
from eval_pipeline.publishing.git import NETWORK_SECONDS, Blob, Commit, Existing, Git, GitError
from eval_pipeline.publishing.locks import LockedError, exclusive
from eval_pipeline.publishing.sources import LeftOut, check_app_name, collect_sources
from eval_pipeline.reporting import figures
from eval_pipeline.reporting.report import Report, load_report, masked, report_bytes
from eval_pipeline.reporting.summary import summary_markdown
from eval_pipeline.reporting.timeseries import from_csv, rows_from_report, to_csv, upsert
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline.text import one_line

PUSH_ATTEMPTS = 3

_AUTHOR = re.compile(r"[^<>\n\0]+ <[^<>\n\0 ]+>")
_TRAILER = "Evaluation-Date"
_NEXT = "refs/eval-pipeline/next"


class PublishError(EvaluatorError):
    """The day could not be published, or not pushed; publishing it again goes on from there."""


class Published(Value):
    """What publishing a day came to."""

    commit: str
    """The date's commit; the same however often the date is published and whatever comes after it."""
    is_changed: bool
    """Whether this made a commit; false when the repository held the same already."""
    remote: str | None
    """Where it was pushed, without credentials; None for the local repository only."""
    left_out: tuple[LeftOut, ...]
    """Files of apps that were not published, by path in the repository."""


def publish_report(report: Report, store: ArtifactStore, settings: Settings) -> Published:
    """Puts a day's report, summary, apps and time-series rows into the published repository, HOME/publish.

    With EVAL_PUBLISH_REMOTE the repository follows that remote and the commit is pushed; when someone else pushed
    meanwhile, it is made again on top of theirs. A commit that could not be pushed stays and goes out with the next.

    Raises:
        InputError: a setting is wrong, or the repository holds something that only a person can sort out.
        PublishError: git failed, the remote cannot be reached, or another process held the repository too long.
    """
    if not _AUTHOR.fullmatch(settings.publish_author):
        raise InputError(f"EVAL_PUBLISH_AUTHOR {settings.publish_author!r} is not of the form: Name <address>")
    secrets = settings.secret_values()
    try:
        with exclusive(settings.home / ".publish.lock", "the published repository") as lock:
            git = Git(settings.home / "publish", secrets, inherited=(lock,))
            return _Publisher(git, store, settings).publish(masked(report, secrets))
    except (GitError, LockedError) as error:
        raise PublishError(f"publishing {report.date} failed; run it again later: {error}") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PublishError(f"publishing {report.date} failed; run it again later: {reason}") from error


class _Publisher:
    """One publishing, under the lock."""

    def __init__(self, git: Git, store: ArtifactStore, settings: Settings) -> None:
        self._git = git
        self._store = store
        self._settings = settings
        self._remote = settings.publish_remote
        self._branch = f"refs/heads/{settings.publish_branch}"
        self._left_out: list[LeftOut] = []

    def publish(self, report: Report) -> Published:
        git = self._git
        if git.attempt("check-ref-format", self._branch, in_repository=False)[0] != 0:
            raise InputError(f"EVAL_PUBLISH_BRANCH {self._settings.publish_branch!r} is not a branch name")
        git.init(self._settings.publish_branch)
        self._check_out()
        before = self._catch_up()
        commit = self._commit_day(report, before, self._day_entries(report, before))
        self._move_branch(commit)
        commit = self._push(commit)
        git.attempt("gc", "--auto", "--quiet")  # housekeeping: the day is published whatever comes of it
        return Published(
            commit=self._commit_of_day(commit, report.date),
            is_changed=commit != before and self._holds_change(before, commit, report.date),
            remote=one_line(self._shown_remote(), 200) if self._remote else None,
            left_out=tuple(self._left_out),
        )

    def _catch_up(self) -> str | None:
        """The commit to build on: the local branch, put on top of what the remote has."""
        local = self._git.resolve(self._branch)
        remote = self._fetch()
        if remote is None or local == remote:
            return local
        base = self._on_top_of(local, remote) if local else remote
        self._move_branch(base)
        return base

    def _fetch(self) -> str | None:
        """The remote branch's commit; None without a remote, or when it is empty."""
        if not self._remote:
            return None
        listing = self._git.run(
            "ls-remote", "--heads", "--end-of-options", self._remote, self._branch, seconds=NETWORK_SECONDS
        )
        if not listing.strip():
            return None
        head = listing.split()[0].decode()
        tracking = "refs/remotes/origin/" + self._settings.publish_branch
        self._git.run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--end-of-options",
            self._remote,
            f"+{self._branch}:{tracking}",
            seconds=NETWORK_SECONDS,
        )
        return self._git.resolve(tracking) or head

    def _on_top_of(self, local: str, remote: str) -> str:
        """The remote's commit with our unpushed days made again on top of it.

        A rebase would conflict wherever two days add a line to the time series; a day can always be made again.
        """
        if self._is_ancestor(remote, local):
            return local
        base = remote
        for ours in self._git.run("rev-list", "--reverse", f"{remote}..{local}").decode().split():
            message = self._git.run("log", "-1", f"--format=%(trailers:key={_TRAILER},valueonly)", ours)
            date = message.decode(errors="replace").strip()
            stored = self._git.read(ours, layout.report_path(date)) if date else None
            if stored is None:
                raise InputError(
                    f"commit {ours[:12]} in HOME/publish is not a published day and not on the remote: "
                    "push it by hand, or delete HOME/publish"
                )
            paths = (layout.apps_folder(date), layout.report_path(date), layout.summary_path(date))
            entries = [found for path in paths if (found := self._git.existing(ours, path))]
            base = self._commit_day(load_report(stored), base, entries)
        return base

    def _is_ancestor(self, older: str, newer: str) -> bool:
        return self._git.attempt("merge-base", "--is-ancestor", older, newer)[0] == 0

    def _day_entries(self, report: Report, base: str | None) -> Iterator[Blob | Existing]:
        """The date's own files; apps whose sources are no longer stored stay as they were published."""
        for app in report.apps:
            if app.app_uri is None or app.app_dir is None:
                continue
            check_app_name(app.app_name)
            tree = self._store.path(app.app_uri)
            if not tree.is_dir():
                kept = self._git.existing(base, app.app_dir)
                if kept:
                    yield kept
                else:
                    self._left_out.append(LeftOut(path=app.app_dir, reason="its sources are no longer stored"))
                continue
            sources = collect_sources(tree, self._settings.secret_values())
            own_page = {file.path for file in sources.files if file.path.casefold() == "generation.md"}
            left_out = [
                *sources.left_out,
                *(LeftOut(path=path, reason="its name is this repository's") for path in sorted(own_page)),
            ]
            self._left_out += [LeftOut(path=f"{app.app_dir}/{i.path}", reason=i.reason) for i in left_out]
            for file in sources.files:
                if file.path not in own_page:
                    path = f"{app.app_dir}/{file.path}"
                    yield Blob(path=path, data=file.data, is_executable=file.is_executable)
            page = layout.generation_page(app, left_out)
            yield Blob(path=f"{app.app_dir}/{layout.GENERATION_PAGE}", data=page.encode())
        yield Blob(path=layout.report_path(report.date), data=report_bytes(report))
        yield Blob(path=layout.summary_path(report.date), data=summary_markdown(report).encode())

    def _commit_day(self, report: Report, base: str | None, entries: Iterator[Blob | Existing] | list[Existing]) -> str:
        """A commit on `base` in which the date's paths and rows are those given; `base` when they are so already."""
        date = report.date
        try:
            series = from_csv((self._git.read(base, layout.TIMESERIES) or b"").decode(errors="replace"))
        except InputError as error:
            raise InputError(f"{layout.TIMESERIES} of the published repository: {error}") from error
        rows = upsert((row for row in series if row["date"] != date), rows_from_report(report))

        def every() -> Iterator[Blob | Existing]:
            yield from entries
            yield Blob(path=layout.TIMESERIES, data=to_csv(rows).encode())
            for path, data in layout.support_files().items():
                yield Blob(path=path, data=data)

        commit = Commit(
            message=_message(report, is_update=self._git.existing(base, layout.report_path(date)) is not None),
            author=self._settings.publish_author,
            timestamp=int(report.timestamp.timestamp()),
            parent=base,
            removed=(layout.apps_folder(date), layout.report_path(date), layout.summary_path(date)),
        )
        written = self._git.commit(commit, every(), _NEXT)
        self._git.run("update-ref", "-d", _NEXT)
        changed = set(self._git.changed_paths(base, written))
        return base if base and changed <= set(layout.SUPPORT_PATHS) else written

    def _push(self, commit: str) -> str:
        """Pushes; when the remote moved meanwhile, makes our days again on top of it and tries once more."""
        if not self._remote:
            return commit
        for attempt in range(PUSH_ATTEMPTS):
            code, output, errors = self._git.attempt(
                "push",
                "--porcelain",
                "--no-verify",
                "--end-of-options",
                self._remote,
                f"{commit}:{self._branch}",
                seconds=NETWORK_SECONDS,
            )
            if code == 0:
                return commit
            refused = [line for line in output.decode(errors="replace").splitlines() if line.startswith("!")]
            if not refused or attempt == PUSH_ATTEMPTS - 1:
                said = self._git.shown("; ".join(refused).encode() + b" " + errors)
                raise PublishError(f"the commit is made and could not be pushed; it goes out with the next: {said}")
            commit = self._catch_up() or commit
        raise AssertionError("the loop returns or raises")

    def _move_branch(self, commit: str) -> None:
        self._git.run("update-ref", self._branch, commit)
        self._check_out()

    def _check_out(self) -> None:
        """Makes the working tree what the branch says; also after a run that was killed while it did this."""
        if not self._git.resolve(self._branch):
            return
        if self._git.attempt("reset", "--hard", "--quiet")[0] != 0:
            # An index that a power cut tore is no loss: it is made again from the commit.
            (self._git.folder / ".git" / "index").unlink(missing_ok=True)
            self._git.run("reset", "--hard", "--quiet")

    def _holds_change(self, before: str | None, after: str, date: str) -> bool:
        paths = (layout.apps_folder(date), layout.report_path(date), layout.summary_path(date), layout.TIMESERIES)
        return any(self._git.existing(before, path) != self._git.existing(after, path) for path in paths)

    def _commit_of_day(self, head: str, date: str) -> str:
        """The newest commit that changed the date: its own, however many days came after it."""
        paths = (layout.apps_folder(date), layout.report_path(date))
        return self._git.run("rev-list", "-1", head, "--", *paths).decode().strip()

    def _shown_remote(self) -> str:
        return self._git.shown((self._remote or "").encode())


def _message(report: Report, is_update: bool) -> str:
    summary = report.summary
    subject = f"{'Update evaluation' if is_update else 'Evaluation'} of {report.date}"
    return (
        f"{subject}\n\n{figures.headline(report)}\n\n"
        f"{_TRAILER}: {report.date}\n"
        f"Evaluation-Run: {one_line(report.evaluation_run_id, 100)}\n"
        f"Evaluation-Cohorts: {', '.join(report.summaries)}\n"
        f"Evaluation-Apps: {summary.total_apps}\n"
    )

"""What the steps found out about an app: plain values that the metrics judge. No judging here, no running there.

A step that our own side broke raises Trouble instead; the metrics that rest on it become `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eval_pipeline.evaluation.matching import NO_MATCH, Match


class Trouble(Exception):
    """Our own fault (a tool is missing, the sandbox broke, a time-out on an overloaded machine): nothing can be
    said of the app."""


class AppFault(Exception):
    """The app's own fault in a step that others rest on: a failure code and a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class CommandFacts:
    """One command that ran. `tail` is the end of its log, for the reason."""

    exit_code: int | None
    seconds: float
    timed_out: bool = False
    out_of_memory: bool = False
    tail: str = ""


@dataclass(frozen=True)
class BuildFacts:
    command: CommandFacts | None
    """None when the app has nothing to build."""
    artefact: str | None
    has_artefact: bool
    has_start_command: bool
    imports_undeclared: tuple[str, ...] = ()
    """Packages that the built start file imports and `dependencies` does not name."""
    unlocked: tuple[str, ...] = ()
    """Production dependencies that no lockfile and no exact version holds."""


@dataclass(frozen=True)
class TypeFacts:
    command: CommandFacts
    errors: tuple[str, ...]
    error_count: int
    configs: tuple[str, ...]
    files_checked: int
    unchecked: tuple[str, ...]
    has_compiler: bool = True
    suppressions: int = 0
    is_strict: bool = True
    checker: str = "tsc"


@dataclass(frozen=True)
class TestFacts:
    """One package's test run; None for a count that the runner did not report."""

    __test__ = False

    runner: str
    command: CommandFacts | None
    has_report: bool = False
    total: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    suites_failed: int = 0
    coverage_pct: float | None = None
    failures: tuple[str, ...] = ()
    unsupported: str = ""


@dataclass(frozen=True)
class ProbeFacts:
    """The answer of one health or API route. `is_shell` says that a made-up path answers the same."""

    path: str
    status: int
    is_shell: bool = False

    @property
    def is_healthy(self) -> bool:
        return 200 <= self.status < 300 and not self.is_shell


@dataclass(frozen=True)
class StatementFacts:
    state: str
    auth: str
    error_code: str | None
    sql: str


@dataclass(frozen=True)
class VisitFacts:
    status: int | None
    problem: str = ""
    text_length: int = 0
    text_start: str = ""
    is_blank: bool = False
    page_errors: tuple[str, ...] = ()
    console_errors: tuple[str, ...] = ()
    match: Match = NO_MATCH


@dataclass(frozen=True)
class DataFacts:
    """What the app sent before and after its rows were changed."""

    api_replies: int
    api_errors: int
    document_is_data: bool
    before: Match
    after: Match
    is_distinctive: bool
    """Whether the endpoint served anything that can be told from chance."""
    is_changed_by_rows: bool = True
    """Whether the endpoint served other rows after the tables were changed."""
    is_fixed: bool = False
    """Whether it served distinctive values again, and none was new: tables that no seed changes."""
    has_own_values: bool = False
    """Whether the replies carry distinctive values that are in the app's sources."""
    is_unchanged: bool = False
    """Whether every replayed reply was the same after the change."""
    restarted: bool = False


@dataclass(frozen=True)
class RunFacts:
    """The app started, visited, and asked again."""

    port: int
    listening: bool
    other_ports: tuple[int, ...] = ()
    exited: bool = False
    exit_code: int | None = None
    startup_seconds: float | None = None
    tail: str = ""
    probes: tuple[ProbeFacts, ...] = ()
    api_route: str | None = None
    """A real API route seen from the page, when no health route answers."""
    is_static: bool = False
    """Whether the app is a static client: `probes` are then its page, or a file that was not served."""
    alive_after_visit: bool = False
    modules_missing: tuple[str, ...] = ()
    """Modules that the running app said it could not import."""
    visit: VisitFacts | None = None
    statements: tuple[StatementFacts, ...] = ()
    refused: int = 0
    data: DataFacts | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def health(self) -> ProbeFacts | None:
        return next((p for p in self.probes if p.is_healthy), None)

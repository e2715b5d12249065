"""Starts the built app beside the SQL endpoint, probes it, visits it in a browser, and asks it again after its
rows changed."""

from __future__ import annotations

import json
import random
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.evaluation.facts import ProbeFacts, RunFacts, StatementFacts, Trouble, VisitFacts
from eval_pipeline.evaluation.matching import NO_MATCH, KnownBeforehand, find, read_text
from eval_pipeline.evaluation.stacks.base import Project
from eval_pipeline.evaluation.steps.app_client import AppClient
from eval_pipeline.evaluation.steps.app_environment import CA_PATH, app_environment, user_headers
from eval_pipeline.evaluation.steps.bench import Bench, is_machine_overloaded, read_log, telling_lines
from eval_pipeline.evaluation.steps.data import API_TYPES, ask_again, values_of
from eval_pipeline.evaluation.steps.health import is_catch_all, page_probes, probe
from eval_pipeline.evaluation.steps.page_watch import PageWatch, slowness
from eval_pipeline.evaluation.steps.routes import ask_described
from eval_pipeline.evaluation.verdicts import short
from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import Mount, RunningProcess
from eval_pipeline.sandbox.browser import BrowserPool, Visit
from eval_pipeline.workspace import AppSession

WRONG_PORT_SECONDS = 1.0
"""How often the open ports are listed; one that is open twice, while the given one is not, is the wrong one."""
VISIT_SECONDS = 12.0
STOP_SECONDS = 0.3
END_SECONDS = 1.0
"""For a process to end that has just closed its port."""

_POLL_SECONDS = 0.015
_MISSING = re.compile(
    r"^ModuleNotFoundError: No module named '([A-Za-z_]\w*)'$|"
    r"\bCannot find (?:package|module) '(@[^'/\n]+/[^'/\n]+|[A-Za-z][^'/\n]*)",
    re.MULTILINE,
)
_ENDPOINT_PORT = 443


@dataclass
class RunningApp:
    """The started app with its session; `restart` gives it a fresh process with nothing remembered."""

    bench: Bench
    copy: Path
    session: AppSession
    ca_file: Path
    host_name: str
    unsandboxed_url: str
    port: int
    process: RunningProcess | None = None
    starts: int = 0

    def start(self) -> RunningProcess:
        """Starts the app; its endpoint is there before it runs.

        Raises:
            Trouble: the sandbox or the endpoint could not be set up.
        """
        start = self.bench.project.start
        assert start is not None
        is_isolated = self.bench.sandbox.is_isolated
        env = app_environment(
            self.bench.project,
            self.session,
            self.port,
            f"https://{self.host_name}" if is_isolated else self.unsandboxed_url,
            CA_PATH if is_isolated else str(self.ca_file),
        )
        mounts = (Mount(self.ca_file, CA_PATH),) if is_isolated else ()
        command = self.bench.command(
            list(start.argv),
            self.copy,
            start.folder,
            # Beyond the app's own time: a server that we stopped must not look like one that died.
            seconds=self.bench.remaining(600) + 120,
            env=env,
            network="app",
            hosts={self.host_name: "127.0.0.1"},
            mounts=mounts,
        )
        log = self.bench.evidence / ("server.log" if self.starts == 0 else f"server-{self.starts + 1}.log")
        self.starts += 1
        try:
            self.process = self.bench.sandbox.start(command, log)
            if is_isolated:
                self.session.serve(self.process.listen(_ENDPOINT_PORT))
        except (EvaluatorError, OSError) as error:
            raise Trouble(f"start: {error}") from error
        return self.process

    def restart(self) -> RunningProcess:
        assert self.process is not None
        self.process.stop(STOP_SECONDS)
        return self.start()

    def await_port(self) -> tuple[bool, tuple[int, ...]]:
        """Waits until the app listens on its port; also the other ports that it listens on."""
        assert self.process is not None
        began = time.monotonic()
        deadline = began + self.bench.remaining(self.bench.project.start_seconds)
        others: set[int] = set()
        look_at = began + WRONG_PORT_SECONDS
        while time.monotonic() < deadline:
            if self._answers():
                return True, ()
            if not self.process.alive:
                return False, ()
            if self.bench.sandbox.is_isolated and time.monotonic() > look_at:
                # The kernel takes milliseconds to list the ports, so that is not what is polled.
                seen, others = others, self.process.listening_ports() - {_ENDPOINT_PORT}
                if seen & others:
                    break
                look_at = time.monotonic() + WRONG_PORT_SECONDS
            time.sleep(_POLL_SECONDS)
        return False, tuple(sorted(others))

    def _answers(self) -> bool:
        assert self.process is not None
        try:
            self.process.connect(self.port, 1.0).close()
        except OSError:
            return False
        return True


def run_app(
    app: RunningApp, browsers: BrowserPool, known: Callable[[], KnownBeforehand], reseed: Callable[[], None]
) -> RunFacts:
    """The whole run. `known` is called when it is first needed: it is worked out beside the build.

    Raises:
        Trouble: the sandbox, the browser or the endpoint broke, or the machine was overloaded.
    """
    began = time.monotonic()
    process = app.start()
    try:
        listening, others = app.await_port()
        startup = time.monotonic() - began
        if not listening:
            exited = not process.alive
            if not exited and not others and is_machine_overloaded():
                raise Trouble("start: out of time on an overloaded machine")
            return _not_up(app, others, exited, startup)
        return _use(app, browsers, known(), reseed, startup)
    except EvaluatorError as error:
        raise Trouble(f"run: {error}") from error
    finally:
        if app.process is not None:
            app.process.stop(0)


def _not_up(app: RunningApp, others: tuple[int, ...], exited: bool, startup: float) -> RunFacts:
    assert app.process is not None
    code = app.process.exit_code
    tail = telling_lines(app.process.stop(0).log)
    return RunFacts(app.port, False, others, exited, code, None, tail, seconds={"start": round(startup, 3)})


def _ends_without_an_answer(process: RunningProcess, probes: Sequence[ProbeFacts]) -> bool:
    """Whether a server that took connections before its app was loaded ended because that could not be (gunicorn)."""
    deadline = time.monotonic() + END_SECONDS
    while probes and not any(p.status for p in probes):
        if not process.alive:
            return True
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    return False


def _use(
    app: RunningApp, browsers: BrowserPool, known: KnownBeforehand, reseed: Callable[[], None], startup: float
) -> RunFacts:
    process, session, evidence = app.process, app.session, app.bench.evidence
    assert process is not None
    headers = user_headers(session)
    seconds = {"start": round(startup, 3)}
    began = time.monotonic()
    with AppClient(process, app.port, headers) as client:
        probes = probe(client, app.bench.project.health_routes)
    if _ends_without_an_answer(process, probes):
        return _not_up(app, (), True, startup)
    shots = {name: evidence / f"screenshot-{name}.png" for name in ("desktop", "phone")}
    visit = (
        _visit(app, browsers, headers, PageWatch(session, known, process, app.bench.project.serves_data), shots)
        if process.alive
        else None
    )
    if visit is not None and process.alive and not _has_api_reply(visit):
        with AppClient(process, app.port, headers) as client:
            visit.requests += ask_described(client, app.bench.project.tree)
    is_static = not app.bench.project.serves_data
    if is_static and visit is not None:
        probes = page_probes(visit)
    seconds["visit"] = round(time.monotonic() - began, 3)
    statements = session.statements
    began = time.monotonic()
    alive, data, api_route, code = process.alive, None, None, None
    if alive and visit is not None:
        with AppClient(process, app.port, headers) as client:
            if not any(p.is_healthy for p in probes):
                api_route = _api_route(client, visit) or _own_page(client, app.bench.project)
        if any(s.state == "SUCCEEDED" for s in statements):

            def revisit() -> Visit:
                assert app.process is not None
                return _visit(
                    app, browsers, headers, PageWatch(session, known, app.process, app.bench.project.serves_data), {}
                )

            data = ask_again(app, visit, headers, statements, known, reseed, revisit)
        alive = process.alive or app.starts > 1
    if not alive:
        code = process.exit_code
    seconds["data"] = round(time.monotonic() - began, 3)
    _write_evidence(evidence, visit, statements)
    return RunFacts(
        port=app.port,
        listening=True,
        exit_code=code,
        startup_seconds=round(startup, 3),
        tail="" if alive else telling_lines(evidence / "server.log"),
        probes=probes,
        api_route=api_route,
        is_static=is_static,
        alive_after_visit=alive,
        modules_missing=modules_missing(read_log(evidence / "server.log")),
        visit=_visit_facts(visit, statements, known) if visit is not None else None,
        statements=tuple(StatementFacts(s.state, s.auth, s.error_code, short(s.sql, 500)) for s in statements),
        refused=len(session.rejected),
        data=data,
        seconds=seconds,
    )


def _visit(
    app: RunningApp, browsers: BrowserPool, headers: dict[str, str], watch: PageWatch, shots: dict[str, Path]
) -> Visit:
    assert app.process is not None
    try:
        with browsers.open(app.process, app.port, headers=headers) as site:
            seconds = app.bench.remaining(VISIT_SECONDS * slowness())
            return site.visit("/", until=watch, timeout_seconds=seconds, screenshots=shots)
    except EvaluatorError as error:
        raise Trouble(f"browser: {error}") from error


def _has_api_reply(visit: Visit) -> bool:
    return any(
        r.resource_type in API_TYPES and r.status and r.status < 400 and "json" in (r.content_type or "")
        for r in visit.requests
    )


def _api_route(client: AppClient, visit: Visit) -> str | None:
    """A route that the page's code called and that answers for itself."""
    for request in visit.requests:
        if request.resource_type in ("xhr", "fetch") and request.status and 200 <= request.status < 300:
            reply = client.request(request.method, request.path, request.post_data, request.headers)
            if reply.is_ok and not is_catch_all(client, request.path, reply, request.method):
                return request.path.split("?")[0]
    return None


def _visit_facts(visit: Visit, statements: list, known: KnownBeforehand) -> VisitFacts:
    text = read_text([("text/plain", visit.text)])
    problem = visit.load_error or ""
    if visit.is_hung or visit.has_crashed:
        problem = (
            "the page kept the browser busy for ever" if visit.is_hung else "the page used up the browser's memory"
        )
    return VisitFacts(
        status=visit.status,
        problem=problem,
        text_length=len(visit.text),
        text_start=short(visit.text, 1500),
        is_blank=visit.is_blank,
        page_errors=tuple(short(e, 300) for e in visit.page_errors[:10]),
        console_errors=tuple(short(e, 300) for e in visit.console_errors[:10]),
        match=find(values_of(statements), text, known) if statements else NO_MATCH,
    )


def _write_evidence(evidence: Path, visit: Visit | None, statements: list) -> None:
    if visit is not None:
        requests = [
            {
                "method": r.method,
                "path": short(r.path, 500),
                "type": r.resource_type,
                "status": r.status,
                "content_type": r.content_type,
                "body_start": short((r.body or "")[:400], 300) if r.resource_type in ("xhr", "fetch") else None,
            }
            for r in visit.requests[:200]
        ]
        (evidence / "requests.json").write_text(json.dumps(requests, indent=1), encoding="utf-8")
    served = [
        {
            "auth": s.auth,
            "state": s.state,
            "error_code": s.error_code,
            "sql": short(s.sql, 2000),
            "row_count": s.row_count,
            "first_rows": [list(row) for row in s.rows[:3]],
        }
        for s in statements[:100]
    ]
    (evidence / "statements.json").write_text(json.dumps(served, indent=1), encoding="utf-8")


def _own_page(client: AppClient, project: Project) -> str | None:
    """The front page of a stack whose pages the running app makes, when other paths are not answered with it."""
    if not project.is_page_an_answer:
        return None
    reply = client.request("GET", "/")
    return "/" if reply.is_ok and not is_catch_all(client, "/", reply) else None


def modules_missing(log: str) -> tuple[str, ...]:
    """Packages that a log's uncaught errors name as missing; parts of the app itself are not meant."""
    return tuple(sorted({a or b for a, b in _MISSING.findall(log)}))[:10]


_PORTS = random.SystemRandom()
_taken: set[int] = set()
_taken_lock = threading.Lock()


def draw_port() -> int:
    """A random port for an app; not one that another app of this process was given lately."""
    with _taken_lock:
        if len(_taken) > 5000:
            _taken.clear()
        while (port := _PORTS.randrange(20_000, 32_000)) in _taken:
            continue
        _taken.add(port)
        return port


def draw_seed() -> int:
    return secrets.randbits(31)

"""A real browser for the evaluator: Chromium in a sandbox and network namespace of its own, reaching one app by a pump.

One pool per thread, because playwright's sync API belongs to the thread that started it. A site is a fresh browser:
its profile, its processes and its network hold nothing of another app.
"""

from __future__ import annotations

import contextlib
import secrets
import shlex
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox.commands import Command, Limits, Mount
from eval_pipeline.sandbox.pump import Pump
from eval_pipeline.sandbox.running import RunningProcess
from eval_pipeline.sandbox.sandbox import Sandbox
from eval_pipeline.sandbox.tools import find_tool
from eval_pipeline.sandbox.visits import MAX_TEXT, RecordedRequest, Recorder, Visit
from eval_pipeline.settings import Settings

__all__ = ["BrowserPool", "RecordedRequest", "Site", "Visit"]

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}

_LAUNCH_SECONDS = 15.0
_LOOK_GRACE_SECONDS = 1.5
"""A page that has not answered so long after its time-out keeps the browser busy: the browser is killed."""

_SCREENSHOT_SECONDS = 4.0

_POLL_SECONDS = 0.05
_SETTLED_SECONDS = 0.3
_LIMITS = Limits(memory_mb=2048, processes=768, seconds=None, output_mb=0.5, disk_mb=256)
_FONT_CACHE = Path("/var/cache/fontconfig")
_BROWSER_TARGET = "/opt/browser"
_SHIM = "import sys; sys.path.append(sys.argv.pop(1)); from launcher.shim import main; main()"
_ARGUMENTS = [
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-features=DialMediaRouteProvider,OptimizationHints,MediaRouter",
    "--disable-quic",
    "--mute-audio",
    "--no-pings",
    # Without it a name would be looked for where nobody can answer.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
# A grid that is drawn on a canvas keeps the cells in view as a table for screen readers.
_VISIBLE = "svg, canvas, img, video, iframe, input, button, table"
_LOOK = f"""() => [
  [document.body ? document.body.innerText : "", ...[...document.querySelectorAll("canvas table[role=grid]")]
    .filter((grid) => grid.closest("canvas").clientWidth > 0)
    .map((grid) => [...grid.querySelectorAll("th, td")].map((cell) => cell.textContent).join("\\n")),
  ].join("\\n").slice(0, {MAX_TEXT}),
  document.documentElement ? document.documentElement.outerHTML.length : 0,
  document.title.slice(0, 500),
  document.querySelectorAll("{_VISIBLE}").length,
]"""


class BrowserPool:
    """Opens browsers for one thread; a context manager."""

    def __init__(self, sandbox: Sandbox, settings: Settings) -> None:
        self._sandbox = sandbox
        self._settings = settings
        self._playwright: Any = None

    def __enter__(self) -> BrowserPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends playwright's driver."""
        if self._playwright is not None:
            with contextlib.suppress(Exception):
                self._playwright.stop()
            self._playwright = None

    @contextlib.contextmanager
    def open(self, process: RunningProcess, port: int, headers: Mapping[str, str] | None = None) -> Iterator[Site]:
        """A fresh browser that sees nothing but the app at 127.0.0.1:port.

        `headers` go with every request, as Databricks' proxy sends them.

        Raises:
            EvaluatorError: the browser could not be started.
        """
        tool = find_tool("browser", self._settings)
        if tool is None:
            raise EvaluatorError("no browser was found: run eval-pipeline setup, or set EVAL_BROWSER")
        if self._playwright is None:
            from playwright.sync_api import sync_playwright

            self._playwright = sync_playwright().start()
        site = Site(self._sandbox, self._playwright, tool.path, process, port, dict(headers or {}))
        try:
            yield site
        finally:
            site.close()


class Site:
    """One app in one browser. Use it from the pool's thread only."""

    def __init__(
        self,
        sandbox: Sandbox,
        playwright: Any,
        executable: Path,
        process: RunningProcess,
        port: int,
        headers: dict[str, str],
    ) -> None:
        self._sandbox = sandbox
        self._playwright = playwright
        self._executable = executable
        self._process = process
        self._port = port
        self._headers = headers
        self._browser: Any = None
        self._browser_process: RunningProcess | None = None
        self._pump: Pump | None = None

    def visit(
        self,
        path: str,
        until: Callable[[str, int], bool] | None = None,
        timeout_seconds: float = 10,
        screenshots: Mapping[str, Path] | None = None,
    ) -> Visit:
        """Loads a page and looks until `until(visible text, requests under way)` is true, the page has settled (no
        `until`), or time is up.

        A page that loops for ever costs `timeout_seconds` and a few more; the visit then says `is_hung`.

        Raises:
            EvaluatorError: the browser itself broke, twice.
        """
        for attempt in (1, 2):
            if self._browser is None:
                self._launch()
            began = time.monotonic()
            visit = self._attempt(path, until, timeout_seconds, screenshots or {})
            visit.seconds = time.monotonic() - began
            if not visit.has_crashed:
                return visit
            is_apps_doing = self._end_browser()
            if is_apps_doing or attempt == 2:
                if not is_apps_doing:
                    raise EvaluatorError("the browser broke while it showed a page")
                return visit
        raise AssertionError

    def close(self) -> None:
        """Ends the browser and its connections."""
        self._end_browser()

    def _attempt(
        self, path: str, until: Callable[[str, int], bool] | None, timeout: float, screenshots: Mapping[str, Path]
    ) -> Visit:
        from playwright.sync_api import Error

        is_hung = threading.Event()

        def kill() -> None:
            is_hung.set()
            if self._browser_process is not None:
                with contextlib.suppress(EvaluatorError):
                    self._browser_process.stop(0)

        visit = Visit()
        try:
            with self._context(kill) as context:
                page = context.new_page()
                recorder = Recorder(context.new_cdp_session(page))
                visit = recorder.visit
                page.on("crash", lambda _: setattr(visit, "has_crashed", True))
                context.on("page", lambda other: other.close() if other is not page else None)
                with _bounded(timeout + _LOOK_GRACE_SECONDS, kill):
                    self._look(page, recorder, path, until, time.monotonic() + timeout)
                with _bounded(_SCREENSHOT_SECONDS * (1 + len(screenshots)), kill):
                    _take(page, visit, screenshots)
        except Error as error:
            if not is_hung.is_set():
                visit.has_crashed = True
                visit.load_error = str(error).partition("\n")[0][:500]
        if is_hung.is_set():
            # Also when only the closing of the page hung, which raises nothing.
            visit.is_hung = visit.timed_out = True
            self._end_browser()
        return visit

    @contextlib.contextmanager
    def _context(self, kill: Callable[[], None]) -> Iterator[Any]:
        width, height = SIZES["desktop"]
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            extra_http_headers=self._headers,
            accept_downloads=False,
            service_workers="block",
            locale="en-US",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        try:
            yield context
        finally:
            with contextlib.suppress(Exception), _bounded(_LOOK_GRACE_SECONDS, kill):
                context.close()

    def _look(
        self, page: Any, recorder: Recorder, path: str, until: Callable[[str, int], bool] | None, deadline: float
    ) -> None:
        from playwright.sync_api import Error

        visit = recorder.visit
        url = f"http://127.0.0.1:{self._port}/{path.lstrip('/')}"
        try:
            left = max(0.1, deadline - time.monotonic())
            response = page.goto(url, wait_until="commit", timeout=left * 1000)
            visit.status = response.status if response is not None else None
        except Error as error:
            visit.load_error = str(error).partition("\n")[0][:500]
            visit.timed_out = "Timeout" in visit.load_error
            visit.final_url = url
            return
        previous: object = None
        since = time.monotonic()
        while True:
            text, visit.html_length, visit.title, visible = self._read(page)
            recorder.take_bodies()
            visit.text = text
            visit.is_blank = not text.strip() and not visible
            now = time.monotonic()
            if until is not None:
                visit.is_satisfied = bool(until(text, recorder.in_flight))
            else:
                state = (text, visit.html_length, len(visit.requests))
                if state != previous or recorder.in_flight > 0:
                    previous, since = state, now
                visit.is_satisfied = now - since > _SETTLED_SECONDS
            if visit.is_satisfied or now > deadline or visit.has_crashed:
                break
            page.wait_for_timeout(_POLL_SECONDS * 1000)
        visit.timed_out = not visit.is_satisfied
        visit.final_url = page.url[:2000]
        recorder.take_last_bodies()

    @staticmethod
    def _read(page: Any) -> tuple[str, int, str, int]:
        from playwright.sync_api import Error

        try:
            text, length, title, visible = page.evaluate(_LOOK)
            return str(text), int(length), str(title), int(visible)
        except Error as error:
            # The page went to another address while it was read.
            if "context was destroyed" in str(error) or "navigation" in str(error):
                return "", 0, "", 0
            raise

    # The browser's process

    def _launch(self) -> None:
        from playwright.sync_api import Error

        for attempt in (1, 2):
            try:
                self._launch_once()
                return
            except (Error, OSError) as error:
                self._end_browser()
                if attempt == 2:
                    raise EvaluatorError(f"the browser did not start: {_first_line(error)}") from error

    def _launch_once(self) -> None:
        ticket = secrets.token_hex(16)
        sandbox = self._sandbox
        log = sandbox.folder / f"browser-{ticket[:8]}.log"
        executable, env = str(self._executable), {}
        mounts = [Mount(_FONT_CACHE, str(_FONT_CACHE))] if _FONT_CACHE.is_dir() and sandbox.is_isolated else []
        if sandbox.is_isolated and not self._executable.resolve().is_relative_to("/usr"):
            folder = self._executable.resolve().parent
            mounts.append(Mount(folder, _BROWSER_TARGET))
            executable = f"{_BROWSER_TARGET}/{self._executable.resolve().name}"
            if (folder / "lib").is_dir():
                # The npm-shipped build brings its libraries and a font.
                env = {"LD_LIBRARY_PATH": f"{_BROWSER_TARGET}/lib", "FONTCONFIG_PATH": _BROWSER_TARGET}
        command = Command([executable], cwd="/", env=env, mounts=mounts, limits=_LIMITS, network="app")
        channel = sandbox.admit(ticket, command, log)
        self._browser_process = RunningProcess(channel, log, sandbox.is_isolated)
        self._browser = self._playwright.chromium.launch(
            executable_path=_wrapper(sandbox.folder),
            args=_ARGUMENTS,
            # Its own sandbox needs the namespaces that our lowest level lacks.
            chromium_sandbox=sandbox.is_isolated,
            timeout=_LAUNCH_SECONDS * 1000,
            env={"EVAL_BROWSER_TICKET": ticket},
        )
        self._browser_process.await_setup()
        if sandbox.is_isolated:
            listener = self._browser_process.listen(self._port)
            self._pump = Pump(listener, self._connect)

    def _connect(self) -> socket.socket:
        return self._process.connect(self._port, 5.0)

    def _end_browser(self) -> bool:
        """Ends it; True when it had run out of the memory that it may have, which is the page's doing."""
        if self._browser is not None:
            with contextlib.suppress(Exception):
                self._browser.close()
            self._browser = None
        if self._pump is not None:
            self._pump.close()
            self._pump = None
        process, self._browser_process = self._browser_process, None
        if process is None:
            return False
        try:
            return process.stop(0).out_of_memory
        except EvaluatorError:
            return False


@contextlib.contextmanager
def _bounded(seconds: float, kill: Callable[[], None]) -> Iterator[None]:
    """Calls `kill` from another thread when the block takes longer: playwright's `evaluate` has no time-out."""
    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _take(page: Any, visit: Visit, screenshots: Mapping[str, Path]) -> None:
    from playwright.sync_api import Error

    for name, path in screenshots.items():
        width, height = SIZES[name]
        try:
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=path, animations="disabled", timeout=_SCREENSHOT_SECONDS * 1000)
            visit.screenshots[name] = path
        except Error:
            visit.timed_out = True


def _wrapper(folder: Path) -> Path:
    path = folder / "browser"
    if not path.exists():
        package = Path(__file__).parent
        words = [sys.executable, "-S", "-I", "-B", "-c", _SHIM, str(package), str(folder)]
        fresh = folder / f"browser-{secrets.token_hex(4)}"
        fresh.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$EVAL_BROWSER_TICKET" "$@"\n')
        fresh.chmod(0o700)
        fresh.rename(path)
    return path


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]

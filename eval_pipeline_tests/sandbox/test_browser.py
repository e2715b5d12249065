"""The browser on real pages, well-behaved and hostile, served by a Node program in the sandbox."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eval_pipeline.model import EvaluatorError
from eval_pipeline.sandbox import Command, Level, Limits, Mount, RunningProcess, Sandbox
from eval_pipeline.sandbox import browser as browser_module
from eval_pipeline.sandbox.browser import BrowserPool
from eval_pipeline.sandbox.visits import MAX_BODY_BYTES, MAX_MESSAGES, MAX_REQUESTS
from eval_pipeline.settings import Settings
from eval_pipeline_tests.sandbox.conftest import processes_with

PORT = 8400
SERVER = """
const http = require("http"), crypto = require("crypto");
const pages = {
  "/": `<title>Trips</title><h1 id=a>loading</h1>
    <img src="http://outside.example/x.png"><script>
    fetch("/api?x=1", {method: "POST", body: "q=1"}).then(r => r.json()).then(j => {
      a.textContent = "total " + j.total;
      console.error("careful");
      setTimeout(() => { throw new Error("uncaught") }) });
    new EventSource("/events"); new WebSocket("ws://" + location.host + "/socket");</script>`,
  "/blank": "<div id=root></div>",
  "/loop": "<h1>looping</h1><script>setTimeout(() => { while (true) {} }, 50)</script>",
  "/late": "<p id=p>waiting</p><script>setTimeout(() => p.textContent = 'arrived', 700)</script>",
  "/abort": `<p id=p>waiting</p><script>
    const stop = new AbortController(), read = async (url, options) => {
      const reader = (await fetch(url, options)).body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; !text.includes("4711");) text += (await reader.read()).value };
    Promise.all([read("/part", {signal: stop.signal}), read("/part?open")])
      .then(() => { stop.abort(); p.textContent = "read" })
    </script>`,
  "/rude": `<h1>rude</h1><a id=d download href="/big">x</a><script>
    alert(1); confirm(2); for (let i = 0; i < 5; i++) window.open("/blank"); d.click();
    navigator.serviceWorker.register("/sw.js").catch(e => {}); Notification.requestPermission();
    onbeforeunload = () => "stay"; document.title = "survived";</script>`,
  "/flood": `<h1>flood</h1><script>
    for (let i = 0; i < 1000; i++) { console.error("x".repeat(2000)); fetch("/api?" + i) }
    fetch("/big")</script>`,
  "/outside": `<h1 id=r></h1><script>
    const ask = (name, url) => fetch(url, {mode: "no-cors"}).then(() => name + " REACHED", () => name + " refused");
    Promise.all([ask("metadata", "http://169.254.169.254/"), ask("internet", "https://1.1.1.1/"),
      ask("name", "http://outside.example/"), ask("other", "http://127.0.0.1:8401/"), ask("file", "file:///etc/passwd")])
      .then(all => r.textContent = all.join(", ") + " done")</script>`,
};
http.createServer((request, response) => {
  const path = request.url.split("?")[0];
  if (path === "/api") {
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({total: 1234, user: request.headers["x-forwarded-user"]}));
  }
  if (path === "/events") {
    response.setHeader("content-type", "text/event-stream");
    return response.write("data: event-row\\n\\n");
  }
  if (path === "/part") {
    response.setHeader("content-type", "application/json");
    return response.write('{"total":4711,');
  }
  if (path === "/big") { response.setHeader("content-type", "text/plain"); return response.end("y".repeat(3e6)); }
  response.setHeader("content-type", "text/html");
  if (!pages[path]) response.statusCode = 404;
  response.end(pages[path] || "<h1>none</h1>");
}).on("upgrade", (request, socket) => {
  const key = crypto.createHash("sha1")
    .update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  const text = "frame for " + request.headers["x-forwarded-user"];
  const lines = ["HTTP/1.1 101 x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + key];
  socket.write(lines.join("\\r\\n") + "\\r\\n\\r\\n");
  socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
}).listen(PORT);
""".replace("PORT", str(PORT))


def serve(sandbox: Sandbox, folder: Path) -> RunningProcess:
    (folder / "server.js").write_text(SERVER)
    limits = Limits(memory_mb=512, processes=64, seconds=200, disk_mb=16)
    command = Command(["node", "server.js"], mounts=[Mount(folder, "/app", True)], limits=limits, network="app")
    process = sandbox.start(command, folder / "server.log")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            process.connect(PORT, 1).close()
            return process
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise AssertionError((folder / "server.log").read_text())


@pytest.fixture(scope="module")
def pages(any_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProcess]:
    with serve(any_sandbox, tmp_path_factory.mktemp("pages")) as process:
        yield process


@pytest.fixture(scope="module")
def pool(any_sandbox: Sandbox, settings: Settings) -> Iterator[BrowserPool]:
    with BrowserPool(any_sandbox, settings) as pool:
        yield pool


@pytest.mark.parametrize("level", ["L3", "L2", "L0"])
def test_a_page_is_seen_with_its_data_errors_requests_and_pictures(
    level: Level, open_sandbox: Callable[[Level], Sandbox], settings: Settings, tmp_path: Path
) -> None:
    sandbox = open_sandbox(level)
    shots = {"desktop": tmp_path / "desktop.png", "phone": tmp_path / "phone.png"}
    with (
        serve(sandbox, tmp_path) as process,
        BrowserPool(sandbox, settings) as pool,
        pool.open(process, PORT, {"x-forwarded-user": "ada"}) as site,
    ):
        visit = site.visit("/", until=lambda text, _: "1234" in text, screenshots=shots)
    assert (visit.status, visit.title, visit.text, visit.timed_out) == (200, "Trips", "total 1234", False)
    assert not visit.is_blank
    assert any("careful" in message for message in visit.console_errors)
    assert any("uncaught" in message for message in visit.page_errors)
    (call,) = [request for request in visit.requests if request.resource_type == "fetch"]
    assert (call.method, call.path, call.post_data, call.status) == ("POST", "/api?x=1", "q=1", 200)
    assert call.body == '{"total":1234,"user":"ada"}'
    assert "event-row" in visit.websocket_frames
    assert "frame for ada" in visit.websocket_frames
    assert "outside.example" in visit.failed_requests[0].url
    sizes = {name: struct.unpack(">II", path.read_bytes()[16:24]) for name, path in visit.screenshots.items()}
    assert sizes == {"desktop": (1280, 800), "phone": (390, 844)}
    assert not processes_with("chromium_dev_profile")


def test_a_settled_page_needs_no_predicate(pool: BrowserPool, pages: RunningProcess) -> None:
    with pool.open(pages, PORT) as site:
        blank = site.visit("/blank", timeout_seconds=5)
        missing = site.visit("/nowhere", timeout_seconds=5)
        late = site.visit("/late", until=lambda text, _: "arrived" in text)
    assert (blank.status, blank.is_blank, blank.timed_out, blank.text) == (200, True, False, "")
    assert missing.status == 404
    assert (late.text, late.is_satisfied) == ("arrived", True)


def test_replies_that_do_not_end_are_kept_as_far_as_they_came(pool: BrowserPool, pages: RunningProcess) -> None:
    with pool.open(pages, PORT) as site:
        visit = site.visit("/abort", until=lambda text, _: "read" in text)
    calls = {request.path: request.body for request in visit.requests if request.resource_type == "fetch"}
    assert calls == {"/part": '{"total":4711,', "/part?open": '{"total":4711,'}
    assert visit.failed_requests == []


def test_a_page_reaches_nothing_but_its_app(pool: BrowserPool, pages: RunningProcess) -> None:
    with pool.open(pages, PORT) as site:
        visit = site.visit("/outside", until=lambda text, _: "done" in text)
    assert "REACHED" not in visit.text
    assert visit.text.count("refused") == 5


def test_a_page_that_loops_for_ever_is_bounded_and_the_next_visit_works(
    pool: BrowserPool, pages: RunningProcess
) -> None:
    with pool.open(pages, PORT) as site:
        began = time.monotonic()
        visit = site.visit("/loop", until=lambda text, _: False, timeout_seconds=3)
        assert time.monotonic() - began < 20
        assert visit.timed_out
        assert visit.is_hung
        assert site.visit("/late", until=lambda text, _: "arrived" in text).is_satisfied


def test_dialogs_popups_downloads_and_workers_get_nowhere(pool: BrowserPool, pages: RunningProcess) -> None:
    with pool.open(pages, PORT) as site:
        visit = site.visit("/rude", timeout_seconds=8)
        assert (visit.title, visit.text.split(), visit.timed_out) == ("survived", ["rude", "x"], False)
        assert not visit.has_crashed
        assert site.visit("/blank", timeout_seconds=5).status == 200


def test_what_is_recorded_is_bounded(pool: BrowserPool, pages: RunningProcess) -> None:
    with pool.open(pages, PORT) as site:
        visit = site.visit("/flood", timeout_seconds=4)
    assert len(visit.requests) <= MAX_REQUESTS
    assert len(visit.console_errors) == MAX_MESSAGES
    assert max(len(message) for message in visit.console_errors) <= 500
    assert max(len(request.body or "") for request in visit.requests) <= MAX_BODY_BYTES


def test_an_app_that_is_gone_is_a_load_error_not_ours(any_sandbox: Sandbox, pool: BrowserPool, tmp_path: Path) -> None:
    process = serve(any_sandbox, tmp_path)
    process.stop(0)
    with pool.open(process, PORT) as site:
        visit = site.visit("/", timeout_seconds=3)
    assert visit.status is None
    assert visit.load_error


def test_a_browser_that_does_not_start_is_our_failure(
    any_sandbox: Sandbox, pages: RunningProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_module, "_LAUNCH_SECONDS", 1.0)
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\ncase $* in *--version*) echo Chromium 1.2.3;; *) sleep 100;; esac\n")
    fake.chmod(0o755)
    settings = Settings(pipeline_home=tmp_path / "home", browser=fake)

    def visit() -> None:
        with BrowserPool(any_sandbox, settings) as pool, pool.open(pages, PORT) as site:
            site.visit("/")

    # In a thread of its own, as playwright wants for a second pool.
    with ThreadPoolExecutor(1) as thread, pytest.raises(EvaluatorError, match="browser did not start"):
        thread.submit(visit).result()

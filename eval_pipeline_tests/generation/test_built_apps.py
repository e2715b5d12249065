"""Template apps for real: type-checked, built, tested, started, asked and looked at."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eval_pipeline.generation.template.build import build_spec
from eval_pipeline.sandbox.tools import find_tool
from eval_pipeline.settings import Settings
from eval_pipeline.workspace import AppSession, LocalWorkspace
from eval_pipeline_tests.generation.conftest import BY_ID, PROMPTS, make_app

BUILT = ("taxi-revenue-mix", "customer-balances", "bakery-sales-weekly")
"""Between them: every layout, apps with and without time, rows and groups, number filters, five kinds of chart."""


def run(app: Path, *command: str, seconds: float = 240) -> str:
    done = subprocess.run(
        [str(app / "node_modules" / ".bin" / command[0]), *command[1:]],
        cwd=app,
        capture_output=True,
        text=True,
        timeout=seconds,
        env={"PATH": os.environ["PATH"], "HOME": str(app)},
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, modules: Path) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("built")
    apps = {prompt_id: make_app(BY_ID[prompt_id], folder, modules) for prompt_id in BUILT}
    for app in apps.values():
        run(app, "vite", "build")
        run(app, "rolldown", "--config", "rolldown.config.js")
    return apps


@pytest.fixture(scope="module")
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace() as running:
        yield running


def test_every_prompts_app_type_checks_in_all_its_parts(tmp_path: Path, modules: Path) -> None:
    apps = [make_app(prompt, tmp_path, modules) for prompt in PROMPTS]
    run(apps[0], "tsc", "-b", *map(str, apps))
    assert all(
        (app / ".types" / part / "tsconfig.tsbuildinfo").exists() for app in apps for part in ("client", "tests")
    )


def test_a_wrong_column_on_the_page_is_a_type_error(tmp_path: Path, modules: Path) -> None:
    app = make_app(BY_ID["taxi-speed"], tmp_path, modules)
    page = app / "client/src/dashboard.ts"
    page.write_text(page.read_text().replace('"trips"', '"tripps"', 1))
    with pytest.raises(AssertionError, match="tripps"):
        run(app, "tsc", "-b")


@pytest.mark.parametrize("prompt_id", BUILT)
def test_an_apps_own_tests_pass_and_cover_its_server(built: dict[str, Path], prompt_id: str) -> None:
    app = built[prompt_id]
    run(
        app, "vitest", "run", "--coverage", "--coverage.reporter=json-summary", "--reporter=json", "--outputFile=r.json"
    )
    report = json.loads((app / "r.json").read_text())
    assert report["numTotalTests"] >= 60
    assert report["numPassedTests"] == report["numTotalTests"]
    coverage = json.loads((app / "coverage" / "coverage-summary.json").read_text())
    assert coverage["total"]["lines"]["pct"] > 90


def test_an_apps_own_tests_fail_when_its_server_breaks(built: dict[str, Path], tmp_path: Path) -> None:
    app = tmp_path / "broken"
    shutil.copytree(built["taxi-revenue-mix"], app, symlinks=True)
    source = app / "server/src/warehouse.ts"
    source.write_text(source.read_text().replace("next = more.next_chunk_index;", "next = undefined;"))
    with pytest.raises(AssertionError, match="collects all chunks"):
        run(app, "vitest", "run")


@pytest.mark.parametrize("prompt_id", BUILT)
def test_the_server_answers_every_procedure_under_every_filter(
    built: dict[str, Path], workspace: LocalWorkspace, prompt_id: str
) -> None:
    spec = build_spec(BY_ID[prompt_id], prompt_id)
    with workspace.open_session(prompt_id, seed=3) as session, served(built[prompt_id], workspace, session) as base:
        assert fetch(f"{base}/healthcheck")["status"] == "ok"
        assert fetch(f"{base}/favicon.svg", parse=False)
        options = call(base, "options")
        choices = {name: values[len(values) // 2] for name, values in options["choices"].items()}
        dates = {"from_date": options["dates"]["first"], "to_date": options["dates"]["last"]} if spec.grain else {}
        numbers = {item.name: item.step for item in spec.filters if item.kind == "number"}
        for filters in ({}, choices, dates, numbers):
            assert any(value is not None for value in call(base, "kpis", filters=filters)["values"].values())
            for chart in spec.charts:
                assert call(base, "chart", id=chart.id, filters=filters)["points"]
            column = spec.table.query.outputs[-1].name
            order = {"column": column, "descending": True}
            rows = call(base, "table", filters=filters, order=order)["rows"]
            found = [row[column] for row in rows if row[column] is not None]
            assert found == sorted(found, reverse=True)
        assert {record.state for record in session.statements} == {"SUCCEEDED"}
        assert {record.auth for record in session.statements} == {"pat"}


def test_the_server_signs_in_as_a_service_principal_or_as_the_visitor(
    built: dict[str, Path], workspace: LocalWorkspace
) -> None:
    app = built["customer-balances"]
    with workspace.open_session("oauth", seed=3) as session:
        client = {"DATABRICKS_CLIENT_ID": session.client_id, "DATABRICKS_CLIENT_SECRET": session.client_secret}
        with served(app, workspace, session, DATABRICKS_TOKEN="", **client) as base:
            call(base, "kpis", filters={})
        with served(app, workspace, session, DATABRICKS_TOKEN="") as base:
            call(base, "kpis", headers={"x-forwarded-access-token": session.user_token}, filters={})
            assert call(base, "kpis", filters={}, fails=True)["data"]["code"] == "PRECONDITION_FAILED"
        assert {record.auth for record in session.statements} == {"oauth", "user"}


def test_what_the_server_sends_changes_with_the_rows(built: dict[str, Path], workspace: LocalWorkspace) -> None:
    app = built["taxi-revenue-mix"]
    with workspace.open_session("reseeded", seed=3) as session, served(app, workspace, session) as base:
        before = call(base, "kpis", filters={})["values"]
        session.reseed(4)
        assert call(base, "kpis", filters={})["values"] != before


def test_the_page_filters_sorts_resets_and_says_when_it_fails(
    built: dict[str, Path], workspace: LocalWorkspace, tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    browser_tool = find_tool("browser", Settings())
    assert browser_tool
    errors: list[str] = []
    with (
        workspace.open_session("page", seed=5) as session,
        served(built["bakery-sales-weekly"], workspace, session) as base,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=str(browser_tool.path), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("response", lambda reply: errors.append(reply.url) if reply.status >= 400 else None)
        page.goto(base)
        revenue = page.locator(".kpi dd").first
        page.wait_for_selector("tbody tr")
        page.wait_for_selector(".recharts-line-curve")
        everything = revenue.inner_text()
        assert everything.startswith("$")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

        country = page.get_by_label("Country", exact=True)
        country.select_option("Japan")
        page.wait_for_function(f"() => document.querySelector('.kpi dd').innerText !== {json.dumps(everything)}")
        assert "country=Japan" in page.url
        page.get_by_role("button", name="Pieces sold").click()
        page.wait_for_selector('th[aria-sort="descending"]')
        page.get_by_role("button", name="Reset", exact=True).click()
        page.wait_for_function(f"() => document.querySelector('.kpi dd').innerText === {json.dumps(everything)}")
        page.get_by_label("From", exact=True).fill("2031-01-01")
        page.get_by_text("Nothing matches these filters.").first.wait_for()
        assert errors == []

        session.close()
        page.goto(f"{base}?country=Canada")
        page.get_by_text("The key figures could not be loaded.").wait_for(timeout=20_000)
        assert session.token not in page.content()
        browser.close()


@contextmanager
def served(app: Path, workspace: LocalWorkspace, session: AppSession, **env: str) -> Iterator[str]:
    """The app's server on a free port, ready; ends with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "DATABRICKS_HOST": workspace.http_url,
        "DATABRICKS_WAREHOUSE_ID": session.warehouse_id,
        "DATABRICKS_TOKEN": session.token,
    }
    command = ["node", "dist/server.js"]
    process = subprocess.Popen(
        command, cwd=app, env=settings | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                fetch(f"{base}/healthcheck")
                break
            except urllib.error.URLError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.05)
        yield base
    finally:
        process.terminate()
        assert process.wait(10) == 0


def fetch(url: str, headers: dict[str, str] | None = None, parse: bool = True) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=30) as reply:
        body = reply.read()
    return json.loads(body) if parse else body


def call(base: str, name: str, headers: dict[str, str] | None = None, fails: bool = False, **given: Any) -> Any:
    """A procedure's answer, or its error when it is meant to fail."""
    query = urllib.parse.quote(json.dumps({"json": given}))
    try:
        answer = fetch(f"{base}/trpc/{name}" + (f"?input={query}" if given else ""), headers)
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        assert fails, text
        return json.loads(text)["error"]["json"]
    assert not fails
    return answer["result"]["data"]["json"]

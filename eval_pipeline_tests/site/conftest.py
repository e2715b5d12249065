"""A small site over a hostile app, and a real Chromium to look at it."""

from __future__ import annotations

import datetime as dt
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from eval_pipeline.alerting.rules import check_report
from eval_pipeline.model import Cohort
from eval_pipeline.publishing.site import build_site, ensure_chart_library
from eval_pipeline.reporting.report import Report
from eval_pipeline.reporting.timeseries import rows_from_report
from eval_pipeline.sandbox.tools import find_tool
from eval_pipeline.settings import Settings
from eval_pipeline.storage.artifacts import ArtifactStore
from eval_pipeline_tests.reporting.examples import HOSTILE, RIGHT_CONTROL, WRONG_CONTROL, app, not_tried, report

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
SCRIPT = "</script><script>document.title='owned'</script>"
NAMES = (SCRIPT, "../../../../etc/passwd", "javascript:alert(1)", "{{ 7 * 7 }}", "plain-app")


def png(width: int = 640, height: int = 400) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x99" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def hostile_reports() -> list[Report]:
    """Five days, newest first: the second is quarantined, the newest has a second cohort."""
    found = []
    for age in range(5):
        date = (dt.date(2026, 11, 21) - dt.timedelta(days=age)).isoformat()
        cohort = Cohort(date=date, generator="template")
        apps = [app(name, cohort=cohort, reason=HOSTILE + SCRIPT) for name in NAMES]
        apps[0] = app(NAMES[0], {"tests_pass": "tests_failed"}, cohort=cohort, reason=HOSTILE + SCRIPT)
        crashed = {
            "runtime_success": "no_listener",
            "ui_renders": "blocked_by:runtime_success",
            "type_safety": "unknown",
        }
        apps.append(app("crashed", crashed, cohort=cohort, reason=SCRIPT))
        apps.append(not_tried("waiting", cohort=cohort))
        if age == 0:
            second = Cohort(date=date, generator="other.agent", repeat=2)
            apps.append(app("plain-app", {"tests_pass": "not_applicable"}, cohort=second))
        found.append(report(apps, date=date, controls=[WRONG_CONTROL if age == 1 else RIGHT_CONTROL]))
    return found


def series_of(reports: list[Report]) -> list[dict[str, Any]]:
    return [row for each in reports for row in rows_from_report(each)]


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> Path:
    return ensure_chart_library(Settings(pipeline_home=tmp_path_factory.mktemp("library")))


@pytest.fixture(scope="session")
def site(tmp_path_factory, library) -> Path:
    """The folder of a built site."""
    folder = tmp_path_factory.mktemp("site")
    store = ArtifactStore(folder / "home")
    uri = "evidence/2026-11-21/template/plain-app"
    store.write_bytes(f"{uri}/screenshot-desktop.png", png())
    store.write_bytes(f"{uri}/screenshot-phone.png", png(390, 844))
    log = b"\x1b[31mred\x1b[0m \x1b]0;window-name\x07" + SCRIPT.encode() + b"\ntoken sentinel-secret\nlast line\n"
    store.write_bytes(f"{uri}/server.log", b"early\n" * 100_000 + log)
    statement = {"state": "SUCCEEDED", "auth": "pat", "row_count": 3, "error_code": None, "sql": f"SELECT '{SCRIPT}'"}
    store.write_text(f"{uri}/statements.json", json.dumps([statement] * 30))
    request = {"method": "GET", "path": f"/api?{SCRIPT}", "type": "fetch", "status": 200}
    store.write_text(f"{uri}/requests.json", json.dumps([request]))
    reports = hostile_reports()
    alerts = [alert.to_row() | {"status": "stored"} for r in reports for alert in check_report(r, reports, Settings())]
    alerts.append(alerts[0] | {"alert_id": "f" * 12, "message": HOSTILE + SCRIPT})
    index = build_site(
        iter(reports),
        series_of(reports),
        alerts,
        store,
        folder / "site",
        chart_library=library,
        built_at=NOW,
        secrets=["sentinel-secret"],
    )
    return index.parent


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    tool = find_tool("browser", Settings())
    assert tool is not None, "the dashboard's tests need Chromium: run eval-pipeline setup"
    with sync_playwright() as playwright:
        # Our own pages only, and Chromium's sandbox cannot start as root.
        chromium = playwright.chromium.launch(executable_path=tool.path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()

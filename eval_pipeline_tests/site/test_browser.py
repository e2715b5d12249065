"""The site in a real Chromium, from disk."""

import json
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from eval_pipeline.model import Cohort
from eval_pipeline.publishing.site.render import app_page
from eval_pipeline_tests.site.conftest import NAMES, SCRIPT

COHORT = Cohort(date="2026-11-21", generator="template")
PLAIN = app_page(COHORT, "plain-app")
PAGES = ("index.html", "days/2026-11-21.html", "days/2026-11-20.html", PLAIN, app_page(COHORT, SCRIPT))
WIDTHS = {"laptop": 1280, "phone": 390}

CONTRAST = """() => {
  const channels = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const light = ({ r, g, b }) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [x, y, z] = [r, g, b].map((v) => linear(v / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const backdrop = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.a === 1) return colour;
    }
    return channels(getComputedStyle(document.documentElement).backgroundColor);
  };
  const poor = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const box = element.getBoundingClientRect();
    if (!own || box.width < 2 || box.height < 2 || element.closest(".sr, script")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(channels(style.color)), light(backdrop(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push([element.tagName, element.className, ratio, element.textContent.slice(0, 30)].join(" "));
  }
  return poor;
}"""


def url(site: Path, name: str) -> str:
    return (site / name).as_uri()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_from_disk_without_errors_or_network(site, page, name):
    problems, requests, dialogs = [], [], []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.on("request", lambda request: requests.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(url(site, name), wait_until="load")
    assert problems == dialogs == []
    assert requests and all(r.startswith(("file://" + str(site), "data:")) for r in requests)


@pytest.mark.parametrize("name", PAGES)
def test_hostile_text_stays_text(site, page, name):
    page.goto(url(site, name))
    assert "owned" not in page.title() or name == PAGES[-1]
    assert page.evaluate("document.querySelectorAll('img[onerror], a[href^=\"javascript:\" i], iframe').length") == 0
    scripts = page.eval_on_selector_all("script", "all => all.map(s => s.src || s.type)")
    assert all(s.startswith("file://" + str(site)) or s == "application/json" for s in scripts)
    assert page.evaluate("document.querySelectorAll('[style], [onclick], [onload]').length") == page.evaluate(
        "document.querySelectorAll('.plot [style]').length"
    )


def test_the_hostile_name_is_readable_as_it_was_given(site, page):
    page.goto(url(site, "index.html"))
    names = page.eval_on_selector_all(".heat tbody th a", "all => all.map(a => a.textContent)")
    assert set(NAMES) <= set(names)
    page.click(f'.heat a:text-is("{SCRIPT}")')
    assert page.text_content("h1") == SCRIPT
    assert page.title() == f"{SCRIPT}, 2026-11-21 · App quality"


def test_an_inline_script_would_not_run(site, page):
    page.goto(url(site, "index.html"))
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.owned = 1\">')")
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.owned = 1'; document.body.append(s)"
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.owned") is None


def test_charts_are_drawn_and_each_has_its_table(site, page):
    page.goto(url(site, "index.html"))
    figures = page.locator("figure.chart")
    assert figures.count() == 12
    assert page.locator("figure.chart .plot canvas").count() == 12
    assert page.locator("figure.chart details table").count() == 12
    drawn = page.evaluate(
        "[...document.querySelectorAll('.plot canvas')].every(c => "
        "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v))"
    )
    assert drawn
    page.locator(".plot").first.hover(position={"x": 300, "y": 80})
    assert "%" in (page.locator(".readout").first.text_content() or "")


def test_a_quarantined_day_has_no_point_and_says_so(site, page):
    page.goto(url(site, "index.html"))
    data = json.loads(page.locator(".chart-data").first.text_content() or "")
    assert data["series"][0]["value"][-2] is None and data["series"][0]["value"][-1] is not None
    assert "does not count" in (page.locator("figure.chart details").first.text_content() or "")
    page.goto(url(site, "days/2026-11-20.html"))
    assert "This day does not count" in (page.text_content("main") or "")
    assert "blank-page: ui_renders is pass, expected fail" in (page.text_content("main") or "")


def test_without_scripts_everything_is_in_tables(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url(site, "index.html"))
    page.locator("figure.chart summary").first.click()
    assert page.locator("figure.chart table").first.is_visible()
    assert page.locator(".heat tbody tr").count() == 7
    context.close()


def test_the_keyboard_reaches_content_navigation_and_apps(site, page):
    page.goto(url(site, "index.html"))
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.ariaLabel"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", seen[-1]
    assert seen[:3] == ["Skip to the content", "App quality", "Apps"]
    assert {"Trends", "Cost", "Alerts", "Days"} <= set(seen)
    page.goto(url(site, "index.html"))
    page.locator(".heat tbody th a").last.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/apps/**")
    page.goto(url(site, "index.html"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("name", PAGES)
def test_landmarks_headings_and_tables_are_marked_up_for_screen_readers(site, page, name):
    page.goto(url(site, name))
    counts = page.evaluate(
        "Object.fromEntries(['h1', 'main', 'header', 'footer', 'nav[aria-label=Main]']"
        ".map(s => [s, document.querySelectorAll(s).length]))"
    )
    assert set(counts.values()) == {1}
    assert page.get_attribute("html", "lang") == "en"
    assert (
        page.evaluate(
            "[...document.querySelectorAll('table')]"
            ".filter(t => !t.caption || !t.querySelector('th[scope=col]')).length"
        )
        == 0
    )
    assert page.evaluate("[...document.images].filter(i => !i.alt).length") == 0
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(h => Number(h.tagName[1]))")
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = page.eval_on_selector_all("[id]", "all => all.map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_verdicts_are_told_by_symbol_and_word_and_not_by_colour_alone(site, page):
    page.goto(url(site, "index.html"))
    cells = page.eval_on_selector_all(
        ".heat td.cell", "all => all.map(c => [c.className.split('-')[1], ...[...c.children].map(s => s.textContent)])"
    )
    by_kind = {kind: (symbol, words) for kind, symbol, words in cells if not symbol.isdigit()}
    assert set(by_kind) == {"pass", "fail", "blocked", "unknown"}
    assert len({symbol for symbol, _ in by_kind.values()}) == 4
    assert by_kind["fail"] == ("✕", "fail (no_listener)") or by_kind["fail"] == ("✕", "fail (tests_failed)")
    assert by_kind["blocked"] == ("↳", "blocked by Runtime")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_text_has_contrast_and_no_page_scrolls_sideways(site, browser, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    for name in PAGES:
        page.goto(url(site, name))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.evaluate(CONTRAST) == [], name
    context.close()


def test_the_app_page_shows_evidence_as_text(site, page):
    page.goto(url(site, PLAIN))
    text = page.text_content("main") or ""
    assert f"red {SCRIPT}" in text and "last line" in text
    assert "\x1b" not in text and "sentinel-secret" not in text and "window-name" not in text
    sizes = page.eval_on_selector_all(
        "img",
        "async all => { all.forEach(i => i.loading = 'eager'); await Promise.all(all.map(i => i.decode()));"
        " return all.map(i => i.naturalWidth); }",
    )
    assert sizes == [640, 390]
    assert page.locator("text=Statements that the SQL endpoint saw").text_content() == (
        "Statements that the SQL endpoint saw 30"
    )
    assert "No screenshots or logs" not in text


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def test_every_link_is_relative_and_leads_to_a_file_of_the_site(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) == 1 + 5 + 5 * 7 + 1
    for path in pages:
        parser = Links()
        parser.feed(path.read_text())
        for link in parser.found:
            if link in ("data:,", "#main"):
                continue
            target = (path.parent / link.split("#")[0]).resolve()
            assert target.is_relative_to(site.resolve()) and target.is_file(), (path, link)

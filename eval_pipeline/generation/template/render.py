"""Writes an AppSpec down: the skeleton's files as they are, and the generated ones beside them."""

from __future__ import annotations

import html
import shutil
from functools import lru_cache
from pathlib import Path

from eval_pipeline.generation.template import SKELETON
from eval_pipeline.generation.template.pages import dashboard_module, queries_module
from eval_pipeline.generation.template.spec import AppSpec
from eval_pipeline.generation.template.texts import dashboard_test, readme

_ACCENTS = {
    "teal": "#0b7a75",
    "indigo": "#4338ca",
    "amber": "#955f00",
    "rose": "#b4234f",
    "emerald": "#0f7a4a",
    "violet": "#7132c8",
    "sky": "#0a6aa8",
    "orange": "#b0470c",
}
"""The light accents of skeleton/client/src/styles.css, for the tab's icon."""


def write_app(spec: AppSpec, target: Path) -> None:
    """Writes the whole app into the empty folder `target`."""
    for name, source in _skeleton():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)
    for name, text in generated_files(spec).items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def generated_files(spec: AppSpec) -> dict[str, str]:
    """Path to text of every file that depends on the spec."""
    return {
        "README.md": readme(spec),
        "client/index.html": _index(spec),
        "client/public/favicon.svg": _icon(spec),
        "client/src/dashboard.ts": dashboard_module(spec),
        "server/src/queries.ts": queries_module(spec),
        "tests/dashboard.test.ts": dashboard_test(spec),
    }


@lru_cache(maxsize=1)
def _skeleton() -> tuple[tuple[str, Path], ...]:
    """Files of the skeleton by their place in an app. Packaging tools would pass over `.x`, hence `dot.x`."""
    files = sorted(path for path in SKELETON.rglob("*") if path.is_file())
    return tuple((path.relative_to(SKELETON).as_posix().replace("dot.", "."), path) for path in files)


def _index(spec: AppSpec) -> str:
    title = html.escape(spec.title)
    return f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>{title}</title>
    <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
  </head>
  <body>
    <div id="root"></div>
    <noscript>This dashboard needs JavaScript.</noscript>
    <script type="module" src="/src/main.tsx"></script>
  </body>
</html>
"""


def _icon(spec: AppSpec) -> str:
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
  <rect width="32" height="32" rx="7" fill="{_ACCENTS[spec.accent]}"/>
  <path d="M8 24v-7h4v7zm6 0V8h4v16zm6 0V13h4v11z" fill="#fff"/>
</svg>
"""

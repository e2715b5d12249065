"""Rendering: the templates' environment and filters, and where escaping is not enough: file names and JSON."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval_pipeline.model import Cohort
from eval_pipeline.text import one_line

NAME_LIMIT = 60


def slug(name: str) -> str:
    """A file name for any text: lower-case letters, digits and hyphens; a hash is added where that loses something.

    Two different names never share one (but for 32-bit collisions of what was lost).
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:NAME_LIMIT].rstrip("-")
    if plain and plain == name:
        return plain
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain or 'app'}-{mark}"


def day_page(date: str) -> str:
    return f"days/{slug(date)}.html"


def app_page(cohort: Cohort, app_name: str) -> str:
    return f"{app_folder(cohort, app_name)}.html"


def app_folder(cohort: Cohort, app_name: str) -> str:
    """Where an app's screenshots go; its page is beside it."""
    return f"apps/{slug(cohort.date)}/{slug(cohort.folder.name)}/{slug(app_name)}"


def embedded_json(value: Any) -> Markup:
    """JSON for a data block: nothing in it can end the block, start a comment, or be read as a line end."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates with escaping on; a name that is not there is an error, not an empty string."""
    env = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "percent": percent,
        "points": points,
        "dollars": dollars,
        "whole": whole,
        "seconds": seconds,
        "long_date": long_date,
        "one_line": one_line,
        "embedded_json": embedded_json,
    }
    return env


def render(template: str, **values: Any) -> str:
    return environment().get_template(template).render(**values)


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.0f} %"


def points(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def dollars(value: float | None) -> str:
    return "not known" if value is None else f"${value:,.2f}"


def whole(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.0f}"


def seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def long_date(date: str) -> str:
    """Like "20 November 2026"."""
    day = dt.date.fromisoformat(date)
    return f"{day.day} {day:%B %Y}"

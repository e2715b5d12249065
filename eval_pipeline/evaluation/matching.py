"""Finds values that the SQL endpoint served in what an app sends out, and says how likely the find is chance.

Only distinctive values count: numbers with at least four significant digits and strings of at least five
characters that are not in the app's own sources, its static files or its prompt. Numbers are compared by their
significant digits alone, so that `1234.567`, `"1,234.57"`, `$1.234,57` and `1.235M` all match; what that costs
in chance hits is in the probability. docs/METRICS.md has the sums.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

MIN_DIGITS = 4
MIN_CHARACTERS = 5
MAX_VALUES = 4000
MAX_DIGITS = 15
"""Doubles carry 15 digits for certain; what comes after them differs between the endpoint's text and JavaScript's."""

_NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d{1,3}(?:[,.'\u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?:[eE][-+]?\d{1,3})?(?![\w]{3})"
)
_PLAIN_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<script\b[^>]*src=[^>]*>|<style\b.*?</style>|<[^>]+>", re.DOTALL | re.IGNORECASE)

_EVERYDAY_WORDS = frozenset(
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "unknown",
        "total",
        "other",
        "false",
        "undefined",
        "error",
        "average",
        "count",
        "value",
    ]
)

WORD_CHANCE = 1e-3
"""Chance that a single word among the served values is on a page for another reason."""
PHRASE_CHANCE = 1e-5
"""The same for a string of several words or with digits in it."""


@dataclass(frozen=True)
class Values:
    """Numbers as keys of significant digits, each with the value that it stands for, and strings, normalised.

    `aggregates` are numbers too: sums and means over the served rows. They are a family of their own, so that
    their multitude does not make the finds among the cells look like chance.
    """

    numbers: dict[str, str]
    strings: frozenset[str]
    aggregates: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(set(self.numbers.values())) + len(self.strings) + len(set(self.aggregates.values()))

    def without(self, other: Values) -> Values:
        """The values whose every form is new."""
        old = other.numbers.keys() | other.aggregates.keys()
        return Values(_new(self.numbers, old), self.strings - other.strings, _new(self.aggregates, old))


def _new(numbers: dict[str, str], old: Set[str]) -> dict[str, str]:
    known = {value for key, value in numbers.items() if key in old}
    return {key: value for key, value in numbers.items() if value not in known}


@dataclass(frozen=True)
class Text:
    """What an app sent: its number tokens by key, its whole strings, and its running text."""

    numbers: frozenset[str]
    strings: frozenset[str]
    running: str

    def without(self, other: Text) -> Text:
        return Text(self.numbers - other.numbers, self.strings - other.strings, self.running)


@dataclass(frozen=True)
class Match:
    """Distinct values found, a few of them for the evidence, and the chance of at least so many by accident."""

    count: int
    examples: tuple[str, ...]
    chance: float


NO_MATCH = Match(0, (), 1.0)


def digits_key(text: str) -> str:
    """The significant digits of a number however it is written: `"$1,234.50"` → `12345`."""
    mantissa = re.split("[eE]", text, maxsplit=1)[0]
    return "".join(c for c in mantissa if c in "0123456789").strip("0")


def is_year(text: str) -> bool:
    """Whether a plain whole number reads as a year: years are on every page."""
    return len(text) == 4 and text.isdigit() and 1900 <= int(text) <= 2100


@lru_cache(maxsize=20_000)
def number_forms(text: str) -> frozenset[str]:
    """Keys under which a served number may be shown: in full, rounded to 0–3 decimals, and to 4–6 significant
    digits."""
    try:
        number = abs(float(text))
    except ValueError:
        return frozenset()
    if not 0 < number < 1e30:
        return frozenset()
    full = digits_key(text)
    forms = {full, *(digits_key(f"{number:.{places}f}") for places in range(4))}
    forms.update(digits_key(f"{number:.{figures - 1}e}") for figures in (4, 5, 6, MAX_DIGITS))
    if full.endswith("5"):
        # Halves: floats round to the nearest double's side, SQL and Intl.NumberFormat away from zero.
        exact = abs(Decimal(text))
        for places in range(4):
            forms.add(digits_key(format(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), "f")))
    return frozenset(f for f in forms if MIN_DIGITS <= len(f) <= MAX_DIGITS + 3)


def normalise(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()


def is_distinctive(string: str) -> bool:
    return len(string) >= MIN_CHARACTERS and string not in _EVERYDAY_WORDS and any(c.isalpha() for c in string)


def served_values(results: Iterable[tuple[Iterable[Sequence[str | None]], Sequence[str]]]) -> Values:
    """The distinctive values of statement results.

    Args:
        results: rows of each statement, and the sums and means over all of its rows, because apps aggregate
            what they fetched.
    """
    numbers: dict[str, str] = {}
    strings: set[str] = set()
    aggregates: dict[str, str] = {}

    def add_number(text: str, family: dict[str, str]) -> None:
        if not is_year(text):
            for form in number_forms(text):
                family.setdefault(form, text)

    for rows, derived in results:
        for row in rows:
            for cell in row:
                if cell is None or len(cell) > 400 or len(numbers) + len(strings) > MAX_VALUES:
                    continue
                if _PLAIN_NUMBER.fullmatch(cell):
                    add_number(cell, numbers)
                elif not _DATE.fullmatch(cell):
                    string = normalise(cell)
                    if is_distinctive(string):
                        strings.add(string)
        for text in derived:
            if len(aggregates) <= MAX_VALUES:
                add_number(text, aggregates)
    return Values(numbers, frozenset(strings), {k: v for k, v in aggregates.items() if k not in numbers})


def read_text(parts: Iterable[tuple[str, str]]) -> Text:
    """Takes apart what an app sent.

    Args:
        parts: pairs of content type and body. JSON is walked leaf by leaf (a comma between two numbers of an
        array is no thousands separator); markup loses its tags; anything else is running text.
    """
    numbers: set[str] = set()
    strings: set[str] = set()
    running: list[str] = []
    for content_type, body in parts:
        leaves = _json_leaves(body) if "json" in content_type or body[:1] in "[{" else None
        if leaves is None:
            text = _TAG.sub(" ", body) if "html" in content_type else body
            leaves = [text]
        for leaf in leaves:
            if isinstance(leaf, str):
                string = normalise(leaf)
                if len(string) < 200:
                    strings.add(string)
                running.append(string)
                numbers.update(_number_keys(leaf))
            elif not is_year(str(leaf)):
                numbers |= _leaf_forms(leaf)
    return Text(frozenset(numbers), frozenset(strings), " ".join(running))


def _leaf_forms(leaf: int | float) -> set[str]:
    text = format(Decimal(repr(leaf)), "f") if isinstance(leaf, int) or math.isfinite(leaf) else ""
    key = digits_key(text)
    if len(key) < MIN_DIGITS:
        return set()
    if len(key) <= MAX_DIGITS:
        return {key}
    step = Decimal(1).scaleb(Decimal(text).adjusted() - MAX_DIGITS + 1)
    return {digits_key(format(Decimal(text).quantize(step, ROUND_HALF_UP), "f"))}


def _number_keys(text: str) -> set[str]:
    keys = (digits_key(m) for m in _NUMBER.findall(text) if not is_year(m))
    return {k for k in keys if len(k) >= MIN_DIGITS}


def _json_leaves(body: str) -> list[str | int | float] | None:
    try:
        root = json.loads(body)
    except (ValueError, RecursionError):
        return None
    leaves: list[str | int | float] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
            # Pivoted replies carry served values as keys.
            leaves.extend(node.keys())
        elif isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, str) or (isinstance(node, (int, float)) and not isinstance(node, bool)):
            leaves.append(node)
    return leaves


class KnownBeforehand:
    """What an app could show without asking the endpoint: its sources, its built static files, its prompt."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._running = normalise("\n".join(texts))
        self._numbers = frozenset(_number_keys(self._running))

    def covers(self, text: Text) -> bool:
        """Whether the text carries values of these: a number, or at least three strings."""
        if text.numbers & self._numbers:
            return True
        return sum(1 for s in text.strings if is_distinctive(s) and s in self._running) >= 3

    def unknown_numbers(self, keys: Set[str]) -> Set[str]:
        return keys - self._numbers

    def unknown_strings(self, strings: Set[str]) -> Set[str]:
        return {s for s in strings if s not in self._running}


def find(values: Values, text: Text, known: KnownBeforehand) -> Match:
    """Served values that are in the text and were not known beforehand."""
    strings = {s for s in values.strings if s in text.strings or _holds(text.running, s)}
    families = (values.numbers, values.aggregates)
    keys = [known.unknown_numbers(text.numbers & family.keys()) for family in families]
    strings = known.unknown_strings(strings)
    found = [{family[k] for k in those} for family, those in zip(families, keys, strict=True)]
    if not any(found) and not strings:
        return NO_MATCH
    chances = [_number_chance(family, text, those) for family, those in zip(families, keys, strict=True) if those]
    if strings:
        chances.append(_string_chance(values, strings))
    tried = bool(values.numbers) + bool(values.aggregates) + bool(values.strings)
    examples = (*sorted(strings)[:4], *sorted(found[0])[:4], *sorted(found[1])[:2])
    return Match(len(found[0] | found[1]) + len(strings), examples, min(1.0, min(chances) * tried))


def _holds(running: str, string: str) -> bool:
    """Whether the string stands in the text as whole words."""
    at = running.find(string)
    while at >= 0:
        end = at + len(string)
        if not running[at - 1 : at].isalnum() and not running[end : end + 1].isalnum():
            return True
        at = running.find(string, at + 1)
    return False


def _number_chance(family: dict[str, str], text: Text, keys: Set[str]) -> float:
    """Chance that so many served numbers, or more, coincide with tokens of unrelated numbers.

    A served key of d digits equals an unrelated token of d digits with chance 1/(9·10^(d-1)). For each d the
    number of coincidences among keys of at least d digits is about Poisson; the least chance over d, times the
    number of d tried (Bonferroni).
    """
    tokens, served = Counter(map(len, text.numbers)), Counter(map(len, family))
    found = Counter(map(len, keys))
    best, expected, seen = 1.0, 0.0, 0
    lengths = sorted(found | served, reverse=True)
    for length in lengths:
        expected += tokens[length] * served[length] / (9 * 10 ** (length - 1))
        seen += found[length]
        best = min(best, poisson_tail(expected, seen))
    return best * max(1, len(lengths))


def _string_chance(values: Values, strings: Set[str]) -> float:
    words = sum(1 for s in values.strings if s.isalpha())
    expected = words * WORD_CHANCE + (len(values.strings) - words) * PHRASE_CHANCE
    return poisson_tail(expected, len(strings))


def poisson_tail(expected: float, at_least: int) -> float:
    """P(X ≥ at_least) for a Poisson variable, without losing small tails to rounding."""
    if at_least <= 0:
        return 1.0
    if expected <= 0:
        return 0.0
    if at_least <= expected:
        return 1.0
    term = math.exp(-expected + at_least * math.log(expected) - math.lgamma(at_least + 1))
    total, k = 0.0, at_least
    while term > total * 1e-12:
        total += term
        k += 1
        term *= expected / k
    return min(1.0, total)

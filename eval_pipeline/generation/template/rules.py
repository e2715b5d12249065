"""From a prompt's words to choices: which subject, measures, dimensions, charts and filters it asks for.

Every rule reads words and the catalogue, nothing else: no model, no randomness, the same choices for the same prompt.
"""

from __future__ import annotations

from dataclasses import dataclass

from eval_pipeline.generation.template.catalogue import Dimension, Grain, Measure, Subject, Threshold
from eval_pipeline.generation.template.spec import ChartKind
from eval_pipeline.generation.template.subjects import SUBJECTS
from eval_pipeline.generation.template.words import Words, split_phrases
from eval_pipeline.model import Prompt

CHARTS = {"simple": 1, "medium": 2, "complex": 3}
KPIS = {"simple": 3, "medium": 4, "complex": 4}
CHOICES = {"simple": 1, "medium": 2, "complex": 3}
"""Filters by a choice; the date range comes on top."""

_TREND = (
    "over time, trend, develop, evolve, grow, growth, history, change, going up, by day, per day, each "
    "day, timeline, month by month, week by week, day by day, going down, recover, since, track"
)
_SHARE = "share, proportion, split, pie, donut, portion, make up, breakdown, composition, slice"
_HEAT = "heatmap, heat map, grid, matrix, busiest, rush, pattern, hot, cross, when do, when are, crosstab"
_SCATTER = (
    "scatter, relationship, correlate, correlation, versus, vs, against, related, depend, go together, "
    "trade off, tradeoff, outlier"
)
_RANK = (
    "rank, top, best, worst, most, least, compare, comparison, leaderboard, bar, highest, lowest, "
    "biggest, bottom, leading, differ"
)
_STACK = "stack, stacked, area, mix over time, cumulative, contribution, contribute"
_LEAST = "cheapest, lowest, least, smallest, fewest, bottom, slowest, weakest"
_ROWS = (
    "list, look up, lookup, search, browse, individual, record, detail, every order, each order, single, "
    "one by one, row, drill, find the, directory, read, see the actual"
)
_GRAINS: tuple[tuple[Grain, str], ...] = (
    ("hour", "hour by hour, per hour over, hourly trend"),
    ("day", "daily, per day, by day, each day, day by day, every day"),
    ("week", "weekly, per week, by week, each week, week by week, every week"),
    ("month", "monthly, per month, by month, each month, month by month, every month"),
    ("quarter", "quarterly, per quarter, by quarter, each quarter, quarter, every quarter"),
    ("year", "yearly, annual, per year, by year, each year, year by year, every year, years, year over year"),
)


@dataclass(frozen=True)
class Choice:
    """What a prompt asks for, in the catalogue's terms. Lists are in order of importance."""

    subject: Subject
    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...]
    """All of the subject's, those asked about first."""
    asked: tuple[Dimension, ...]
    filters: tuple[Dimension, ...]
    thresholds: tuple[Threshold, ...]
    kinds: tuple[ChartKind, ...]
    grain: Grain | None
    top: int
    """How many of a long ranking are shown."""
    is_ascending: bool
    """Whether rankings begin with the least."""
    wants_rows: bool
    kpis: tuple[Measure, ...]


def choose(prompt: Prompt) -> Choice:
    """Reads a prompt."""
    words = Words(prompt.text)
    subject = choose_subject(prompt, words).limited_to(frozenset(prompt.datasets))
    mentions = _mentions(subject, words)
    measures = _choose_measures(subject, mentions)
    asked = tuple(mention.item for mention in mentions if isinstance(mention.item, Dimension))
    return Choice(
        subject=subject,
        measures=measures,
        dimensions=tuple(dict.fromkeys((*asked, *subject.dimensions))),
        asked=asked,
        filters=_choose_filters(subject, words, mentions, CHOICES[prompt.complexity]),
        thresholds=tuple(t for t in subject.thresholds if words.has(t.words))[:1],
        kinds=_choose_kinds(prompt, words, subject, measures, asked),
        grain=_choose_grain(words, subject),
        top=words.top(default=12),
        is_ascending=words.has(_LEAST),
        wants_rows=words.has(_ROWS),
        kpis=tuple(dict.fromkeys((*measures, *subject.measures)))[: KPIS[prompt.complexity]],
    )


def choose_subject(prompt: Prompt, words: Words) -> Subject:
    """The subject whose words are said most, among those whose own table the prompt names; earlier ones win ties."""
    named = set(prompt.datasets)
    possible = [subject for subject in SUBJECTS if subject.table in named] or [
        subject for subject in SUBJECTS if subject.tables & named
    ]

    def score(subject: Subject) -> float:
        said = words.count(subject.words) + 0.5 * sum(words.has(measure.words) for measure in subject.measures)
        return said + 2 * len(subject.tables & named) / len(subject.tables | named)

    return max(possible or list(SUBJECTS), key=score)


@dataclass
class _Mention:
    """Where a prompt names something, and with how many words in all."""

    item: Measure | Dimension
    places: list[int]
    words: int


def _mentions(subject: Subject, words: Words) -> list[_Mention]:
    """Measures and dimensions that the words name, in the order that they name them.

    Longer phrases are read first, and each word once: "average fare" is the average alone, not also the total that
    "fare" would mean; "approval rate" is a measure, not also the dimension that "approval" would mean.
    """
    items = (*subject.measures, *subject.dimensions)
    matches = sorted(
        (-length, position, number)
        for number, item in enumerate(items)
        for phrase in split_phrases(item.words)
        for position, length in words.matches(phrase)
    )
    read: set[int] = set()
    found: dict[int, _Mention] = {}
    for minus_length, position, number in matches:
        span = set(range(position, position - minus_length))
        if span & read:
            continue
        read |= span
        mention = found.setdefault(number, _Mention(items[number], [], 0))
        mention.places = sorted([*mention.places, position])
        mention.words -= minus_length
    return sorted(found.values(), key=lambda mention: mention.places[0])


_INSISTENT = 5
"""Words about one measure with which it comes before one that is only mentioned earlier."""


def _choose_measures(subject: Subject, mentions: list[_Mention]) -> tuple[Measure, ...]:
    """What the words name, in their order unless they dwell on a later one; then the subject's first two."""
    named = sorted(
        (mention for mention in mentions if isinstance(mention.item, Measure)),
        key=lambda mention: mention.words < _INSISTENT,
    )
    return tuple(dict.fromkeys((*(m.item for m in named if isinstance(m.item, Measure)), *subject.measures[:2])))


def _choose_kinds(
    prompt: Prompt, words: Words, subject: Subject, measures: tuple[Measure, ...], asked: tuple[Dimension, ...]
) -> tuple[ChartKind, ...]:
    """Kinds that the words name, in their order, then what shows the subject best, up to the complexity's number."""
    has_time = subject.time is not None
    has_few = any(d.size == "few" for d in subject.dimensions)
    grains = ", ".join(phrases for _, phrases in _GRAINS)
    signs: list[tuple[ChartKind, str, bool]] = [
        ("heat", _HEAT, len(subject.dimensions) > 1),
        ("scatter", _SCATTER, len(measures) > 1),
        ("area", _STACK, has_time and has_few and any(m.adds_up for m in measures)),
        ("pie", _SHARE, has_few and measures[0].adds_up),
        ("line", f"{_TREND}, {grains}", has_time),
        ("bar", _RANK, True),
    ]
    found: list[tuple[int, ChartKind]] = [
        (position, kind)
        for kind, phrases, is_possible in signs
        if is_possible and (position := words.earliest(phrases)) is not None
    ]
    found.sort(key=lambda entry: entry[0])
    wanted: list[ChartKind] = [kind for _, kind in found]
    if "area" in wanted and "line" in wanted:
        # A stack over time says what the line would, and was asked for by name.
        wanted.remove("line")
    if asked and "bar" not in wanted and wanted[:1] in ([], ["line"]):
        wanted.append("bar")
    can_share = measures[0].adds_up and any(d.size == "few" for d in asked or subject.dimensions)
    second: ChartKind = "pie" if can_share else "heat"
    usual: list[ChartKind] = ["bar", second, "heat", "scatter"]
    if has_time and "area" not in wanted:
        usual.insert(0, "line")
    return tuple(dict.fromkeys((*wanted, *usual)))[: CHARTS[prompt.complexity]]


def _choose_grain(words: Words, subject: Subject) -> Grain | None:
    if subject.time is None:
        return None
    for grain, phrases in _GRAINS:
        if words.has(phrases) and (grain != "hour" or subject.clock):
            return grain
    return subject.grain


_FILTER_WORDS = "filter, choose, pick a, pick the, select, narrow, switch, given, dropdown, limit to, restrict"
_CALENDAR = ("weekday", "hour", "month_of_year", "year")
_REACH = 7
"""Words after "filter by" in which a dimension counts as meant by it."""


def _choose_filters(subject: Subject, words: Words, mentions: list[_Mention], number: int) -> tuple[Dimension, ...]:
    """Dimensions named beside a word of choosing, whatever their size; then short lists, those asked about first."""
    starts = [position for phrase in split_phrases(_FILTER_WORDS) for position, _ in words.matches(phrase)]
    asked = {mention.item: mention.places for mention in mentions if isinstance(mention.item, Dimension)}
    meant = [
        dimension
        for dimension, places in asked.items()
        if any(0 < place - start <= _REACH for start in starts for place in places)
    ]
    short = [d for d in (*asked, *subject.dimensions) if d.size != "many"]
    # Hours and weekdays are read along an axis; as filters they come last.
    short.sort(key=lambda d: (d not in asked, d.name in _CALENDAR))
    return tuple(dict.fromkeys((*meant, *short)))[: max(number, len(meant))]

"""Reading a prompt's words: stems, common synonyms, phrases and where they stand. No meaning of tables here."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_SAME = {
    "avg": "average",
    "mean": "average",
    "typical": "average",
    "typically": "average",
    "usual": "average",
    "overall": "total",
    "sum": "total",
    "weekdays": "weekday",
    "zips": "zip",
    "zipcode": "zip",
    "postcode": "zip",
    "people": "customer",
    "buyer": "customer",
    "client": "customer",
    "shopper": "customer",
    "store": "shop",
    "franchise": "shop",
    "outlet": "shop",
    "bakery": "bakery",
    "vendor": "supplier",
    "countries": "country",
    "cities": "city",
}
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ings", ""), ("ing", ""), ("ed", ""), ("es", "e"), ("s", ""))

_NUMBERS = {"three": 3, "five": 5, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20}


def stem(word: str) -> str:
    """A light stem: plural and verb endings off, one word for the usual synonyms.

    It only has to be the same for a prompt's word and a catalogue's word, not be English.
    """
    word = word.removesuffix("'s")
    word = _SAME.get(word, word)
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending) + instead
            break
    word = word.removesuffix("e") if len(word) > 3 else word
    return _SAME.get(word, word)


class Words:
    """A prompt's words as stems, in order."""

    def __init__(self, text: str) -> None:
        plain = _WORD.findall(text.lower())
        self.stems = tuple(stem(word) for word in plain)
        self._plain = tuple(plain)

    def matches(self, phrase: str) -> list[tuple[int, int]]:
        """Every place of a phrase: (position, words from its first to its last).

        One other word may stand within: "average taxi fare" has "average fare".
        """
        first, *rest = phrase_stems(phrase)
        found = []
        for start in (place for place, word in enumerate(self.stems) if word == first):
            end: int | None = start
            for word in rest:
                end = next((at for at in (end + 1, end + 2) if self.stems[at : at + 1] == (word,)), None)
                if end is None:
                    break
            if end is not None:
                found.append((start, end - start + 1))
        return found

    def has(self, phrases: str) -> bool:
        """Whether any of the phrases, separated by commas, occurs."""
        return any(self.matches(phrase) for phrase in split_phrases(phrases))

    def earliest(self, phrases: str) -> int | None:
        """Position of the first of the phrases in the text, None when there is none."""
        return min(
            (position for phrase in split_phrases(phrases) for position, _ in self.matches(phrase)), default=None
        )

    def count(self, phrases: str) -> int:
        """How many of the phrases occur."""
        return sum(bool(self.matches(phrase)) for phrase in split_phrases(phrases))

    def top(self, default: int) -> int:
        """The N of "top N" (3 to 25), else `default`."""
        for position, word in enumerate(self._plain[:-1]):
            if word in ("top", "best", "worst", "bottom", "first"):
                after = self._plain[position + 1]
                number = _NUMBERS.get(after) or (int(after) if after.isdigit() and len(after) < 4 else 0)
                if 3 <= number <= 25:
                    return number
        return default


@lru_cache(maxsize=1024)
def split_phrases(phrases: str) -> tuple[str, ...]:
    """Phrases from one text with commas."""
    return tuple(phrase.strip() for phrase in phrases.split(",") if phrase.strip())


@lru_cache(maxsize=4096)
def phrase_stems(phrase: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in _WORD.findall(phrase.lower()))

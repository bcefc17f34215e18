"""Everyday names of goods and the tariff's own words for them, as dated data: a search for a laptop has to find
"portable automatic data processing machines". Each row names the number at which these words stand, in which revision,
and when that was looked up. It knows words; how an index is asked is the store's matter."""

import csv
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

_WORD = re.compile(r"[^\W_]+")
_LONGEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Everyday:
    """`meaning` are words of the description of `number` in `revision`, looked up on the day `checked`."""

    name: str
    meaning: str
    number: str
    revision: str
    checked: date


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is searched: all words of any of these. The first are the words that were typed."""

    alternatives: tuple[tuple[str, ...], ...]


@cache
def everyday_names() -> dict[tuple[str, ...], Everyday]:
    """Every row, by the words of its name."""
    text = (resources.files(__package__) / "everyday.csv").read_text(encoding="utf-8")
    rows = [
        Everyday(row["name"], row["meaning"], row["number"], row["revision"], date.fromisoformat(row["checked"]))
        for row in csv.DictReader(text.splitlines())
    ]
    return {tuple(row.name.split()): row for row in rows}


def terms_of(text: str, most: int) -> list[Term]:
    """The terms of a search, made of its first `most` words: an everyday name of one or two words also means what the
    tariff calls it; every other word is itself."""
    words = _WORD.findall(text.casefold())[:most]
    terms: list[Term] = []
    at = 0
    while at < len(words):
        for length in range(_LONGEST_NAME, 0, -1):
            typed = tuple(words[at : at + length])
            meaning = _meaning(typed) if len(typed) == length else None
            if meaning is not None or length == 1:
                terms.append(Term((typed,) if meaning is None else (typed, meaning)))
                at += length
                break
    return terms


def _meaning(typed: tuple[str, ...]) -> tuple[str, ...] | None:
    """The tariff's words for a name, which may stand in the plural."""
    names = everyday_names()
    found = names.get(typed) or names.get((*typed[:-1], typed[-1].removesuffix("s")))
    return None if found is None else tuple(found.meaning.split())

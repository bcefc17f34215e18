"""The starter tariff: a small excerpt for a first look, packaged in the shape of the official export.

Numbers, units, rates and chapter 99 citations in `starter.csv` are the official ones of `figures_as_of`; the wording
is ours. When it may be chosen, and saying so in a quote, is for `schedule` and whoever loads it."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import orjson

_HEADER: Final = re.compile(r"# ([a-z_]+): (.+)")


@dataclass(frozen=True, slots=True)
class StarterLabel:
    """What the file says of itself. `notice` belongs on everything made from it."""

    name: str
    effective_from: date
    figures_as_of: date  # effective date of the official revision the numbers and rates were taken from
    notice: str


@cache
def starter_label() -> StarterLabel:
    """The header of the packaged file."""
    fields = {match[1]: match[2] for line in _lines() if (match := _HEADER.fullmatch(line))}
    return StarterLabel(
        name=fields["name"],
        effective_from=date.fromisoformat(fields["effective_from"]),
        figures_as_of=date.fromisoformat(fields["figures_as_of"]),
        notice=fields["notice"],
    )


@cache
def starter_export() -> bytes:
    """The starter tariff as `read_export` takes it: a JSON array, 12 keys a row, the same bytes on every call."""
    reader = csv.DictReader(line for line in _lines() if not line.startswith("# "))
    return orjson.dumps([_export_row(row) for row in reader])


def _lines() -> list[str]:
    return files(__name__).joinpath("starter.csv").read_text(encoding="utf-8").splitlines()


def _export_row(row: dict[str, str]) -> dict[str, object]:
    return {
        "htsno": row["number"],
        "indent": row["indent"],
        "description": row["description"],
        "superior": None if row["number"] else "true",
        "units": row["units"].split(";") if row["units"] else [],
        "general": row["general"],
        "special": row["special"],
        "other": row["other"],
        "footnotes": list(_footnotes(row["cites"])),
        "quotaQuantity": None,
        "additionalDuties": None,
        "addiitionalDuties": None,  # the export's own misspelling
    }


def _footnotes(cites: str) -> Iterator[dict[str, object]]:
    """`general:9903.88.15+9903.91.06 other:9903.90.08` is one footnote a word: columns, then headings of chapter 99."""
    for cite in cites.split():
        columns, numbers = cite.split(":")
        yield {
            "columns": columns.split("+"),
            "value": f"See {' and '.join(numbers.split('+'))}.",
            "type": "endnote",
        }

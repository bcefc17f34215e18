"""The starter tariff: its shape, its label, and that its facts are the official ones in words of our own."""

import gzip
import re
from datetime import date
from functools import cache
from pathlib import Path

import orjson
import pytest

from app.tariff.export import Export, clean_text, read_export
from app.tariff.rate import parse_rate, parse_special
from app.tariff.starter import starter_export, starter_label

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "hts" / "hts_2026_rev_10.json.gz"
KEYS = [
    "htsno",
    "indent",
    "description",
    "superior",
    "units",
    "general",
    "special",
    "other",
    "footnotes",
    "quotaQuantity",
    "additionalDuties",
    "addiitionalDuties",
]


@cache
def starter() -> Export:
    return read_export(starter_export())


@pytest.fixture(scope="module")
def official() -> dict[str, dict[str, object]]:
    if not OFFICIAL.exists():
        pytest.skip("the official export the starter was taken from is not on this machine")
    return {row["htsno"]: row for row in orjson.loads(gzip.decompress(OFFICIAL.read_bytes())) if row["htsno"]}


def chapter_99(notes: object) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    cited = []
    for note in notes if isinstance(notes, list) else []:
        numbers = re.findall(r"99\d\d\.\d\d\.\d\d(?:-99\d\d\.\d\d\.\d\d)?", note["value"])
        if numbers:
            cited.append((tuple(note["columns"]), tuple(numbers)))
    return cited


def test_the_label_names_the_file_and_says_what_it_is() -> None:
    label = starter_label()

    assert label.name == "starter-2026"
    assert label.effective_from == date(2020, 1, 1)
    assert label.figures_as_of == date(2026, 6, 8)
    assert label.notice == (
        "Starter tariff: a small excerpt in our own words; load the official export before you rely on it."
    )


def test_every_row_has_the_keys_of_the_official_export_in_its_order() -> None:
    rows = orjson.loads(starter_export())

    assert [row for row in rows if list(row) != KEYS] == []


def test_it_is_small_enough_to_read_and_the_same_on_every_call() -> None:
    assert 300 <= len(starter().rows) <= 500
    assert starter_export() == starter_export()


def test_it_holds_every_kind_of_row_the_export_has() -> None:
    by_number = {row.number: row for row in starter().rows if row.number}

    assert sum(row.number is None for row in starter().rows) >= 5
    assert by_number["8471.30.01.00"].rates_from == "8471.30.01.00"
    assert by_number["6109.10.00.12"].rates_from == "6109.10.00"
    assert by_number["6109.10.00.12"].general == "16.5%"
    assert by_number["6109.10.00.12"].other == "90%"
    assert not by_number["6109.10.00"].declarable
    assert by_number["9102.11.25"].declarable
    assert by_number["2009.11.00.40"].general == "7.85¢/liter"
    assert by_number["8211.92.20.00"].general == "0.8¢ each + 4.6%"
    assert by_number["8517.13.00.00"].footnotes == ()
    assert by_number["8507.60.00"].footnotes == ("See 9903.88.15 and 9903.91.06.",)


def test_a_line_reads_with_its_ancestors() -> None:
    by_number = {row.number: row for row in starter().rows}

    assert by_number["0901.11.00.25"].full_description == (
        "Coffee beans, green or roasted, with husks, skins and blends containing coffee › Green coffee"
        " › Green coffee with its caffeine › Green arabica coffee, not organic"
    )


def test_every_declarable_line_has_a_general_and_a_column_2_rate() -> None:
    without = [row.number for row in starter().rows if row.declarable and not (row.general and row.other)]

    assert without == []


def test_every_legal_line_is_declarable_or_has_a_declarable_line_below() -> None:
    declarable = {row.number for row in starter().rows if row.number and row.declarable}
    barren = [
        row.number
        for row in starter().rows
        if row.number and not any(number.startswith(row.number) for number in declarable)
    ]

    assert barren == []


def test_parents_contain_their_children_and_no_level_is_skipped() -> None:
    rows = starter().rows
    for row in rows:
        if row.parent is None:
            assert row.indent == 0
            continue
        parent = rows[row.parent]
        assert parent.indent == row.indent - 1
        if row.number and parent.number:
            assert row.number.startswith(parent.number)


def test_numbers_stand_in_ascending_order() -> None:
    numbers = [row.number for row in starter().rows if row.number]

    assert numbers == sorted(numbers)


def test_every_rate_is_within_the_grammar() -> None:
    for row in starter().rows:
        if row.rates_from is not None:
            parse_rate(row.general)
            parse_rate(row.other)
            parse_special(row.special)


def test_descriptions_are_short_and_one_for_each_line() -> None:
    texts = [row.description for row in starter().rows]

    assert max(map(len, texts)) <= 100
    assert all(texts)
    assert len(set(texts)) == len(texts)


def test_numbers_rates_and_units_are_the_official_ones(official: dict[str, dict[str, object]]) -> None:
    different = []
    for row in orjson.loads(starter_export()):
        if not row["htsno"]:
            continue
        theirs = official[row["htsno"]]
        different += [
            (row["htsno"], column, row[column], theirs[column])
            for column in ("general", "special", "other")
            if row[column] != clean_text(str(theirs[column]))
        ]
        units = theirs["units"]
        assert isinstance(units, list)
        if row["units"] != [clean_text(unit) for unit in units if clean_text(unit)]:
            different.append((row["htsno"], "units", row["units"], units))

    assert different == []


def test_chapter_99_citations_are_the_official_ones(official: dict[str, dict[str, object]]) -> None:
    different = [
        row["htsno"]
        for row in orjson.loads(starter_export())
        if row["htsno"] and chapter_99(row["footnotes"]) != chapter_99(official[row["htsno"]]["footnotes"])
    ]

    assert different == []


def test_a_line_is_declarable_here_if_and_only_if_it_is_officially(official: dict[str, dict[str, object]]) -> None:
    split = {number[:10] for number in official if len(number) == 13}
    different = [
        row.number
        for row in starter().rows
        if row.number and row.declarable != (len(row.number) >= 10 and row.number not in split)
    ]

    assert different == []


def test_no_description_is_an_official_text(official: dict[str, dict[str, object]]) -> None:
    theirs = {clean_text(str(row["description"])).rstrip(" :").lower() for row in official.values()}
    copied = [row.description for row in starter().rows if row.description.rstrip(" :").lower() in theirs]

    assert copied == []

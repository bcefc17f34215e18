"""The numbers the measures reach: lists by longest prefix and day, section 301 as the exports' footnotes have it."""

import re
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tariff.export import Export, read_export
from app.tariff.measure import MeasureRateType, PrefixEntry, PrefixList
from app.tariff.measure_file import packaged_book

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "hts"
EXPORTS = {
    "hts_2025_basic": date(2025, 1, 1),
    "hts_2025_rev_18": date(2025, 8, 7),
    "hts_2026_basic": date(2026, 1, 1),
    "hts_2026_rev_4": date(2026, 2, 24),
    "hts_2026_rev_10": date(2026, 6, 8),
}
CITED = re.compile(r"9903\.(?:88\.(?:01|02|03|04|15)|91\.\d\d)")
# Where the printed footnote is wider or narrower than the note it stands for, with the reading taken.
READINGS = {
    "0403.20.50": "list 4A; the footnote was lost when the number was renamed from 0403.10.50",
    "4015.12.10": "the footnote came with a later revision of 2025; note 31(f) reaches gloves from 2025-01-01",
    "6307.90.98": "9903.91.01 and .07 reach the five face-mask numbers only (note 31), the others stay on list 4A",
    "8507.60.00": "9903.91.01 reaches electric-vehicle batteries (.10) only until 2026 (note 31(b))",
    "8517.62.00": "cited with lists 3 (additional) and 4A; the higher rate is taken",
    "9401.69.60": "list 3 (additional) and 4A both cited; the higher rate is taken",
    "9401.71.00": "list 3 (additional) and 4A both cited; the higher rate is taken",
    "2931.90.90": "list 3 (additional) for the four statistical numbers that carry the footnote",
    "8426.19.00": "9903.91.09 is an exclusion for contracts of before 2024-05-14",
    "9018.31.00": "9903.91.10 is the exclusion of enteral syringes",
}


@cache
def export(name: str) -> Export:
    path = OFFICIAL / f"{name}.json.gz"
    if not path.exists():
        pytest.skip("the official exports are not on this machine; the lists' own tests below remain")
    return read_export(path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_section_301_scope_agrees_with_the_footnotes_of_the_export(name: str) -> None:
    rows, on, book = export(name).rows, EXPORTS[name], packaged_book()
    china = [one for one in book.of_origin("CN", on) if one.slot == "301-china" and one.when is None]
    compared = 0
    for row in rows:
        if row.number is None or not row.declarable or row.number[:2] > "97" or row.number[:10] in READINGS:
            continue
        notes = (*row.footnotes, *(note for place in row.path for note in rows[place].footnotes))
        cited = {heading for note in notes for heading in CITED.findall(note)}
        digits = row.number.replace(".", "").ljust(10, "0")
        found = [one for one in china if book.in_scope(one.scope, digits, on)]
        charged = {found[0].heading} if found else set()
        if any(heading.startswith("9903.91") for heading in cited):
            cited = {heading for heading in cited if heading.startswith("9903.91")}
        elif on < date(2026, 1, 1) and charged & {"9903.91.06"}:
            charged = set()
        assert charged == cited, (row.number, cited, [one.id for one in found])
        compared += 1
    assert compared > 18_000


def test_the_china_lists_exclude_each_other() -> None:
    book = packaged_book()
    names = ["s301-china-list-1", "s301-china-list-2", "s301-china-list-3", "s301-china-list-4a"]
    seen: dict[str, str] = {}
    for name in names:
        for prefix in book.lists[name].entries:
            assert seen.setdefault(prefix, name) == name
    assert len(seen) > 10_000


def test_no_prefix_has_two_classes_on_one_day() -> None:
    for one in packaged_book().lists.values():
        for prefix, entries in one.entries.items():
            days = {entry.effective_from or date.min for entry in entries}
            for day in days:
                assert len([entry for entry in entries if entry.holds(day)]) <= 1, (one.name, prefix)


def entry(category: str, start: date | None = None, end: date | None = None) -> tuple[PrefixEntry, ...]:
    return (PrefixEntry(category, start, end),)


def test_the_longest_prefix_in_force_decides() -> None:
    noon = date(2026, 6, 8)
    held = PrefixList(
        "metals",
        "2026-06-08",
        "",
        "",
        {
            "73": entry("chapter"),
            "732690": entry("other", date(2026, 4, 6)),
            "7326908605": entry("mill", date(2026, 4, 6), noon) + entry("derivative", noon),
        },
    )

    assert held.classify("7326908605", date(2026, 4, 5)) == "chapter"
    assert held.classify("7326908605", date(2026, 6, 7)) == "mill"
    assert held.classify("7326908605", noon) == "derivative"
    assert held.classify("7326908610", noon) == "other"
    assert held.classify("7401000000", noon) is None


@given(st.text("0123456789", min_size=10, max_size=10), st.sampled_from(sorted(packaged_book().lists)))
def test_a_class_is_that_of_one_of_the_prefixes(digits: str, name: str) -> None:
    held = packaged_book().lists[name]

    found = held.classify(digits, date(2026, 7, 1))

    under = [entries for prefix, entries in held.entries.items() if digits.startswith(prefix)]
    assert found is None or found in {one.category for entries in under for one in entries}


@pytest.mark.parametrize(
    ("group", "country", "on", "member"),
    [
        ("EU27", "HR", "2025-01-01", True),
        ("EU27", "GB", "2025-01-01", False),
        ("COLUMN_2", "RU", "2022-04-08", False),
        ("COLUMN_2", "RU", "2022-04-09", True),
        ("COLUMN_2", "KP", "1990-01-01", True),
    ],
)
def test_membership_of_a_group_is_dated(group: str, country: str, on: str, member: bool) -> None:
    assert packaged_book().groups[group].has(country, date.fromisoformat(on)) is member


# Headings whose printed text is not the rate of the day, with the reading taken.
PRINTED_OTHERWISE = {
    "s201_solar": "the export prints the first year's 30 %; proclamations lowered it year by year",
    "s232_annex_authorized_9903.82.18": "the rate is in the special column: USMCA goods only",
    "s232_annex_authorized_9903.82.19": "the rate is in the special column: USMCA goods only",
}


def test_rates_agree_with_the_chapter_99_headings_of_the_exports() -> None:
    compared: set[str] = set()
    for name, on in EXPORTS.items():
        printed = {row.number: row.general or row.other for row in export(name).rows if row.number is not None}
        for one in packaged_book().measures.values():
            text = printed.get((one.heading or "")[:10])
            if text is None or not one.in_force(on) or one.id in PRINTED_OTHERWISE:
                continue
            figure = re.search(r"(\d+(?:\.\d+)?) ?%", text)
            percent = one.rate.percent or Decimal(0)
            if figure is not None:
                assert Decimal(figure[1]) == percent, (one.id, text)
            else:  # the heading of a pair for goods that have reached the total, or an exemption
                assert percent == 0 or one.rate.type is MeasureRateType.TOP_UP, (one.id, text)
            compared.add(one.id)
    assert len(compared) > 180

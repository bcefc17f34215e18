"""Everyday names: what a search is made of, and that each row's words stand where it says they do."""

import re
from pathlib import Path

import pytest

from app.tariff.everyday import Term, everyday_names, terms_of
from app.tariff.export import read_export

HTS = Path(__file__).parents[3] / "shared" / "data" / "hts"
LAPTOP = ("portable", "automatic", "data", "processing", "machines")


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("laptop", [(("laptop",), LAPTOP)]),
        ("Laptops!", [(("laptops",), LAPTOP)]),
        ("cell phones", [(("cell", "phones"), ("smartphones",))]),
        ("cell wall", [(("cell",),), (("wall",),)]),
        ("cotton jeans", [(("cotton",),), (("jeans",), ("trousers", "denim"))]),
        ("steel bolts", [(("steel",),), (("bolts",),)]),
        ("1_2 ½", [(("1",),), (("2",),), (("½",),)]),
        ("s", [(("s",),)]),
        ("\"*() &|:'", []),
        ("", []),
    ],
)
def test_a_search_is_made_of_words_and_of_what_the_tariff_calls_them(text: str, terms: list[object]) -> None:
    assert terms_of(text, 16) == [Term(one) for one in terms]  # type: ignore[arg-type]


def test_a_search_has_a_bound() -> None:
    assert len(terms_of("laptop " * 100, 16)) == 16


def test_names_are_plain_and_said_once() -> None:
    rows = list(everyday_names().values())
    assert len(rows) >= 30
    for row in rows:
        assert words(row.name) == row.name.split()
        assert words(row.meaning) == row.meaning.split()
        assert len(row.name.split()) <= 2
    assert [row.name for row in rows] == sorted(row.name for row in rows)


@pytest.mark.skipif(not HTS.exists(), reason="the official exports are not on this machine")
def test_each_rows_words_stand_at_its_number_in_the_official_export() -> None:
    rows = everyday_names().values()
    for revision in {row.revision for row in rows}:
        file = HTS / f"hts_{revision.replace('-', '_')}.json.gz"
        lines = {row.number: set(words(row.full_description)) for row in read_export(file.read_bytes()).rows}
        for row in rows:
            stands = lines[row.number]
            missing = [word for word in row.meaning.split() if not any(one.startswith(word) for one in stands)]
            assert (row.name, missing) == (row.name, [])

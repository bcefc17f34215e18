"""The search over a revision's words: chapters 98 and 99 come last, pages run both ways, no text is an error, and
loading says what may not have been meant."""

from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.duty.assessment import LineInput, QuoteInput
from app.errors import Refused
from app.principal import Principal
from app.services.quotes import Desk, QuoteCreate
from app.services.tariff import Known, known_numbers, load_tariff, unload_tariff
from app.store import tariff as stored
from app.store.session import Store
from app.tariff.export import Export, read_export
from app.tariff.measure_file import packaged_book
from tests.scenes import SYSTEM, accepted, counts

DAY = date(2026, 1, 1)


def export(*lines: tuple[str, str]) -> Export:
    fields = {"units": [], "general": "Free", "special": "", "other": "", "footnotes": []}
    rows = [{"htsno": number, "indent": "0", "description": words, **fields} for number, words in lines]
    return read_export(orjson.dumps(rows))


GOODS = export(
    ("0409", "Honey, in jars whose labels tell much of where it was gathered and when"),
    ("0409.00.00", "Natural honey"),
    ("1704.90.10.00", "Sweets with honey"),
    ("1704.90.20.00", "Sweets with honey"),
    ("1704.90.30.00", "Sweets with sugar, o'clock, 1_2 and naïve ½ words"),
    ("9802.00.10.00", "Honey"),
    ("9903.01.01", "Honey"),
)


async def loaded(store: Store, content: Export = GOODS, name: str = "goods", **more: Any) -> str:
    return (await load_tariff(store, content, name=name, effective_from=DAY, **more)).revision_id


async def found(store: Store, revision: str, text: str, **more: Any) -> list[str]:
    rows = await stored.search(store, revision, text, **({"under": None, "after": None, "limit": 100} | more))
    return [row.number for row in rows]


async def test_chapters_98_and_99_come_after_all_others_however_well_they_match(store: Store) -> None:
    revision = await loaded(store)

    numbers = await found(store, revision, "honey")

    assert set(numbers[:4]) == {"0409", "0409.00.00", "1704.90.10.00", "1704.90.20.00"}
    assert numbers[4:] == ["9802.00.10.00", "9903.01.01"]
    assert numbers.index("1704.90.10.00") + 1 == numbers.index("1704.90.20.00")
    assert await found(store, revision, "honey", under="9903") == ["9903.01.01"]
    assert await stored.search_count(store, revision, "honey", under=None) == 6


@pytest.mark.parametrize("limit", [1, 2, 4, 100])
async def test_a_search_runs_backwards_through_the_same_lines(store: Store, limit: int) -> None:
    revision = await loaded(store)
    whole = await found(store, revision, "honey")
    for backward, expected in ((False, whole), (True, whole[::-1])):
        seen: list[str] = []
        after = None

        while rows := await stored.search(
            store, revision, "honey", under=None, after=after, limit=limit, backward=backward
        ):
            seen += [row.number for row in rows]
            after = (rows[-1].score, rows[-1].position)

        assert seen == expected


ODD = [
    "", " ", "'", "''", "o'clock", "it's", "'; DROP TABLE tariff_line; --", '"', '""', "_", "___", "1_2", "_1_", "1",
    "12345678901234567890", "½", "²", "٣", "*", "honey*", "honey & !", "honey OR", "AND", "NEAR(", "NOT", "the",
    "a of the", "\\", "\x00", "honey\x00", "ß", "ﬁ", "naive", "naïve", "\u0301", "\ud800", "\U0001e900", "漢字",
    "x" * 5_000, "honey " * 500, ":*", "<->", "(", ")", "{", "^", "description:honey", "-honey", "%", "$1",
    "\u00ad", "\u200b",
]  # fmt: skip


async def test_no_text_is_an_error_on_either_database(store: Store) -> None:
    revision = await loaded(store)

    for text in ODD:
        rows = await found(store, revision, text)
        assert await stored.search_count(store, revision, text, under=None) == len(rows), repr(text)
        assert set(rows) <= {row.number for row in GOODS.rows}

    assert "1704.90.30.00" in await found(store, revision, "o'clock")
    assert await found(store, revision, "1_2") == ["1704.90.30.00"]
    assert await found(store, revision, "_") == []


async def test_a_hundred_drawn_texts_are_no_error_on_either_database(store: Store) -> None:
    revision = await loaded(store)
    drawn: list[str] = []

    @settings(max_examples=100, deadline=None, database=None)
    @given(st.text(max_size=12) | st.text("'\"_1a* &|!:()\\", max_size=12))
    def draw(text: str) -> None:
        drawn.append(text)

    draw()
    for text in drawn:
        rows = await found(store, revision, text)
        assert await stored.search_count(store, revision, text, under=None) == len(rows), repr(text)


async def test_an_undivided_line_is_known_by_both_its_numbers(store: Store) -> None:
    await loaded(store)
    numbers = {"0409.00.00", "0409.00.00.00", "1704.90.10", "1704.90.10.00", "1704.90", "1704.90.40"}

    assert await known_numbers(store, SYSTEM, numbers, DAY) == {
        "0409.00.00": Known(True, True),
        "0409.00.00.00": Known(True, True),
        "1704.90.10": Known(True, True),
        "1704.90.10.00": Known(True, True),
        "1704.90": Known(False, False),
        "1704.90.40": Known(False, False),
    }


async def test_a_second_revision_of_a_day_is_loaded_with_a_notice(store: Store) -> None:
    alone = await load_tariff(store, GOODS, name="one", effective_from=DAY)
    starter = await load_tariff(store, GOODS, name="starter", effective_from=DAY, starter=True)
    other_day = await load_tariff(store, GOODS, name="later", effective_from=date(2026, 2, 1))

    second = await load_tariff(store, GOODS, name="two", effective_from=DAY)

    assert (alone.notice, starter.notice, other_day.notice) == (None, None, None)
    assert second.notice == "one comes into force on 2026-01-01 too: of one day the revision loaded last is read"


async def test_a_revision_that_is_taken_out_leaves_no_line_and_no_word_behind(store: Store) -> None:
    kept = await loaded(store)
    before = await found(store, kept, "honey")
    empty = await counts(store)
    gone = await loaded(store, name="gone")

    assert await unload_tariff(store, "gone") == len(GOODS.rows)

    assert await counts(store) == empty
    assert await found(store, gone, "honey") == []
    assert await found(store, kept, "honey") == before
    again = await loaded(store, name="gone")
    assert await found(store, again, "honey") == before


async def test_a_revision_that_kept_quotes_stand_on_is_not_taken_out(store: Store, importer: Principal) -> None:
    revision = await loaded(store)
    question = QuoteInput((LineInput("0409.00.00.00", "VN", Decimal(1000)),), date(2026, 3, 1))
    accepted(await Desk(store, packaged_book()).create(importer, QuoteCreate(question)))
    before = await counts(store)

    with pytest.raises(Refused, match="kept quotes stand on goods"):
        await unload_tariff(store, "goods")

    assert await counts(store) == before
    assert len(await found(store, revision, "honey")) == 6


COMPUTERS = export(
    ("8471", "Automatic data processing machines and units thereof"),
    ("8471.30.01.00", "Portable automatic data processing machines, weighing not more than 10 kg"),
    ("8473.30.11.80", "Parts of portable automatic data processing machines"),
    ("8517.13.00.00", "Smartphones"),
    ("9902.12.42", "Laptop sleeves"),
)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("laptop", {"8471.30.01.00", "8473.30.11.80", "9902.12.42"}),
        ("Laptops", {"8471.30.01.00", "8473.30.11.80"}),
        ("parts laptops", {"8473.30.11.80"}),
        ("laptop sleeves", {"9902.12.42"}),
        ("cell phone", {"8517.13.00.00"}),
        ("portable", {"8471.30.01.00", "8473.30.11.80"}),
    ],
)
async def test_everyday_names_find_what_the_tariff_calls_otherwise(store: Store, text: str, numbers: set[str]) -> None:
    revision = await loaded(store, COMPUTERS)

    # the stems of PostgreSQL's dictionary make no difference between one laptop and several
    hits = set(await found(store, revision, text))
    assert hits - {"9902.12.42"} == numbers - {"9902.12.42"}
    assert hits >= numbers
    assert await stored.search_count(store, revision, text, under=None) == len(hits)

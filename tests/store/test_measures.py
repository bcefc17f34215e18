"""Loaded measure files on either database: atomic, the latest of a name in force, noticed by a desk at once; and what
an organisation holds under its numbers."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.duty.assessment import LineInput, QuoteInput
from app.errors import Refused
from app.filing.entry import EntryStatus
from app.principal import Principal
from app.services.measures import book_in_force, load_measures, loads_until
from app.services.quotes import Desk
from app.services.tariff import load_tariff
from app.store import holdings
from app.store import tariff as stored
from app.store.session import Store
from app.tariff.export import read_export
from app.tariff.measure_file import packaged_book
from app.tariff.starter import starter_export
from tests import scenes
from tests.conftest import SetClock
from tests.unit.test_measure_file import measure, raw

SHIRTS = QuoteInput((LineInput("6109.10.00.12", "VN", Decimal(1000)),), date(2025, 1, 15))
SURCHARGE = measure(id="shirts", scope={"prefixes": "6109"}, **{"from": "2025-01-01"})


async def loaded(store: Store, name: str = "starter") -> None:
    await load_tariff(store, read_export(starter_export()), name=name, effective_from=date(2020, 1, 1), starter=True)


async def duty(desk: Desk, caller: Principal) -> Decimal | None:
    return (await desk.assess(caller, SHIRTS)).assessment.duty_total


async def test_a_loading_changes_the_next_answer_of_every_desk(store: Store, importer: Principal) -> None:
    await loaded(store)
    one, other = Desk(store, packaged_book()), Desk(store, packaged_book())
    before = [await duty(one, importer), await duty(other, importer)]

    await load_measures(store, raw(SURCHARGE), source="shirts.json")

    assert before == [Decimal("165.00"), Decimal("165.00")]
    assert [await duty(one, importer), await duty(other, importer)] == [Decimal("465.00"), Decimal("465.00")]


async def test_two_loadings_at_once_are_both_in_force_and_the_same_one_twice_is_one(store: Store) -> None:
    files = [raw(SURCHARGE, name="a"), raw(measure(id="robots"), name="b"), raw(SURCHARGE, name="a")]

    done = await asyncio.gather(*(load_measures(store, content, source="x") for content in files))

    assert sorted(one.already for one in done) == [False, False, True]
    assert sorted(one.name for one in await loads_until(store)) == ["a", "b"]
    assert {"shirts", "robots", "s122"} <= (await book_in_force(store)).measures.keys()


async def test_a_file_that_no_longer_fits_the_others_is_refused_and_nothing_is_written(store: Store) -> None:
    group = {"name": "NEAR", "label": "Near", "members": [{"countries": "VN"}]}
    await load_measures(store, raw(groups=[group], name="groups"), source="groups.json")
    await load_measures(store, raw(measure(origins=["@NEAR"]), name="user"), source="user.json")

    with pytest.raises(Refused, match="NEAR"):
        await load_measures(store, raw(name="groups", version="2"), source="groups.json")

    assert [one.version for one in await loads_until(store)] == ["1", "1"]


async def test_the_book_of_an_earlier_moment_can_be_had(store: Store, clock: SetClock) -> None:
    await load_measures(store, raw(SURCHARGE), source="x")
    between = clock.forward(hours=1)
    clock.forward(hours=1)
    await load_measures(store, raw(version="2"), source="x")

    assert "shirts" in (await book_in_force(store, between)).measures
    assert "shirts" not in (await book_in_force(store)).measures


async def test_numbers_of_any_revision_are_found(store: Store, importer: Principal) -> None:
    await loaded(store)

    found = await stored.numbers_of_any(store, importer, {"6109.10.00.12", "6109.10.00", "1234.56.78.90"})

    assert found == {"6109.10.00.12", "6109.10.00"}


async def test_holdings_are_the_organisations_own(store: Store, importer: Principal, broker: Principal) -> None:
    await loaded(store)
    entry = await scenes.an_entry(store, importer)
    await scenes.an_entry(store, importer, "draft")
    await scenes.told(store, importer, entry, EntryStatus.SUBMITTED, datetime(2026, 11, 1, 23, tzinfo=UTC))

    async def lines(caller: Principal, since: date, until: date) -> list[str]:
        portions = holdings.lines_filed(store, caller, since, until)
        return [row.entry_id async for portion in portions for row in portion]

    products = [(row.hts_number, row.products) for row in await holdings.products_by_number(store, importer)]
    assert products == [("8471.30.01.00", 2)]
    assert await holdings.products_by_number(store, broker) == []
    assert await lines(importer, date(2026, 11, 1), date(2026, 11, 2)) == [entry]
    assert await lines(importer, date(2026, 11, 2), date(2027, 1, 1)) == []
    assert await lines(broker, date(2026, 1, 1), date(2027, 1, 1)) == []

"""Organisations, revisions of the tariff, files of statuses, and the sample."""

import io
import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.errors import Refused
from app.events.types import EventType
from app.filing.entry import EntryStatus
from app.filing.numbering import is_entry_number
from app.principal import SCOPES, Principal
from app.services.entry_status_file import record_file
from app.services.organisations import (
    create_organisation,
    find_organisation,
    list_organisations,
    organisation_exists,
)
from app.services.sample.port import Port
from app.services.sample.seed import seed
from app.services.tariff import Known, known_numbers, list_revisions, load_tariff
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.tariff.export import Export, read_export
from app.tariff.starter import starter_export
from app.values import OrganisationKind
from tests.scenes import SYSTEM, SetClock, an_entry, counts, make_tenants, row_of

STARTER = read_export(starter_export())


async def test_an_organisation_is_made_once_and_linked_once(store: Store, importer: Principal) -> None:
    await an_entry(store, importer)
    party = (await store.rows(importer, Select("party")))[0].id
    first = await create_organisation(store, " Acme ", OrganisationKind.PARTNER, (party,))
    assert (first.created, first.linked) == (True, (party,))
    again = await create_organisation(store, "Acme", OrganisationKind.PARTNER, (party,))
    assert (again.organisation_id, again.created, again.linked) == (first.organisation_id, False, ())
    found = await find_organisation(store, "Acme")
    assert found is not None
    assert (found.id, found.kind) == (first.organisation_id, "PARTNER")
    assert await organisation_exists(store, first.organisation_id)
    assert not await organisation_exists(store, "org_nothing")
    assert [row.name for row in await list_organisations(store)] == ["Acme", "Broker", "Importer", "Partner"]


async def test_an_unknown_party_or_a_bad_name_makes_no_organisation(store: Store) -> None:
    for name, parties in (("Acme", ("pty_nothing",)), ("", ()), ("x" * 201, ()), ("a\nb", ())):
        with pytest.raises(Refused):
            await create_organisation(store, name, OrganisationKind.IMPORTER, parties)
    assert await list_organisations(store) == []


async def test_the_same_revision_again_changes_nothing_and_another_of_its_name_is_refused(store: Store) -> None:
    first = await load_tariff(store, STARTER, name="rev 1", effective_from=date(2026, 1, 1))
    before = await counts(store)
    again = await load_tariff(store, STARTER, name="rev 1", effective_from=date(2026, 1, 1))
    assert (again.revision_id, again.already, again.lines) == (first.revision_id, True, first.lines)
    other = Export(STARTER.rows, "0" * 64)
    for export, day in ((other, date(2026, 1, 1)), (STARTER, date(2026, 2, 1))):
        with pytest.raises(Refused, match="choose another name"):
            await load_tariff(store, export, name="rev 1", effective_from=day)
    assert await counts(store) == before
    assert [row.name for row in await list_revisions(store)] == ["rev 1"]


async def test_what_a_revision_knows_of_a_number(store: Store, importer: Principal) -> None:
    numbers = {"0406.10.88.00", "0409.00.00", "0406.10", "9999.99.99.99"}
    day = date(2026, 6, 1)
    assert set((await known_numbers(store, importer, numbers, day)).values()) == {Known(None, None)}
    await load_tariff(store, STARTER, name="starter", effective_from=date(2020, 1, 1), starter=True)
    assert await known_numbers(store, importer, numbers, day) == {
        "0406.10.88.00": Known(True, True),
        "0409.00.00": Known(True, False),
        "0406.10": Known(True, False),
        "9999.99.99.99": Known(None, None),
    }
    await load_tariff(store, STARTER, name="official", effective_from=date(2026, 1, 1))
    assert (await known_numbers(store, importer, numbers, day))["9999.99.99.99"] == Known(False, False)
    assert (await known_numbers(store, importer, numbers, date(2019, 1, 1)))["0406.10"] == Known(None, None)


FILE = """\ufeffEntry_Number,status,occurred_at,code,narrative,source
{number},submitted,2026-11-20T08:00:00Z,,,ACME ABI
{number},Under Review,2026-11-20T06:00:00-05:00,04,Referred,
{number},submitted,2026-11-20T08:00:00Z,,,ACME ABI
{number},DRAFT,2026-11-20T12:00:00Z,,,
{number},SHIPPED,yesterday,,,
SIM-9999999-0,HELD,2026-11-20T08:00:00Z,,,
,HELD,,,,
"""


async def test_a_file_records_its_good_rows_and_tells_of_the_others(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    number = (await row_of(store, importer, "entry", entry)).entry_number
    text = FILE.format(number=number).removeprefix("\ufeff")
    told: list[tuple[int, int]] = []
    report = await record_file(store, "Importer", io.StringIO(text), lambda done, total: told.append((done, total)))
    assert (report.rows, report.recorded, report.unchanged) == (7, 2, 1)
    assert [(row, column, code) for row, column, code, _ in report.faults] == [
        (5, "status", "TRANSITION_NOT_ALLOWED"),
        (6, "status", "INVALID"),
        (6, "occurred_at", "INVALID"),
        (7, "entry_number", "NOT_FOUND"),
        (8, "entry_number", "REQUIRED"),
        (8, "occurred_at", "REQUIRED"),
    ]
    assert told == [(7, 7)]
    changes = await store.rows(importer, Select("entry_status_change", order=(Order("sequence"), Order("id"))))
    assert [(change.status, change.source) for change in changes] == [
        ("DRAFT", "tidegate"), ("SUBMITTED", "ACME ABI"), ("UNDER_REVIEW", "file"),
    ]  # fmt: skip
    again = await record_file(store, "Importer", io.StringIO(text))
    assert (again.recorded, again.unchanged) == (0, 3)


@pytest.mark.parametrize(
    ("organisation", "text", "message"),
    [
        ("Nobody", "entry_number,status,occurred_at\n", "no organisation named Nobody"),
        ("Importer", "number,status\n", "no column entry_number, occurred_at"),
        ("Importer", "", "no column"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused(
    sqlite_store: Store, organisation: str, text: str, message: str
) -> None:
    await make_tenants(sqlite_store)
    with pytest.raises(Refused, match=message):
        await record_file(sqlite_store, organisation, io.StringIO(text))


async def test_the_sample_has_what_a_first_look_needs(store: Store, clock: SetClock) -> None:
    made = await seed(store, clock)
    demo = await find_organisation(store, "demo")
    assert demo is not None
    assert (demo.id, demo.kind) == (made.importer_id, "IMPORTER")
    importer = Principal("tests", made.importer_id, frozenset(SCOPES))
    entries = await store.rows(importer, Select("entry"))
    assert Counter(row.status for row in entries).keys() == set(EntryStatus)
    assert len(entries) == 80
    assert all(is_entry_number(row.entry_number) for row in entries)
    assert len({row.entry_number for row in entries}) == 80
    assert await store.count(importer, Select("shipment")) == 60
    assert await store.count(importer, Select("product")) >= 200
    statuses = Counter(row.status for row in await store.rows(importer, Select("classification")))
    assert set(statuses) == {"CONFIRMED", "NEEDS_REVIEW", "SUGGESTED"}
    reviewed = await store.rows(importer, Select("classification", (Where("status", "eq", "NEEDS_REVIEW"),)))
    assert any(row.alternatives for row in reviewed)
    kinds = {row.type for row in await store.rows(importer, Select("event_log"))}
    assert kinds == {kind.value for kind in EventType}
    for history in await store.rows(SYSTEM, Select("entry_status_change")):
        assert history.occurred_at <= clock()
    released = [row for row in entries if row.released_at is not None]
    assert all(row.filed_at < row.released_at and row.summary_due_on and row.liquidates_on for row in released)
    lines = await store.rows(importer, Select("shipment_line"))
    for row in await store.rows(importer, Select("shipment")):
        values = [line.customs_value_amount for line in lines if line.shipment_id == row.id]
        assert row.total_value_amount == sum(values, Decimal(0)) > 0
    broker = Principal("tests", made.broker_id, frozenset(SCOPES))
    partner = Principal("tests", made.partner_id, frozenset(SCOPES))
    assert await store.count(broker, Select("entry")) == 80
    assert 0 < await store.count(partner, Select("entry")) < 40
    assert await store.count(partner, Select("product")) == 0


async def test_the_sample_again_adds_nothing(sqlite_store: Store, clock: SetClock) -> None:
    first = await seed(sqlite_store, clock)
    before = await counts(sqlite_store)
    clock.forward(days=3)
    assert await seed(sqlite_store, clock) == first
    assert await counts(sqlite_store) == before


async def test_the_sample_joins_an_organisation_that_is_there(sqlite_store: Store, clock: SetClock) -> None:
    made = await create_organisation(sqlite_store, "demo", OrganisationKind.IMPORTER)
    await load_tariff(sqlite_store, STARTER, name="mine", effective_from=date(2026, 1, 1))
    assert (await seed(sqlite_store, clock)).importer_id == made.organisation_id
    assert [row.name for row in await list_revisions(sqlite_store)] == ["mine"]


async def test_the_port_moves_the_sample_and_nothing_else(sqlite_store: Store, clock: SetClock) -> None:
    made = await seed(sqlite_store, clock)
    demo = Principal("a user", made.importer_id, frozenset(SCOPES))
    mine = await an_entry(sqlite_store, demo)
    port = Port(sqlite_store, clock, random.Random(1))
    moved = 0
    for _ in range(60):
        clock.forward(seconds=3)
        changed = await port.tick()
        assert 2 <= changed <= 4
        moved += changed
    assert moved > 120
    assert (await row_of(sqlite_store, demo, "entry", mine)).status == "DRAFT"
    statuses = Counter(row.status for row in await sqlite_store.rows(demo, Select("entry")))
    assert statuses["PAID"] > 8
    assert statuses["LIQUIDATED"] == 6
    assert clock() - timedelta(minutes=4) < max(
        row.occurred_at for row in await sqlite_store.rows(demo, Select("event_log"))
    )


async def test_the_port_does_nothing_without_the_sample(sqlite_store: Store, clock: SetClock) -> None:
    assert await Port(sqlite_store, clock).tick() == 0

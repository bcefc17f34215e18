"""An entry is drafted, moves through its statuses in one transaction each, and refuses what cannot be."""

import asyncio
from datetime import timedelta

import pytest

from app.classification.decision import ClassificationDecision
from app.filing.entry import TERMINAL, TRANSITIONS, EntryStatus
from app.filing.numbering import is_entry_number
from app.principal import Principal
from app.services.classifications import ClassificationDecide, decide_classification
from app.services.entries import (
    EntryCancel,
    EntryDraft,
    EntryFile,
    EntryStatusRecord,
    EntryUpdate,
    cancel_entry,
    draft_entry,
    file_entry,
    record_entry_status,
    update_entry,
)
from app.services.organisations import create_organisation
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.values import OrganisationKind
from tests.scenes import (
    SELLER,
    SYSTEM,
    SetClock,
    a_product,
    a_shipment,
    accepted,
    an_entry,
    at,
    booking,
    counts,
    make_tenants,
    row_of,
    told,
)

S = EntryStatus


async def history(store: Store, entry: str) -> list[tuple[str | None, str]]:
    rows = await store.rows(
        SYSTEM, Select("entry_status_change", (Where("entry_id", "eq", entry),), (Order("sequence"), Order("id")))
    )
    return [(row.previous_status, row.status) for row in rows]


async def events(store: Store, entry: str) -> list[str]:
    rows = await store.rows(SYSTEM, Select("event_log", (Where("subject_id", "eq", entry),), (Order("position"),)))
    return [row.type for row in rows]


async def test_a_draft_takes_lines_parties_and_a_number(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    row = await row_of(store, importer, "entry", entry)
    assert (row.status, row.release_status, row.summary_status, row.environment, row.port, row.type) == (
        "DRAFT", "NOT_FILED", "NOT_FILED", "SIMULATED", "2704", "01",
    )  # fmt: skip
    assert row.entry_number == "SIM-0000001-3"
    assert is_entry_number(row.entry_number)
    lines = await store.rows(importer, Select("entry_line", (Where("entry_id", "eq", entry),)))
    assert [(line.number, line.hts_number, line.origin_country, line.quantities) for line in lines] == [
        (1, "8471.30.01.00", "VN", [{"value": "10", "unit": "NO"}])
    ]
    parties = await store.rows(importer, Select("entry_party", (Where("entry_id", "eq", entry),)))
    assert len(parties) == 2
    assert await history(store, entry) == [(None, "DRAFT")]
    assert await events(store, entry) == ["entry.draft"]


async def test_numbers_go_on_across_organisations(store: Store, importer: Principal, broker: Principal) -> None:
    first = await row_of(store, importer, "entry", await an_entry(store, importer, "S-1"))
    second = await row_of(store, broker, "entry", await an_entry(store, broker, "S-1"))
    assert [row.entry_number[:11] for row in (first, second)] == ["SIM-0000001", "SIM-0000002"]


async def test_drafts_at_once_get_numbers_of_their_own(store: Store, importer: Principal, broker: Principal) -> None:
    for caller in (importer, broker):
        await a_product(store, caller)
    shipments = [(caller, await a_shipment(store, caller)) for caller in (importer, broker)]
    jobs = [
        draft_entry(store, caller, EntryDraft(shipment, another=True))
        for caller, shipment in shipments
        for _ in range(5)
    ]
    drafted = [accepted(outcome) for outcome in await asyncio.gather(*jobs)]
    rows = await store.rows(SYSTEM, Select("entry"))
    assert len(drafted) == 10
    assert len({row.entry_number for row in rows}) == 10


async def test_every_unclassified_line_is_named_and_nothing_is_written(store: Store, importer: Principal) -> None:
    await a_product(store, importer, "A-1", number=None)
    await a_product(store, importer, "A-2")
    await a_product(store, importer, "A-3", number=None)
    lines = booking().lines
    three = tuple(line.__class__(sku, line.quantity, line.unit) for line in lines for sku in ("A-1", "A-2", "A-3"))
    shipment = await a_shipment(store, importer, lines=three)
    before = await counts(store)
    outcome = await draft_entry(store, importer, EntryDraft(shipment))
    assert [(fault.code, fault.message[:13]) for fault in outcome.faults] == [
        ("UNCLASSIFIED", "line 1: A-1 h"), ("UNCLASSIFIED", "line 3: A-3 h"),
    ]  # fmt: skip
    assert await counts(store) == before


async def test_a_rejected_number_does_not_reach_an_entry(store: Store, importer: Principal) -> None:
    product = await a_product(store, importer)
    shipment = await a_shipment(store, importer)
    reject = ClassificationDecide(ClassificationDecision.REJECT, product_id=product)
    accepted(await decide_classification(store, importer, reject))
    outcome = await draft_entry(store, importer, EntryDraft(shipment))
    assert [fault.code for fault in outcome.faults] == ["UNCLASSIFIED"]


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        (EntryDraft("shp_nothing"), ["NOT_FOUND"]),
        (EntryDraft("shp_nothing", type="99", port="Los Angeles"), ["INVALID", "UNKNOWN_PORT", "NOT_FOUND"]),
    ],
)
async def test_all_faults_of_a_draft_come_at_once(sqlite_store: Store, command: EntryDraft, codes: list[str]) -> None:
    caller = (await make_tenants(sqlite_store)).importer
    outcome = await draft_entry(sqlite_store, caller, command)
    assert [fault.code for fault in outcome.faults] == codes


async def test_every_pair_of_statuses_moves_or_is_refused(sqlite_store: Store, clock: SetClock) -> None:
    """Walks every (from, to): an accepted one writes row, history, event and audit once; a refused one nothing."""
    caller = (await make_tenants(sqlite_store)).importer
    await a_product(sqlite_store, caller)
    shipment = await a_shipment(sqlite_store, caller)
    for origin in S:
        entry = accepted(await draft_entry(sqlite_store, caller, EntryDraft(shipment, another=True)))
        for step in PATHS[origin]:
            clock.forward(minutes=1)
            accepted(await told(sqlite_store, caller, entry, step))
        for target in S:
            clock.forward(minutes=1)
            before = await counts(sqlite_store)
            row = await row_of(sqlite_store, caller, "entry", entry)
            assert row.status == origin
            outcome = await told(sqlite_store, caller, entry, target)
            after = await counts(sqlite_store)
            grown = {name for name in after if after[name] != before[name]}
            if target in TRANSITIONS[origin]:
                assert outcome.ok, (origin, target)
                assert grown == {"entry_status_change", "event_log", "audit_record"}
                moved = await row_of(sqlite_store, caller, "entry", entry)
                assert (moved.status, moved.version) == (target, row.version + 1)
                entry = accepted(await draft_entry(sqlite_store, caller, EntryDraft(shipment, another=True)))
                for step in PATHS[origin]:
                    clock.forward(minutes=1)
                    accepted(await told(sqlite_store, caller, entry, step))
            else:
                assert [fault.code for fault in outcome.faults] == ["TRANSITION_NOT_ALLOWED"], (origin, target)
                assert grown == set()
                assert (await row_of(sqlite_store, caller, "entry", entry)).version == row.version


PATHS: dict[EntryStatus, tuple[EntryStatus, ...]] = {
    S.DRAFT: (),
    S.READY: (S.READY,),
    S.SUBMITTED: (S.SUBMITTED,),
    S.ACCEPTED: (S.ACCEPTED,),
    S.REJECTED: (S.REJECTED,),
    S.UNDER_REVIEW: (S.SUBMITTED, S.UNDER_REVIEW),
    S.DOCUMENTS_REQUIRED: (S.SUBMITTED, S.DOCUMENTS_REQUIRED),
    S.EXAM: (S.SUBMITTED, S.EXAM),
    S.HELD: (S.SUBMITTED, S.HELD),
    S.RELEASED: (S.SUBMITTED, S.RELEASED),
    S.SUMMARY_ACCEPTED: (S.SUBMITTED, S.SUMMARY_ACCEPTED),
    S.SUMMARY_REJECTED: (S.SUBMITTED, S.SUMMARY_REJECTED),
    S.PAID: (S.SUBMITTED, S.RELEASED, S.PAID),
    S.LIQUIDATED: (S.SUBMITTED, S.RELEASED, S.LIQUIDATED),
    S.CANCELLED: (S.CANCELLED,),
}


async def test_an_entry_is_walked_to_its_end_on_either_database(
    store: Store, importer: Principal, clock: SetClock
) -> None:
    entry = await an_entry(store, importer)
    walk = [S.SUBMITTED, S.ACCEPTED, S.HELD, S.EXAM, S.RELEASED, S.SUMMARY_ACCEPTED, S.PAID, S.LIQUIDATED]
    for status in walk:
        clock.forward(hours=1)
        accepted(await told(store, importer, entry, status, code="98", narrative="as told"))
    row = await row_of(store, importer, "entry", entry)
    assert row.status in TERMINAL
    assert (row.release_status, row.summary_status) == ("RELEASED", "LIQUIDATED")
    assert (row.filed_at, row.released_at) == (at(13), at(17))
    assert row.version == 1 + len(walk)
    assert await history(store, entry) == [
        (None, "DRAFT"), ("DRAFT", "SUBMITTED"), ("SUBMITTED", "ACCEPTED"), ("ACCEPTED", "HELD"), ("HELD", "EXAM"),
        ("EXAM", "RELEASED"), ("RELEASED", "SUMMARY_ACCEPTED"), ("SUMMARY_ACCEPTED", "PAID"), ("PAID", "LIQUIDATED"),
    ]  # fmt: skip
    assert await events(store, entry) == ["entry.draft", *(f"entry.{status.lower()}" for status in walk)]


async def test_the_same_message_twice_changes_nothing(store: Store, importer: Principal, clock: SetClock) -> None:
    entry = await an_entry(store, importer)
    clock.forward(hours=1)
    accepted(await told(store, importer, entry, S.SUBMITTED, at(12)))
    first = await told(store, importer, entry, S.HELD, at(13), code="55", narrative="FDA")
    before = await counts(store)
    again = await told(store, importer, entry, S.HELD, at(13), code="55", narrative="FDA")
    assert (first.unchanged, again.unchanged, again.id, again.ok) == (False, True, entry, True)
    assert await counts(store) == before
    other_agency = await told(store, importer, entry, S.HELD, at(13), code="56", narrative="USDA")
    assert (other_agency.ok, other_agency.unchanged) == (True, False)


async def test_the_same_message_from_two_at_once_is_written_once(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    outcomes = await asyncio.gather(*(told(store, importer, entry, S.SUBMITTED, at(12)) for _ in range(6)))
    assert sorted(outcome.unchanged for outcome in outcomes) == [False] + [True] * 5
    assert await history(store, entry) == [(None, "DRAFT"), ("DRAFT", "SUBMITTED")]


async def test_late_news_goes_into_the_history_and_moves_nothing(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    accepted(await told(store, importer, entry, S.SUBMITTED, at(8)))
    accepted(await told(store, importer, entry, S.RELEASED, at(11)))
    accepted(await told(store, importer, entry, S.HELD, at(9)))
    row = await row_of(store, importer, "entry", entry)
    assert (row.status, row.release_status, row.released_at) == ("RELEASED", "RELEASED", at(11))
    assert (await history(store, entry))[-1] == ("SUBMITTED", "HELD")
    rows = await store.rows(SYSTEM, Select("event_log", (Where("type", "eq", "entry.held"),)))
    assert [(event.data["late"], event.data["status"], event.occurred_at) for event in rows] == [(True, "HELD", at(9))]
    too_early = await told(store, importer, entry, S.EXAM, at(7))
    assert [fault.code for fault in too_early.faults] == ["TRANSITION_NOT_ALLOWED"]


async def test_news_further_along_moves_the_entry_though_its_clock_is_behind(
    store: Store, importer: Principal, clock: SetClock
) -> None:
    entry = await an_entry(store, importer)
    accepted(await told(store, importer, entry, S.SUBMITTED, clock() + timedelta(seconds=5)))
    accepted(await told(store, importer, entry, S.ACCEPTED, clock()))
    assert (await row_of(store, importer, "entry", entry)).status == "ACCEPTED"


async def test_a_status_is_recorded_by_number_with_or_without_dashes(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    for text, status in (("SIM-0000001-3", S.SUBMITTED), (" sim00000013 ", S.ACCEPTED)):
        command = EntryStatusRecord(status, store.clock(), "vendor", entry_number=text)
        assert (await record_entry_status(store, importer, command)).id == entry
    wrong = EntryStatusRecord(S.HELD, store.clock(), "vendor", entry_number="SIM-0000001-4")
    outcome = await record_entry_status(store, importer, wrong)
    assert [(fault.code, fault.field) for fault in outcome.faults] == [("NOT_FOUND", ("entry", "entryNumber"))]


async def test_all_faults_of_a_record_come_at_once(store: Store, importer: Principal, clock: SetClock) -> None:
    command = EntryStatusRecord(
        S.HELD, clock() + timedelta(days=2), "", entry_id="ent_nothing", code="x" * 41, narrative="a\x00b"
    )
    before = await counts(store)
    outcome = await record_entry_status(store, importer, command)
    assert [(fault.code, fault.field) for fault in outcome.faults] == [
        ("IN_FUTURE", ("occurredAt",)),
        ("REQUIRED", ("source",)),
        ("TOO_LONG", ("code",)),
        ("INVALID", ("narrative",)),
        ("NOT_FOUND", ("entry", "id")),
    ]
    assert await counts(store) == before


async def test_another_tenants_entry_does_not_exist(store: Store, importer: Principal, partner: Principal) -> None:
    entry = await an_entry(store, importer)
    outcome = await told(store, partner, entry, S.SUBMITTED)
    assert [fault.code for fault in outcome.faults] == ["NOT_FOUND"]


async def test_a_shared_entry_is_written_by_a_broker_only(
    store: Store, importer: Principal, partner: Principal, broker: Principal
) -> None:
    entry = await an_entry(store, importer)
    seller = next(row.id for row in await store.rows(importer, Select("party")) if row.name == SELLER.name)
    await create_organisation(store, "Partner", OrganisationKind.PARTNER, (seller,))
    await create_organisation(store, "Broker", OrganisationKind.BROKER, (seller,))
    before = await counts(store)
    refused = await told(store, partner, entry, S.SUBMITTED)
    assert [fault.code for fault in refused.faults] == ["NOT_ALLOWED"]
    assert await counts(store) == before
    accepted(await told(store, broker, entry, S.SUBMITTED))
    row = await row_of(store, importer, "entry", entry)
    assert (row.status, row.organisation_id) == ("SUBMITTED", importer.organisation_id)
    audit = await store.rows(SYSTEM, Select("audit_record", (Where("action", "eq", "entry.submitted"),)))
    assert [(record.organisation_id, record.actor_organisation_id) for record in audit] == [
        (importer.organisation_id, broker.organisation_id)
    ]


async def test_filing_moves_a_clean_entry_and_a_dry_run_writes_nothing(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    before = await counts(store)
    dry = await file_entry(store, importer, EntryFile(entry, dry_run=True))
    assert (dry.id, dry.unchanged, dry.faults) == (entry, True, ())
    assert await counts(store) == before
    accepted(await file_entry(store, importer, EntryFile(entry)))
    assert (await row_of(store, importer, "entry", entry)).status == "SUBMITTED"
    again = await file_entry(store, importer, EntryFile(entry))
    assert [fault.code for fault in again.faults] == ["TRANSITION_NOT_ALLOWED"]


async def test_a_blocker_stops_the_filing(store: Store, importer: Principal) -> None:
    await a_product(store, importer)
    lines = tuple(line.__class__(line.sku, line.quantity, line.unit) for line in booking().lines)
    shipment = await a_shipment(store, importer, lines=lines)
    entry = accepted(await draft_entry(store, importer, EntryDraft(shipment)))
    before = await counts(store)
    outcome = await file_entry(store, importer, EntryFile(entry))
    assert [(fault.code, fault.message) for fault in outcome.faults] == [("BLOCKED", "Line 1 has no customs value.")]
    assert await counts(store) == before


async def test_cancelling_is_final_and_says_why(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    accepted(await cancel_entry(store, importer, EntryCancel(entry, "Never shipped")))
    changes = await store.rows(importer, Select("entry_status_change", (Where("status", "eq", "CANCELLED"),)))
    assert [change.narrative for change in changes] == ["Never shipped"]
    outcome = await told(store, importer, entry, S.SUBMITTED)
    assert [fault.message for fault in outcome.faults] == ["the entry is CANCELLED, which is final"]


async def test_only_an_entry_that_is_not_with_customs_is_changed(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    accepted(await update_entry(store, importer, EntryUpdate(entry, port="1001", type="11", expected_version=1)))
    row = await row_of(store, importer, "entry", entry)
    assert (row.port, row.type, row.version) == ("1001", "11", 2)
    stale = await update_entry(store, importer, EntryUpdate(entry, port="2704", expected_version=1))
    assert [fault.code for fault in stale.faults] == ["STALE"]
    accepted(await told(store, importer, entry, S.SUBMITTED))
    late = await update_entry(store, importer, EntryUpdate(entry, port="2704"))
    assert [fault.code for fault in late.faults] == ["TRANSITION_NOT_ALLOWED"]


async def test_news_of_a_filing_elsewhere_is_kept_though_the_draft_here_is_younger(
    store: Store, importer: Principal, clock: SetClock
) -> None:
    clock.forward(hours=-3)
    entry = await an_entry(store, importer)
    clock.forward(hours=3)
    accepted(await told(store, importer, entry, S.SUBMITTED, at(8, 55)))
    accepted(await told(store, importer, entry, S.RELEASED, at(10)))
    accepted(await told(store, importer, entry, S.EXAM, at(9, 30)))
    row = await row_of(store, importer, "entry", entry)
    assert (row.status, row.release_status, row.filed_at, row.released_at) == (
        "RELEASED",
        "RELEASED",
        at(8, 55),
        at(10),
    )
    assert (await history(store, entry))[-1] == ("SUBMITTED", "EXAM")
    (event,) = await store.rows(SYSTEM, Select("event_log", (Where("type", "eq", "entry.exam"),)))
    assert (event.data["late"], event.data["previousStatus"], event.occurred_at) == (True, "SUBMITTED", at(9, 30))


async def test_a_release_that_is_told_after_the_summary_still_counts(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    accepted(await told(store, importer, entry, S.ACCEPTED, at(8)))
    accepted(await told(store, importer, entry, S.SUMMARY_ACCEPTED, at(10)))
    accepted(await told(store, importer, entry, S.RELEASED, at(9)))
    row = await row_of(store, importer, "entry", entry)
    assert (row.status, row.release_status, row.summary_status) == ("SUMMARY_ACCEPTED", "RELEASED", "ACCEPTED")
    assert row.released_at == at(9)


async def test_the_first_filing_stays_the_first_in_whatever_order_it_is_told(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    accepted(await told(store, importer, entry, S.ACCEPTED, at(10)))
    accepted(await told(store, importer, entry, S.SUBMITTED, at(9)))
    accepted(await told(store, importer, entry, S.SUBMITTED, at(11), narrative="an amendment"))
    assert (await row_of(store, importer, "entry", entry)).filed_at == at(9)


async def test_our_own_filing_is_not_late_though_the_vendors_clock_is_ahead(
    store: Store, importer: Principal, clock: SetClock
) -> None:
    entry = await an_entry(store, importer)
    accepted(await told(store, importer, entry, S.REJECTED, clock() + timedelta(minutes=14)))
    accepted(await file_entry(store, importer, EntryFile(entry)))
    assert (await row_of(store, importer, "entry", entry)).status == "SUBMITTED"


async def test_a_status_that_is_hours_ahead_shows_a_mistaken_offset(
    store: Store, importer: Principal, clock: SetClock
) -> None:
    entry = await an_entry(store, importer)
    accepted(await told(store, importer, entry, S.SUBMITTED, clock() + timedelta(minutes=15)))
    before = await counts(store)
    outcome = await told(store, importer, entry, S.HELD, clock() + timedelta(minutes=15, seconds=1))
    assert [(fault.code, fault.message) for fault in outcome.faults] == [
        (
            "IN_FUTURE",
            "it would happen more than 15 minutes from now; the time here is 2026-11-20T12:00:00.000Z: "
            "look at the offset",
        )
    ]
    assert await counts(store) == before


async def test_a_second_draft_beside_a_living_entry_has_to_be_meant(store: Store, importer: Principal) -> None:
    await a_product(store, importer)
    shipment = await a_shipment(store, importer)
    first = accepted(await draft_entry(store, importer, EntryDraft(shipment)))
    before = await counts(store)
    outcome = await draft_entry(store, importer, EntryDraft(shipment))
    (fault,) = outcome.faults
    assert (fault.code, fault.field) == ("ALREADY_DRAFTED", ("shipment",))
    assert "SIM-0000001-3" in fault.message
    assert await counts(store) == before
    second = accepted(await draft_entry(store, importer, EntryDraft(shipment, another=True)))
    for entry in (first, second):
        accepted(await cancel_entry(store, importer, EntryCancel(entry)))
    accepted(await draft_entry(store, importer, EntryDraft(shipment)))


async def test_a_rejected_entry_does_not_stand_in_the_way_of_a_new_one(store: Store, importer: Principal) -> None:
    entry = await an_entry(store, importer)
    accepted(await told(store, importer, entry, S.REJECTED))
    shipment = (await row_of(store, importer, "entry", entry)).shipment_id
    accepted(await draft_entry(store, importer, EntryDraft(shipment)))


async def test_an_entry_takes_the_number_of_a_real_filer(store: Store, importer: Principal, broker: Principal) -> None:
    await a_product(store, importer)
    shipment = await a_shipment(store, importer)
    entry = accepted(await draft_entry(store, importer, EntryDraft(shipment, entry_number="xyz 12345671")))
    row = await row_of(store, importer, "entry", entry)
    assert (row.entry_number, row.environment, row.status) == ("XYZ-1234567-1", "PRODUCTION", "DRAFT")
    command = EntryStatusRecord(S.ACCEPTED, store.clock(), "vendor", entry_number="XYZ12345671")
    assert (await record_entry_status(store, importer, command)).id == entry
    await a_product(store, broker)
    other = EntryDraft(await a_shipment(store, broker), entry_number="XYZ-1234567-1")
    accepted(await draft_entry(store, broker, other))


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [
        ("XYZ-1234567-4", "INVALID", "the check digit of XYZ-1234567 is 1, not 4"),
        ("12345", "INVALID", "'12345' is no entry number such as ABC-1234567-6"),
        ("", "INVALID", "'' is no entry number such as ABC-1234567-6"),
        ("SIM-0000009-6", "INVALID", "numbers of the filer SIM are drawn here: leave it out"),
        ("XYZ-7654321-1", "TAKEN", "there is an entry XYZ-7654321-1 already"),
    ],
)
async def test_a_number_that_cannot_be_taken_is_told_with_the_reason(
    sqlite_store: Store, number: str, code: str, message: str
) -> None:
    caller = (await make_tenants(sqlite_store)).importer
    await a_product(sqlite_store, caller)
    first = await a_shipment(sqlite_store, caller)
    accepted(await draft_entry(sqlite_store, caller, EntryDraft(first, entry_number="XYZ-7654321-1")))
    second = await a_shipment(sqlite_store, caller, "S-2")
    before = await counts(sqlite_store)
    outcome = await draft_entry(sqlite_store, caller, EntryDraft(second, entry_number=number))
    assert [(fault.code, fault.field, fault.message) for fault in outcome.faults] == [(code, ("entryNumber",), message)]
    assert await counts(sqlite_store) == before


async def test_an_entry_of_a_real_filer_is_not_filed_with_the_simulated_port(store: Store, importer: Principal) -> None:
    await a_product(store, importer)
    draft = EntryDraft(await a_shipment(store, importer), entry_number="XYZ-1234567-1")
    entry = accepted(await draft_entry(store, importer, draft))
    before = await counts(store)
    outcome = await file_entry(store, importer, EntryFile(entry))
    assert [fault.code for fault in outcome.faults] == ["NOT_ALLOWED"]
    assert await counts(store) == before

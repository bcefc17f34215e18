"""Shipments are booked with lines and parties, changed by their owner along the way, and archived."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.filing.shipment import SHIPMENT_TRANSITIONS
from app.principal import Principal
from app.services.archive import ArchiveCommand
from app.services.organisations import create_organisation
from app.services.parties import PartyCommand
from app.services.products import ProductUpsert, upsert_product
from app.services.shipment_inputs import ContainerCommand, LineCommand, ShipmentUpdate
from app.services.shipments import archive_shipment, book_shipment, update_shipment
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.values import Incoterm, OrganisationKind, ShipmentStatus
from tests.scenes import (
    SELLER,
    SYSTEM,
    SetClock,
    a_product,
    a_shipment,
    accepted,
    booking,
    counts,
    make_tenants,
    row_of,
)

S = ShipmentStatus
EARLY, LATER = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)


async def test_a_booking_keeps_everything_it_states(store: Store, importer: Principal, clock: SetClock) -> None:
    await a_product(store, importer)
    command = booking(
        carrier="Meridian", master_bill="MRDQ1", house_bills=("H1", "H2"), port_of_lading="vnsgn",
        containers=(ContainerCommand("msku1234565", "45G1", "S1"),), estimated_departure=EARLY,
        estimated_arrival=LATER, incoterm=Incoterm.FOB,
    )  # fmt: skip
    outcome = await book_shipment(store, importer, command)
    row = await row_of(store, importer, "shipment", accepted(outcome))
    assert (row.reference, row.status, row.mode, row.version) == ("S-1", "BOOKED", "OCEAN", 1)
    assert (row.port_of_lading, row.port_of_unlading, row.incoterm) == ("VNSGN", "2704", "FOB")
    assert row.containers == [{"number": "MSKU1234565", "sizeType": "45G1", "seal": "S1"}]
    assert (row.total_value_amount, row.total_value_currency) == (Decimal(1000), "USD")
    (line,) = await store.rows(importer, Select("shipment_line"))
    assert (line.number, line.quantity, line.unit, line.origin_country) == (1, Decimal(10), "NO", "VN")
    links = await store.rows(importer, Select("shipment_party"))
    assert {link.party_id for link in links} == {row.importer_id, row.seller_id}
    (event,) = await store.rows(importer, Select("event_log", (Where("type", "eq", "shipment.booked"),)))
    assert (event.subject_id, event.occurred_at, event.data) == (
        row.id, clock(), {"reference": "S-1", "status": "BOOKED", "lines": 1},
    )  # fmt: skip


async def test_what_a_search_finds_leaves_out_the_seller(sqlite_store: Store) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    await a_product(sqlite_store, importer)
    row = await row_of(sqlite_store, importer, "shipment", await a_shipment(sqlite_store, importer, carrier="Meridian"))
    assert row.search_text == "s-1 meridian importer"
    assert SELLER.name.split()[0].casefold() not in row.search_text


async def test_the_importer_is_the_organisation_itself_unless_said(store: Store, importer: Principal) -> None:
    await a_product(store, importer)
    row = await row_of(store, importer, "shipment", await a_shipment(store, importer, importer=None, seller=None))
    party = await row_of(store, importer, "party", row.importer_id)
    assert (party.name, party.country, party.identifiers) == ("Importer", "US", [])
    again = await row_of(store, importer, "shipment", await a_shipment(store, importer, "S-2", importer=None))
    assert again.importer_id == row.importer_id


async def test_the_total_needs_every_value_in_one_currency(store: Store, importer: Principal) -> None:
    await a_product(store, importer)
    (line,) = booking().lines
    cases = {
        "S-1": ((line, line), (Decimal("2000.0000"), "USD")),
        "S-2": ((line, replace(line, customs_value_currency="EUR")), (None, None)),
        "S-3": ((line, replace(line, customs_value_amount=None, customs_value_currency=None)), (None, None)),
    }
    for reference, (lines, expected) in cases.items():
        row = await row_of(store, importer, "shipment", await a_shipment(store, importer, reference, lines=lines))
        assert (row.total_value_amount, row.total_value_currency) == expected


async def test_all_faults_of_a_booking_come_at_once(store: Store, importer: Principal) -> None:
    await a_product(store, importer)
    await a_shipment(store, importer)
    accepted(await upsert_product(store, importer, ProductUpsert("NO-ORIGIN", "Thing")))
    command = booking(
        carrier="x" * 201, port_of_lading="Saigon", estimated_departure=LATER, estimated_arrival=EARLY,
        containers=(ContainerCommand("?"),), consignee=PartyCommand("C", "XX"),
        lines=(
            LineCommand("NOPE", Decimal(0), "", "XX", Decimal(1), None),
            LineCommand("NO-ORIGIN", Decimal("0.0000001"), "NO"),
        ),
    )  # fmt: skip
    before = await counts(store)
    outcome = await book_shipment(store, importer, command)
    assert [(fault.code, ".".join(fault.field)) for fault in outcome.faults] == [
        ("TOO_LONG", "carrier"),
        ("UNKNOWN_PORT", "portOfLading"),
        ("INVALID", "containers.0.number"),
        ("INVALID", "estimatedArrival"),
        ("UNKNOWN_COUNTRY", "consignee.country"),
        ("UNKNOWN_PRODUCT", "lines.0.sku"),
        ("UNKNOWN_COUNTRY", "lines.0.originCountry"),
        ("REQUIRED", "lines.0.customsValue.currency"),
        ("INVALID", "lines.0.quantity"),
        ("REQUIRED", "lines.0.unit"),
        ("REQUIRED", "lines.1.originCountry"),
        ("INVALID", "lines.1.quantity"),
        ("TAKEN", "reference"),
    ]
    assert await counts(store) == before


async def test_a_shipment_needs_lines_and_only_own_products(
    store: Store, importer: Principal, broker: Principal
) -> None:
    await a_product(store, broker)
    outcome = await book_shipment(store, importer, booking())
    assert [fault.code for fault in outcome.faults] == ["UNKNOWN_PRODUCT"]
    empty = await book_shipment(store, importer, booking(lines=()))
    assert [(fault.code, fault.field) for fault in empty.faults] == [("REQUIRED", ("lines",))]


async def test_an_update_changes_what_it_mentions(store: Store, importer: Principal, clock: SetClock) -> None:
    await a_product(store, importer)
    shipment = await a_shipment(store, importer, carrier="Meridian", house_bills=("H1",))
    clock.forward(hours=1)
    accepted(
        await update_shipment(
            store,
            importer,
            ShipmentUpdate(shipment, S.IN_TRANSIT, master_bill="M1", house_bills=None, expected_version=1),
        )
    )
    row = await row_of(store, importer, "shipment", shipment)
    assert (row.status, row.carrier, row.master_bill, row.house_bills, row.version, row.updated_at) == (
        "IN_TRANSIT", "Meridian", "M1", [], 2, clock(),
    )  # fmt: skip
    assert row.search_text == "s-1 meridian m1 importer"
    (event,) = await store.rows(importer, Select("event_log", (Where("type", "eq", "shipment.updated"),)))
    assert event.data == {
        "reference": "S-1", "status": "IN_TRANSIT", "previousStatus": "BOOKED",
        "changed": ["houseBills", "masterBill", "status"],
    }  # fmt: skip
    before = await counts(store)
    same = await update_shipment(store, importer, ShipmentUpdate(shipment, S.IN_TRANSIT, master_bill="M1"))
    assert same.unchanged
    assert await counts(store) == before


async def test_only_the_change_that_says_so_makes_it_arrive_now(
    store: Store, importer: Principal, clock: SetClock
) -> None:
    await a_product(store, importer)
    shipment = await a_shipment(store, importer)
    accepted(await update_shipment(store, importer, ShipmentUpdate(shipment, S.ARRIVED)))
    accepted(await update_shipment(store, importer, ShipmentUpdate(shipment, arrived_at=None)))
    clock.forward(days=2)
    accepted(await update_shipment(store, importer, ShipmentUpdate(shipment, carrier="Meridian")))
    assert (await row_of(store, importer, "shipment", shipment)).arrived_at is None
    accepted(await update_shipment(store, importer, ShipmentUpdate(shipment, S.DELIVERED)))
    assert (await row_of(store, importer, "shipment", shipment)).arrived_at is None
    direct = await a_shipment(store, importer, "S-2")
    accepted(await update_shipment(store, importer, ShipmentUpdate(direct, S.DELIVERED)))
    assert (await row_of(store, importer, "shipment", direct)).arrived_at == clock()


async def test_arriving_sets_the_moment_unless_it_is_given(store: Store, importer: Principal, clock: SetClock) -> None:
    await a_product(store, importer)
    first, second = await a_shipment(store, importer, "S-1"), await a_shipment(store, importer, "S-2")
    accepted(await update_shipment(store, importer, ShipmentUpdate(first, S.ARRIVED)))
    moment = clock() - timedelta(hours=5)
    accepted(await update_shipment(store, importer, ShipmentUpdate(second, S.ARRIVED, arrived_at=moment)))
    assert (await row_of(store, importer, "shipment", first)).arrived_at == clock()
    assert (await row_of(store, importer, "shipment", second)).arrived_at == moment
    third = await a_shipment(store, importer, "S-3")
    early = await update_shipment(store, importer, ShipmentUpdate(third, arrived_at=moment))
    assert [(fault.code, fault.field) for fault in early.faults] == [("INVALID", ("arrivedAt",))]


async def test_every_pair_of_statuses_moves_or_is_refused(sqlite_store: Store) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    await a_product(sqlite_store, importer)
    for origin in S:
        for target in S:
            shipment = await a_shipment(sqlite_store, importer, f"{origin}-{target}")
            if origin is not S.BOOKED:
                accepted(await update_shipment(sqlite_store, importer, ShipmentUpdate(shipment, origin)))
            outcome = await update_shipment(sqlite_store, importer, ShipmentUpdate(shipment, target))
            if target is origin:
                assert outcome.unchanged
            elif target in SHIPMENT_TRANSITIONS[origin]:
                assert outcome.ok
            else:
                assert [fault.code for fault in outcome.faults] == ["TRANSITION_NOT_ALLOWED"]
            status = (await row_of(sqlite_store, importer, "shipment", shipment)).status
            assert status == (target if outcome.ok else origin)


async def test_a_party_sees_a_shipment_and_may_not_change_it(
    store: Store, importer: Principal, partner: Principal
) -> None:
    await a_product(store, importer)
    shipment = await a_shipment(store, importer)
    command = ShipmentUpdate(shipment, S.DEPARTED)
    assert [fault.code for fault in (await update_shipment(store, partner, command)).faults] == ["NOT_FOUND"]
    seller = next(row.id for row in await store.rows(importer, Select("party")) if row.name == SELLER.name)
    await create_organisation(store, "Partner", OrganisationKind.PARTNER, (seller,))
    before = await counts(store)
    assert [fault.code for fault in (await update_shipment(store, partner, command)).faults] == ["NOT_ALLOWED"]
    archive = await archive_shipment(store, partner, ArchiveCommand(shipment))
    assert [fault.code for fault in archive.faults] == ["NOT_FOUND"]
    assert await counts(store) == before
    assert (await row_of(store, importer, "shipment", shipment)).status == "BOOKED"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"expected_version": 7}, ("STALE", "expectedVersion")),
        ({"port_of_unlading": "??"}, ("UNKNOWN_PORT", "portOfUnlading")),
        ({"containers": (ContainerCommand(""),)}, ("REQUIRED", "containers.0.number")),
        ({"house_bills": ("a",) * 201}, ("TOO_MANY", "houseBills")),
        ({"estimated_arrival": datetime(2026, 12, 1)}, ("INVALID", "estimatedArrival")),  # noqa: DTZ001
    ],
)
async def test_a_faulty_update_writes_nothing(
    sqlite_store: Store, change: dict[str, Any], fault: tuple[str, str]
) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    await a_product(sqlite_store, importer)
    shipment = await a_shipment(sqlite_store, importer)
    before = await counts(sqlite_store)
    outcome = await update_shipment(sqlite_store, importer, ShipmentUpdate(shipment, S.DEPARTED, **change))
    assert [(found.code, ".".join(found.field)) for found in outcome.faults] == [fault]
    assert await counts(sqlite_store) == before
    assert (await row_of(sqlite_store, importer, "shipment", shipment)).status == "BOOKED"


async def test_archiving_takes_a_shipment_off_and_back(store: Store, importer: Principal, clock: SetClock) -> None:
    await a_product(store, importer)
    shipment = await a_shipment(store, importer)
    accepted(await archive_shipment(store, importer, ArchiveCommand(shipment)))
    assert (await row_of(store, importer, "shipment", shipment)).archived_at == clock()
    accepted(await archive_shipment(store, importer, ArchiveCommand(shipment, archived=False)))
    assert (await row_of(store, importer, "shipment", shipment)).archived_at is None
    actions = [
        row.action
        for row in await store.rows(
            SYSTEM, Select("audit_record", (Where("object_id", "eq", shipment),), (Order("id"),))
        )
    ]
    assert actions == ["shipment.booked", "shipment.archived", "shipment.unarchived"]

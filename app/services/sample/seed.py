"""Writes the sample into a database: what is there already stays as it is, so that a second run, or one after a
crash, only adds what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.classification.decision import ClassificationDecision, ClassificationMethod, ClassificationStatus
from app.clock import Clock
from app.errors import Refused
from app.filing.numbering import SIMULATED_FILER
from app.ids import new_id
from app.principal import SCOPES, Principal
from app.services.classifications import ClassificationDecide, decide_classification
from app.services.entries import EntryStatusRecord, record_in
from app.services.entry_draft import EntryDraft, draft_in
from app.services.organisations import create_organisation
from app.services.outcome import Outcome
from app.services.parties import PartyCommand, same_or_new
from app.services.products import upsert_products
from app.services.sample.plan import (
    BROKER,
    IMPORTER,
    PARTNER,
    SampleProduct,
    SampleShipment,
    broker_party,
    partner_party,
    sample_parties,
    sample_products,
    sample_shipments,
)
from app.services.sample.quotes import seed_quotes
from app.services.shipment_inputs import ShipmentUpdate
from app.services.shipments import book_in, update_in
from app.services.tariff import list_revisions, load_tariff
from app.store.sequence import hold_series
from app.store.session import Store
from app.store.tables import Classification, Entry, Product, Shipment
from app.store.unit import Unit
from app.tariff.export import read_export
from app.tariff.starter import starter_export, starter_label
from app.values import OrganisationKind, ShipmentStatus

SUBJECT = "sample"
DECIDED_BY_HAND = 12


@dataclass(frozen=True, slots=True)
class Seeded:
    """Ids of the sample's three organisations."""

    importer_id: str
    broker_id: str
    partner_id: str


async def seed(store: Store, clock: Clock) -> Seeded:
    """Fills the database; a tariff only where none is loaded. Raises Refused where the packaged sample and the services
    disagree, which a test rules out."""
    made = await create_organisation(store, IMPORTER)
    if not await list_revisions(store):
        label = starter_label()
        export = read_export(starter_export())
        await load_tariff(
            store, export, name=label.name, effective_from=label.effective_from, starter=True, notice=label.notice
        )
    principal = Principal(SUBJECT, made.organisation_id, frozenset(SCOPES))
    parties = await _parties(store, principal)
    await create_organisation(store, IMPORTER, party_ids=(parties[0],))
    broker = await create_organisation(store, BROKER, OrganisationKind.BROKER, (parties[1],))
    partner = await create_organisation(store, PARTNER, OrganisationKind.PARTNER, (parties[2],))
    await _products(store, principal)
    await _classifications(store, principal)
    for shipment in sample_shipments(clock()):
        async with store.unit(principal) as unit:
            await unit.lock(principal.organisation_id)
            await hold_series(unit, SIMULATED_FILER)
            await _shipment(unit, shipment)
    await seed_quotes(store, principal, clock)
    return Seeded(made.organisation_id, broker.organisation_id, partner.organisation_id)


async def _parties(store: Store, principal: Principal) -> tuple[str, str, str]:
    """Party ids of importer, broker and partner, as the importer knows them."""
    wanted: tuple[PartyCommand, ...] = (sample_parties("importer")[0], broker_party(), partner_party())
    async with store.unit(principal) as unit:
        await unit.lock(principal.organisation_id)
        importer, broker, partner = [(await same_or_new(unit, party)).id for party in wanted]
        return importer, broker, partner


async def _products(store: Store, principal: Principal) -> None:
    async with store.unit(principal) as unit:
        rows = await unit.find_all(Product, organisation_id=principal.organisation_id)
    known = {row.sku for row in rows}
    missing = tuple(product.command for product in sample_products() if product.command.sku not in known)
    if missing:
        _check((await upsert_products(store, principal, missing)).outcomes)


async def _classifications(store: Store, principal: Principal) -> None:
    """Most are imported as decided; a few are decided here and now, so that the log knows of decisions."""
    by_hand: list[tuple[str, str]] = []
    async with store.unit(principal) as unit:
        await unit.lock(principal.organisation_id)
        rows = await unit.find_all(Product, organisation_id=principal.organisation_id)
        products = {row.sku: row for row in rows if row.classification_id is None}
        for place, sample in enumerate(sample_products()):
            row = products.get(sample.command.sku)
            if row is None or sample.state == "NONE":
                continue
            if sample.state == ClassificationStatus.CONFIRMED and place < DECIDED_BY_HAND:
                by_hand.append((row.id, sample.hts_number))
                continue
            _classify(unit, row, sample, place)
    for product, number in by_hand:
        command = ClassificationDecide(
            ClassificationDecision.CONFIRM, product_id=product, hts_number=number, rationale="Ruled by our own desk."
        )
        _check([await decide_classification(store, principal, command)])


def _classify(unit: Unit, row: Product, sample: SampleProduct, place: int) -> None:
    confirmed = sample.state == ClassificationStatus.CONFIRMED
    confidence = 0.97 if confirmed else round(0.48 + place % 9 * 0.04, 4)
    others = [] if confirmed else sample.alternatives
    method = ClassificationMethod.IMPORTED if confirmed else ClassificationMethod.LEXICAL
    classification = Classification(
        id=new_id("Classification"),
        organisation_id=row.organisation_id,
        product_id=row.id,
        hts_number=sample.hts_number,
        status=sample.state,
        confidence=confidence,
        method=method.value,
        rationale="Taken over from the importer's parts database." if confirmed else _because(row, sample.hts_number),
        alternatives=[_alternative(row, number, confidence, rank) for rank, number in enumerate(others, start=1)],
        decided_by=SUBJECT if confirmed else None,
        decided_at=unit.now if confirmed else None,
        created_at=unit.now,
    )
    unit.add(classification)
    row.classification_id, row.classification_status = classification.id, sample.state
    row.hts_number = sample.hts_number if confirmed else None


def _alternative(row: Product, number: str, confidence: float, rank: int) -> dict[str, Any]:
    return {
        "htsNumber": number,
        "confidence": round(confidence * (1 - 0.25 * rank), 4),
        "rationale": _because(row, number),
        "evidence": [],
    }


def _because(row: Product, number: str) -> str:
    return f"The words of “{row.name}” are close to those of heading {number[:4]}."


async def _shipment(unit: Unit, sample: SampleShipment) -> None:
    """The shipment with its entries, each at its own time: `unit.now` is set back for the length of it."""
    owner, present = unit.organisation_id, unit.now
    row = await unit.find(Shipment, organisation_id=owner, reference=sample.command.reference)
    if row is None:
        unit.now = sample.booked_at
        booked = _check([await book_in(unit, sample.command)])[0]
        if sample.status is not ShipmentStatus.BOOKED:
            unit.now = max(sample.arrived_at or sample.booked_at, sample.booked_at) + timedelta(hours=1)
            command = ShipmentUpdate(booked, status=sample.status)
            if sample.arrived_at is not None:
                command = ShipmentUpdate(booked, status=sample.status, arrived_at=sample.arrived_at)
            _check([await update_in(unit, command)])
    else:
        booked = row.id
    done = len(await unit.find_all(Entry, shipment_id=booked))
    for drafted_at, steps in sample.entries[done:]:
        unit.now = drafted_at
        entry = _check([await draft_in(unit, EntryDraft(booked, another=True))])[0]
        for step in steps:
            unit.now = step.occurred_at
            command_of = EntryStatusRecord(
                step.status, step.occurred_at, "sample", entry, None, step.code, step.narrative
            )
            _check([await record_in(unit, command_of)])
    unit.now = present


def _check(outcomes: Iterable[Outcome]) -> list[str]:
    found = list(outcomes)
    faults = [fault for outcome in found for fault in outcome.faults]
    if faults:
        raise Refused(f"the sample does not fit: {faults[0].message} ({'.'.join(faults[0].field)})")
    return [outcome.id for outcome in found if outcome.id is not None]

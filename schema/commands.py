"""Inputs of the graph turned into commands of the services: names and absence carried over, nothing decided."""

from typing import Any

from strawberry import UNSET

from app.services.archive import ArchiveCommand
from app.services.classifications import ClassificationDecide
from app.services.entries import EntryCancel, EntryFile, EntryStatusRecord, EntryUpdate
from app.services.entry_draft import EntryDraft
from app.services.outcome import KEEP
from app.services.parties import PartyCommand
from app.services.products import ProductUpsert
from app.services.shipment_inputs import ContainerCommand, LineCommand, ShipmentBook, ShipmentUpdate
from schema.classification import ClassificationDecideInput
from schema.entry_inputs import (
    CONSUMPTION,
    EntryCancelInput,
    EntryDraftInput,
    EntryFileInput,
    EntryStatusRecordInput,
    EntryUpdateInput,
    entry_where,
)
from schema.party import PartyInput
from schema.product_inputs import ProductUpsertInput
from schema.shipment_inputs import ContainerInput, ShipmentBookInput, ShipmentLineInput, ShipmentUpdateInput
from schema.values import MoneyInput


def product(given: ProductUpsertInput) -> ProductUpsert:
    """A product to create or change."""
    amount, currency = _money(given.unit_price)
    return ProductUpsert(
        sku=given.sku,
        name=_kept(given.name),
        description=_kept(given.description),
        origin_country=_kept(given.origin_country),
        manufacturer=KEEP if given.manufacturer is UNSET else _party(given.manufacturer),
        unit_price_amount=amount,
        unit_price_currency=currency,
        attributes=_kept(given.attributes),
        idempotency_key=given.idempotency_key,
        expected_version=given.expected_version,
    )


def archive(given: Any) -> ArchiveCommand:
    """A product or a shipment to archive."""
    return ArchiveCommand(
        id=given.id,
        archived=given.archived,
        expected_version=given.expected_version,
        idempotency_key=given.idempotency_key,
    )


def shipment_book(given: ShipmentBookInput) -> ShipmentBook:
    """A shipment to book."""
    return ShipmentBook(
        reference=given.reference,
        mode=given.mode,
        lines=tuple(_line(line) for line in given.lines),
        carrier=given.carrier,
        master_bill=given.master_bill,
        house_bills=tuple(given.house_bills or ()),
        containers=_containers(given.containers),
        port_of_lading=given.port_of_lading,
        port_of_unlading=given.port_of_unlading,
        estimated_departure=given.estimated_departure,
        estimated_arrival=given.estimated_arrival,
        incoterm=given.incoterm,
        importer=_party(given.importer),
        consignee=_party(given.consignee),
        seller=_party(given.seller),
        broker=_party(given.broker),
        idempotency_key=given.idempotency_key,
    )


def shipment_update(given: ShipmentUpdateInput) -> ShipmentUpdate:
    """What changes about a shipment."""
    bills, containers = given.house_bills, given.containers
    return ShipmentUpdate(
        id=given.id,
        status=given.status or KEEP,
        carrier=_kept(given.carrier),
        master_bill=_kept(given.master_bill),
        house_bills=KEEP if bills is UNSET else tuple(bills or ()),
        containers=KEEP if containers is UNSET else _containers(containers),
        port_of_lading=_kept(given.port_of_lading),
        port_of_unlading=_kept(given.port_of_unlading),
        estimated_departure=_kept(given.estimated_departure),
        estimated_arrival=_kept(given.estimated_arrival),
        arrived_at=_kept(given.arrived_at),
        incoterm=_kept(given.incoterm),
        expected_version=given.expected_version,
        idempotency_key=given.idempotency_key,
    )


def classification_decide(given: ClassificationDecideInput) -> ClassificationDecide:
    """A decision about a product's number."""
    return ClassificationDecide(
        classification_id=given.classification,
        product_id=given.product,
        decision=given.decision,
        hts_number=given.hts_number,
        rationale=given.rationale,
        expected_version=given.expected_version,
        idempotency_key=given.idempotency_key,
    )


def entry_draft(given: EntryDraftInput) -> EntryDraft:
    """An entry to draft."""
    return EntryDraft(
        shipment_id=given.shipment,
        type=CONSUMPTION if given.type is None else given.type,
        port=given.port,
        entry_number=given.entry_number,
        another=given.another,
        idempotency_key=given.idempotency_key,
    )


def entry_update(given: EntryUpdateInput) -> EntryUpdate:
    """What changes about an entry."""
    return EntryUpdate(
        entry_id=given.id,
        port=given.port or KEEP,
        type=given.type or KEEP,
        expected_version=given.expected_version,
        idempotency_key=given.idempotency_key,
    )


def entry_file(given: EntryFileInput) -> EntryFile:
    """An entry to file."""
    return EntryFile(
        entry_id=given.id,
        dry_run=given.dry_run,
        expected_version=given.expected_version,
        idempotency_key=given.idempotency_key,
    )


def entry_cancel(given: EntryCancelInput) -> EntryCancel:
    """An entry to withdraw."""
    return EntryCancel(
        entry_id=given.id,
        reason=given.reason,
        expected_version=given.expected_version,
        idempotency_key=given.idempotency_key,
    )


def entry_status(given: EntryStatusRecordInput) -> EntryStatusRecord:
    """A status learnt outside."""
    column, value = entry_where(given.entry)
    return EntryStatusRecord(
        entry_id=value if column == "id" else None,
        entry_number=value if column == "entry_number" else None,
        status=given.status,
        occurred_at=given.occurred_at,
        code=given.code,
        narrative=given.narrative,
        source=given.source,
        idempotency_key=given.idempotency_key,
    )


def _kept(value: Any) -> Any:
    """KEEP where the field was not sent."""
    return KEEP if value is UNSET else value


def _money(value: MoneyInput | None) -> tuple[Any, Any]:
    if value is UNSET:
        return KEEP, KEEP
    return (None, None) if value is None else (value.amount, value.currency)


def _party(value: PartyInput | None) -> PartyCommand | None:
    if not value:
        return None
    identifiers = tuple((one.type, one.value) for one in value.identifiers or ())
    return PartyCommand(name=value.name, country=value.country, identifiers=identifiers)


def _containers(values: list[ContainerInput] | None) -> tuple[ContainerCommand, ...]:
    return tuple(ContainerCommand(one.number, one.size_type, one.seal) for one in values or ())


def _line(given: ShipmentLineInput) -> LineCommand:
    value = given.customs_value
    return LineCommand(
        sku=given.sku,
        quantity=given.quantity,
        unit=given.unit,
        origin_country=given.origin_country,
        customs_value_amount=value.amount if value else None,
        customs_value_currency=value.currency if value else None,
        purchase_order=given.purchase_order,
    )

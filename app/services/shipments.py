"""Shipments: booked, changed, archived. Booking sets pre-clearance in motion: what waits for `shipment.booked` looks
at the lines, drafts the entry, asks for what is missing."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.events.types import EventType
from app.filing.shipment import ARRIVED, refusal
from app.ids import new_id
from app.principal import Principal
from app.services.archive import ArchiveCommand, archive, fresh
from app.services.idempotency import OUTCOME, once
from app.services.inputs import CODE, REFERENCE, Faults, search_text
from app.services.outcome import Keep, Outcome
from app.services.parties import PartyCommand, fingerprint, read_party, same_or_new_all
from app.services.shipment_inputs import (
    MOST_LINES,
    LineCommand,
    ShipmentBook,
    ShipmentUpdate,
    in_order,
    read_travel,
    read_unit,
)
from app.store.session import Store
from app.store.tables import Organisation, Party, Product, Shipment, ShipmentLine, ShipmentParty
from app.store.unit import Unit
from app.values import ShipmentStatus, TransportMode

_ROLES = ("importer", "consignee", "seller", "broker")
_FOUND_BY = ("importer", "consignee")


class ShipmentBookErrorCode(StrEnum):
    """What can be wrong with a booking."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    TOO_MANY = "TOO_MANY"
    TAKEN = "TAKEN"
    UNKNOWN_PRODUCT = "UNKNOWN_PRODUCT"
    UNKNOWN_PORT = "UNKNOWN_PORT"
    UNKNOWN_COUNTRY = "UNKNOWN_COUNTRY"
    UNKNOWN_CURRENCY = "UNKNOWN_CURRENCY"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


class ShipmentUpdateErrorCode(StrEnum):
    """What can be wrong with a change."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    TOO_MANY = "TOO_MANY"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    UNKNOWN_PORT = "UNKNOWN_PORT"
    TRANSITION_NOT_ALLOWED = "TRANSITION_NOT_ALLOWED"
    STALE = "STALE"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


class ShipmentArchiveErrorCode(StrEnum):
    """What can be wrong with archiving a shipment."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    STALE = "STALE"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


async def book_shipment(store: Store, principal: Principal, command: ShipmentBook) -> Outcome:
    """Books a shipment with its lines and parties, under a reference that is new to the organisation."""
    return await once(store, principal, command, lambda unit: book_in(unit, command), OUTCOME)


async def book_in(unit: Unit, command: ShipmentBook) -> Outcome:
    """The same in a transaction that is open; its caller holds the organisation's lock."""
    faults = Faults(ShipmentBookErrorCode)
    reference = faults.text(command.reference, "reference", longest=REFERENCE)
    travel = read_travel(faults, command)
    in_order(faults, travel["estimated_departure"], travel["estimated_arrival"])
    parties = {role: party for role in _ROLES if (party := _party(faults, command, role)) is not None}
    lines = await _lines(unit, faults, command.lines)
    if await unit.find(Shipment, organisation_id=unit.organisation_id, reference=reference or "") is not None:
        faults.add("TAKEN", f"there is a shipment {reference} already", "reference")
    if faults or reference is None:
        return Outcome(faults=faults())
    return await _book(unit, reference, command.mode, travel, parties, lines)


async def update_shipment(store: Store, principal: Principal, command: ShipmentUpdate) -> Outcome:
    """Changes the mentioned fields; `unchanged` where they are like that already. Only the owner may."""
    return await once(store, principal, command, lambda unit: update_in(unit, command), OUTCOME)


async def update_in(unit: Unit, command: ShipmentUpdate) -> Outcome:
    """The same in a transaction that is open; its caller holds the organisation's lock."""
    faults = Faults(ShipmentUpdateErrorCode)
    values = read_travel(faults, command)
    row = await unit.find(Shipment, id=command.id)
    if row is None:
        faults.add("NOT_FOUND", "there is no such shipment", "id")
    elif row.organisation_id != unit.organisation_id:
        faults.add("NOT_ALLOWED", "the shipment is another organisation's", "id")
    else:
        fresh(faults, row.version, command.expected_version)
        values |= _progress(unit, faults, row, command)
        departure = values.get("estimated_departure", row.estimated_departure)
        in_order(faults, departure, values.get("estimated_arrival", row.estimated_arrival))
    if faults or row is None:
        return Outcome(faults=faults())
    return await _change(unit, row, values)


async def archive_shipment(store: Store, principal: Principal, command: ArchiveCommand) -> Outcome:
    """Takes a shipment out of the lists, or back into them; it stays readable by id and reference."""

    async def work(unit: Unit) -> Outcome:
        row = await unit.find(Shipment, id=command.id, organisation_id=unit.organisation_id)
        return archive(unit, row, command, Faults(ShipmentArchiveErrorCode), "shipment")

    return await once(store, principal, command, work, OUTCOME)


def total_value(lines: list[tuple[Decimal | None, str | None]]) -> tuple[Decimal, str] | None:
    """The sum of the lines' values where every line has one and all are in one currency."""
    currencies = {currency for amount, currency in lines if amount is not None}
    if len(currencies) != 1 or any(amount is None for amount, _ in lines):
        return None
    return sum((amount for amount, _ in lines if amount is not None), Decimal(0)), str(currencies.pop())


def _party(faults: Faults, command: ShipmentBook, role: str) -> PartyCommand | None:
    given: PartyCommand | None = getattr(command, role)
    return None if given is None else read_party(faults, given, role)


async def _lines(unit: Unit, faults: Faults, commands: tuple[LineCommand, ...]) -> list[dict[str, Any]]:
    if not commands:
        faults.add("REQUIRED", "a shipment has at least one line", "lines")
    if len(commands) > MOST_LINES:
        faults.add("TOO_MANY", f"{MOST_LINES} lines are the most", "lines")
        return []
    skus = list({line.sku.strip() for line in commands if Faults.printable(line.sku)})
    rows = await unit.find_all(Product, organisation_id=unit.organisation_id, sku=skus) if skus else []
    products = {row.sku: row for row in rows}
    return [_line(faults, line, products, place) for place, line in enumerate(commands)]


def _line(faults: Faults, line: LineCommand, products: Mapping[str, Product], place: int) -> dict[str, Any]:
    at = ("lines", str(place))
    sku = faults.text(line.sku, *at, "sku", longest=REFERENCE)
    product = None if sku is None else products.get(sku)
    if sku is not None and product is None:
        faults.add("UNKNOWN_PRODUCT", f"there is no product {sku!r}", *at, "sku")
    origin = faults.country(line.origin_country, *at, "originCountry", required=False)
    if product is not None and line.origin_country is None:
        origin = product.origin_country
        if origin is None:
            faults.add("REQUIRED", f"neither the line nor {sku} says a country of origin", *at, "originCountry")
    value = faults.money(line.customs_value_amount, line.customs_value_currency, *at, "customsValue")
    return {
        "number": place + 1,
        "product_id": None if product is None else product.id,
        "quantity": faults.quantity(line.quantity, *at, "quantity"),
        "unit": read_unit(faults, line.unit, *at, "unit"),
        "origin_country": origin,
        "customs_value_amount": None if value is None else value[0],
        "customs_value_currency": None if value is None else value[1],
        "purchase_order": faults.text(line.purchase_order, *at, "purchaseOrder", longest=CODE, required=False),
    }


async def _book(
    unit: Unit,
    reference: str,
    mode: TransportMode,
    travel: dict[str, Any],
    parties: dict[str, PartyCommand],
    lines: list[dict[str, Any]],
) -> Outcome:
    owner = unit.organisation_id
    if "importer" not in parties:
        parties["importer"] = await _itself(unit)
    rows = await same_or_new_all(unit, list(parties.values()))
    who: dict[str, Party] = {role: rows[fingerprint(party)] for role, party in parties.items()}
    roles: dict[str, Any] = {f"{role}_id": party.id for role, party in who.items()}
    total = total_value([(line["customs_value_amount"], line["customs_value_currency"]) for line in lines])
    shipment = Shipment(
        id=new_id("Shipment"),
        organisation_id=owner,
        reference=reference,
        status=ShipmentStatus.BOOKED.value,
        mode=TransportMode(mode).value,
        total_value_amount=None if total is None else total[0],
        total_value_currency=None if total is None else total[1],
        search_text="",
        created_at=unit.now,
        updated_at=unit.now,
        **travel,
        **roles,
    )
    shipment.search_text = _search_text(shipment, [who[role].name for role in _FOUND_BY if role in who])
    unit.add(shipment)
    await unit.flush()
    for line in lines:
        unit.add(ShipmentLine(id=new_id("ShipmentLine"), organisation_id=owner, shipment_id=shipment.id, **line))
    for party in {party.id for party in who.values()}:
        unit.add(ShipmentParty(shipment_id=shipment.id, party_id=party, organisation_id=owner))
    unit.audit(owner, "shipment.booked", shipment.id, lines=len(lines))
    data = {"reference": reference, "status": shipment.status, "lines": len(lines)}
    await unit.event(EventType.SHIPMENT_BOOKED, owner, shipment.id, unit.now, data)
    return Outcome(id=shipment.id)


async def _itself(unit: Unit) -> PartyCommand:
    organisation = await unit.find(Organisation, id=unit.organisation_id)
    assert organisation is not None
    return PartyCommand(organisation.name, "US")


def _progress(unit: Unit, faults: Faults, row: Shipment, command: ShipmentUpdate) -> dict[str, Any]:
    """Status and arrival, which go together: only what has arrived has an arrival, and one that is not told is now,
    where this is the change that says so."""
    found: dict[str, Any] = {}
    status = ShipmentStatus(row.status)
    if not isinstance(command.status, Keep):
        why = refusal(status, ShipmentStatus(command.status))
        if why is not None:
            faults.add("TRANSITION_NOT_ALLOWED", why, "status")
        else:
            status = ShipmentStatus(command.status)
            found["status"] = status.value
    if not isinstance(command.arrived_at, Keep):
        found["arrived_at"] = faults.moment(command.arrived_at, "arrivedAt")
        if found["arrived_at"] is not None and status not in ARRIVED:
            faults.add("INVALID", f"a shipment that is {status} has not arrived: set its status too", "arrivedAt")
    elif status in ARRIVED and row.status not in ARRIVED and row.arrived_at is None:
        found["arrived_at"] = unit.now
    return found


async def _change(unit: Unit, row: Shipment, values: dict[str, Any]) -> Outcome:
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    if not changed:
        return Outcome(id=row.id, unchanged=True)
    await unit.lock(row.id)  # entries of it are other organisations' to move, and tell of it too
    before = row.status
    for name in changed:
        setattr(row, name, values[name])
    parties = await unit.find_all(Party, id=[row.importer_id, row.consignee_id or ""])
    row.search_text = _search_text(row, [party.name for party in parties])
    row.version += 1
    row.updated_at = unit.now
    unit.audit(row.organisation_id, "shipment.changed", row.id, fields=changed, status=row.status)
    data: dict[str, Any] = {"reference": row.reference, "status": row.status, "previousStatus": before}
    data["changed"] = [_in_graph(name) for name in changed]
    await unit.event(EventType.SHIPMENT_UPDATED, row.organisation_id, row.id, unit.now, data)
    return Outcome(id=row.id)


def _in_graph(column: str) -> str:
    first, *rest = column.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _search_text(row: Shipment, names: list[str]) -> str:
    """Without the seller, whom not everyone who may search may know."""
    containers = [str(container["number"]) for container in row.containers]
    return search_text(row.reference, row.carrier, row.master_bill, *row.house_bills, *containers, *names)

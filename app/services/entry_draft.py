"""An entry drafted from a shipment: number, lines, parties, first step of its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.classification.decision import ClassificationStatus
from app.filing.entry import EntryStatus, FilingEnvironment, ReleaseStatus, SummaryStatus
from app.filing.entry_types import entry_types
from app.filing.numbering import SIMULATED_FILER, parse_entry_number
from app.ids import new_id
from app.principal import Principal
from app.services.entry_transition import News, record
from app.services.idempotency import OUTCOME, once
from app.services.inputs import Faults, search_text
from app.services.outcome import Outcome
from app.services.shipment_inputs import read_port
from app.store.sequence import next_entry_number
from app.store.session import Store
from app.store.tables import Entry, EntryLine, EntryParty, Party, Product, Shipment, ShipmentLine, ShipmentParty
from app.store.unit import Unit
from app.values import ShipmentStatus, format_decimal

_OVER = (EntryStatus.CANCELLED, EntryStatus.REJECTED)


class EntryDraftErrorCode(StrEnum):
    """What can keep an entry from being drafted."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    UNKNOWN_PORT = "UNKNOWN_PORT"
    UNCLASSIFIED = "UNCLASSIFIED"
    ALREADY_DRAFTED = "ALREADY_DRAFTED"
    TAKEN = "TAKEN"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """`port` None stands for the shipment's port of unlading. `entry_number` is the number under which a real filer,
    such as the broker with its ABI vendor, files the entry; None draws one of the simulated filer. `another` allows an
    entry beside one that is alive, as a split shipment needs it."""

    shipment_id: str
    type: str = "01"
    port: str | None = None
    entry_number: str | None = None
    another: bool = False
    idempotency_key: str | None = None


async def draft_entry(store: Store, principal: Principal, command: EntryDraft) -> Outcome:
    """Drafts an entry under the given number, or a fresh one of the simulated filer. Every line needs a product with a
    confirmed number: each that has none is a fault UNCLASSIFIED that names it."""
    return await once(store, principal, command, lambda unit: draft_in(unit, command), OUTCOME)


async def draft_in(unit: Unit, command: EntryDraft) -> Outcome:
    """The same in a transaction that is open; its caller holds the organisation's lock."""
    faults = Faults(EntryDraftErrorCode)
    kind = read_type(faults, command.type)
    port = read_port(faults, command.port, "port")
    number = await _number(unit, faults, command.entry_number)
    shipment = await _shipment(unit, faults, command.shipment_id)
    if shipment is None:
        return Outcome(faults=faults())
    if not command.another:
        await _alone(unit, faults, shipment)
    lines = await unit.find_all(ShipmentLine, shipment_id=shipment.id)
    lines = sorted(lines, key=lambda line: line.number)
    products = {row.id: row for row in await unit.find_all(Product, id=[line.product_id for line in lines])}
    _check_lines(faults, lines, products)
    if port is None and command.port is None:
        port = shipment.port_of_unlading
        if port is None:
            faults.add("REQUIRED", "neither the input nor the shipment names a port of entry", "port")
    if faults or port is None:
        return Outcome(faults=faults())
    return await _draft(unit, shipment, kind, port, number, lines, products)


def read_type(faults: Faults, value: str, *, path: str = "type") -> str:
    """A two-digit entry type."""
    kind = faults.text(value, path) or ""
    if kind and kind not in entry_types():
        known = ", ".join(f"{code} {name}" for code, name in list(entry_types().items())[:3])
        faults.add("INVALID", f"{kind!r} is no entry type; there are {known} and so on", path)
    return kind


async def _shipment(unit: Unit, faults: Faults, identifier: str) -> Shipment | None:
    row = await unit.find(Shipment, id=identifier)
    if row is None:
        faults.add("NOT_FOUND", "there is no such shipment", "shipment")
    elif row.organisation_id != unit.organisation_id:
        faults.add("NOT_ALLOWED", "the shipment is another organisation's", "shipment")
        return None
    elif row.status == ShipmentStatus.CANCELLED:
        faults.add("INVALID", "the shipment is cancelled", "shipment")
    return row


async def _number(unit: Unit, faults: Faults, text: str | None) -> str | None:
    """The given number in its canonical form, new to the organisation."""
    if text is None:
        return None
    try:
        number = parse_entry_number(text)
    except ValueError as fault:
        faults.add("INVALID", str(fault), "entryNumber")
        return None
    if number.startswith(f"{SIMULATED_FILER}-"):
        faults.add("INVALID", f"numbers of the filer {SIMULATED_FILER} are drawn here: leave it out", "entryNumber")
    elif await unit.find(Entry, organisation_id=unit.organisation_id, entry_number=number) is not None:
        faults.add("TAKEN", f"there is an entry {number} already", "entryNumber")
    return number


async def _alone(unit: Unit, faults: Faults, shipment: Shipment) -> None:
    """A fault where the shipment has an entry that is neither cancelled nor rejected."""
    alive = [row for row in await unit.find_all(Entry, shipment_id=shipment.id) if row.status not in _OVER]
    if alive:
        numbers = ", ".join(sorted(row.entry_number for row in alive))
        message = f"the shipment has {numbers}: cancel that first, or say `another` for one more (a split shipment)"
        faults.add("ALREADY_DRAFTED", message, "shipment")


def _check_lines(faults: Faults, lines: Sequence[ShipmentLine], products: dict[str, Product]) -> None:
    if not lines:
        faults.add("INVALID", "the shipment has no lines", "shipment")
    for line in lines:
        product = products[line.product_id]
        if product.hts_number is None or product.classification_status != ClassificationStatus.CONFIRMED:
            message = f"line {line.number}: {product.sku} has no confirmed tariff number; decide its classification"
            faults.add("UNCLASSIFIED", message, "shipment")


async def _draft(
    unit: Unit,
    shipment: Shipment,
    kind: str,
    port: str,
    given: str | None,
    lines: Sequence[ShipmentLine],
    products: dict[str, Product],
) -> Outcome:
    owner = unit.organisation_id
    importer = await unit.find(Party, id=shipment.importer_id)
    number = given or await next_entry_number(unit, SIMULATED_FILER)
    environment = FilingEnvironment.PRODUCTION if given else FilingEnvironment.SIMULATED
    name = None if importer is None else importer.name
    entry = Entry(
        id=new_id("Entry"),
        organisation_id=owner,
        entry_number=number,
        type=kind,
        port=port,
        importer_id=shipment.importer_id,
        shipment_id=shipment.id,
        environment=environment.value,
        status=EntryStatus.DRAFT.value,
        release_status=ReleaseStatus.NOT_FILED.value,
        summary_status=SummaryStatus.NOT_FILED.value,
        search_text=search_text(number, number.replace("-", ""), shipment.reference, shipment.master_bill, name),
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.add(entry)
    await unit.flush()
    unit.add(*(_line(entry, line, products[line.product_id]) for line in lines))
    parties = {link.party_id for link in await unit.find_all(ShipmentParty, shipment_id=shipment.id)}
    for party in sorted(parties | {shipment.importer_id}):
        unit.add(EntryParty(entry_id=entry.id, party_id=party, organisation_id=owner))
    await record(unit, entry, News(EntryStatus.DRAFT, unit.now), sequence=1, previous=None)
    return Outcome(id=entry.id)


def _line(entry: Entry, line: ShipmentLine, product: Product) -> EntryLine:
    assert product.hts_number is not None
    return EntryLine(
        id=new_id("EntryLine"),
        organisation_id=entry.organisation_id,
        entry_id=entry.id,
        number=line.number,
        product_id=product.id,
        hts_number=product.hts_number,
        origin_country=line.origin_country,
        customs_value_amount=line.customs_value_amount,
        customs_value_currency=line.customs_value_currency,
        quantities=[{"value": format_decimal(line.quantity), "unit": line.unit}],
    )

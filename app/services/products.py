"""Products: created or changed by SKU, one or a thousand at a time, and archived."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.ids import new_id
from app.principal import Principal
from app.services.archive import ArchiveCommand, archive, fresh
from app.services.idempotency import OUTCOME, Form, once
from app.services.inputs import NAME, PROSE, REFERENCE, Faults, search_text
from app.services.outcome import KEEP, Keep, Outcome
from app.services.parties import PartyCommand, fingerprint, read_party, same_or_new_all
from app.store.session import Store
from app.store.tables import Party, Product
from app.store.unit import Unit
from app.values import Fault

MOST_ROWS = 1_000

_COLUMNS = ("name", "description", "origin_country", "unit_price_amount", "unit_price_currency", "attributes")


class ProductUpsertErrorCode(StrEnum):
    """What can be wrong with a product."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    TOO_MANY = "TOO_MANY"
    UNKNOWN_COUNTRY = "UNKNOWN_COUNTRY"
    UNKNOWN_CURRENCY = "UNKNOWN_CURRENCY"
    STALE = "STALE"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


class ProductsUpsertErrorCode(StrEnum):
    """What can be wrong with one of many products, or with all of them together."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    TOO_MANY = "TOO_MANY"
    UNKNOWN_COUNTRY = "UNKNOWN_COUNTRY"
    UNKNOWN_CURRENCY = "UNKNOWN_CURRENCY"
    STALE = "STALE"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


class ProductArchiveErrorCode(StrEnum):
    """What can be wrong with archiving a product."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    STALE = "STALE"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


@dataclass(frozen=True, slots=True)
class ProductUpsert:
    """A product by its SKU. KEEP leaves a field as it is, None empties it; a new product needs a name, and its
    description is its name, and goes along with it, unless given. Amount and currency of the price come together."""

    sku: str
    name: str | Keep | None = KEEP
    description: str | Keep | None = KEEP
    origin_country: str | Keep | None = KEEP
    manufacturer: PartyCommand | Keep | None = KEEP
    unit_price_amount: Decimal | Keep | None = KEEP
    unit_price_currency: str | Keep | None = KEEP
    attributes: dict[str, Any] | Keep | None = KEEP
    idempotency_key: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ProductsUpsert:
    """Many products under one key; a key of a single command among them is refused."""

    commands: tuple[ProductUpsert, ...]
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """One outcome for each row, in order; or none and `faults`, where the whole was refused."""

    outcomes: tuple[Outcome, ...] = ()
    faults: tuple[Fault, ...] = ()


_BULK: Form[BulkOutcome] = Form(
    pack=lambda bulk: {"rows": [_pack_row(outcome) for outcome in bulk.outcomes]},
    unpack=lambda kept: BulkOutcome(tuple(_unpack_row(row) for row in kept["rows"])),
    refuse=lambda faults: BulkOutcome(faults=faults),
    stands=lambda bulk: any(outcome.ok for outcome in bulk.outcomes),
)


async def upsert_product(store: Store, principal: Principal, command: ProductUpsert) -> Outcome:
    """Makes the product of this SKU or changes it; `unchanged` where it is like that already."""

    async def work(unit: Unit) -> Outcome:
        return (await _upsert(unit, [_read(command, Faults(ProductUpsertErrorCode))]))[0]

    return await once(store, principal, command, work, OUTCOME)


async def upsert_products(
    store: Store, principal: Principal, commands: tuple[ProductUpsert, ...], idempotency_key: str | None = None
) -> BulkOutcome:
    """The same for up to a thousand, in one transaction: good rows are written, faulty ones answer with their faults,
    whose paths begin with `products` and the row's place from 0. The key belongs to the whole: a row with one of its
    own is faulty."""
    if len(commands) > MOST_ROWS:
        message = f"{len(commands)} rows are too many: {MOST_ROWS} at a time"
        return BulkOutcome(faults=(Fault(ProductsUpsertErrorCode.TOO_MANY, message, ("products",)),))

    async def work(unit: Unit) -> BulkOutcome:
        readings = [
            _keyless(_read(command, Faults(ProductsUpsertErrorCode, "products", str(place))))
            for place, command in enumerate(commands)
        ]
        return BulkOutcome(tuple(await _upsert(unit, readings)))

    return await once(store, principal, ProductsUpsert(commands, idempotency_key), work, _BULK)


async def archive_product(store: Store, principal: Principal, command: ArchiveCommand) -> Outcome:
    """Takes a product out of the lists, or back into them; it stays readable by id and SKU."""

    async def work(unit: Unit) -> Outcome:
        row = await unit.find(Product, id=command.id, organisation_id=unit.organisation_id)
        return archive(unit, row, command, Faults(ProductArchiveErrorCode), "product")

    return await once(store, principal, command, work, OUTCOME)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A command with its fields cleaned, and what was wrong with them."""

    command: ProductUpsert
    faults: Faults


def _read(command: ProductUpsert, faults: Faults) -> _Reading:
    cleaned: dict[str, Any] = {"sku": faults.text(command.sku, "sku", longest=REFERENCE) or ""}
    if not isinstance(command.name, Keep):
        cleaned["name"] = faults.text(command.name, "name", longest=NAME)
    if not isinstance(command.description, Keep):
        cleaned["description"] = faults.text(command.description, "description", longest=PROSE, required=False)
    if not isinstance(command.origin_country, Keep):
        cleaned["origin_country"] = faults.country(command.origin_country, "originCountry", required=False)
    if isinstance(command.manufacturer, PartyCommand):
        cleaned["manufacturer"] = read_party(faults, command.manufacturer, "manufacturer")
    if not isinstance(command.attributes, Keep):
        cleaned["attributes"] = faults.json(command.attributes, "attributes")
    amount, currency = command.unit_price_amount, command.unit_price_currency
    if isinstance(amount, Keep) != isinstance(currency, Keep):
        faults.add("REQUIRED", "a price is an amount and a currency", "unitPrice")
    elif not isinstance(amount, Keep) and not isinstance(currency, Keep):
        price = faults.money(amount, currency, "unitPrice")
        cleaned["unit_price_amount"], cleaned["unit_price_currency"] = price or (None, None)
    return _Reading(replace(command, **cleaned), faults)


def _keyless(reading: _Reading) -> _Reading:
    if reading.command.idempotency_key is not None:
        message = "rows are written together: give the key of the whole input instead"
        reading.faults.add("INVALID", message, "idempotencyKey")
    return reading


async def _upsert(unit: Unit, readings: list[_Reading]) -> list[Outcome]:
    good = [reading for reading in readings if not reading.faults]
    skus = list({reading.command.sku for reading in good})
    rows = await unit.find_all(Product, organisation_id=unit.organisation_id, sku=skus) if skus else []
    known = {row.sku: row for row in rows}
    for reading in good:
        _check(reading, known)
    makers = [reading.command.manufacturer for reading in good if not reading.faults]
    parties = await same_or_new_all(unit, [party for party in makers if isinstance(party, PartyCommand)])
    outcomes = [_write(unit, reading, known, parties) for reading in readings]
    await unit.flush()
    return outcomes


def _check(reading: _Reading, known: Mapping[str, Product]) -> None:
    row = known.get(reading.command.sku)
    if row is None and isinstance(reading.command.name, Keep):
        reading.faults.add("REQUIRED", "a new product needs a name", "name")
    fresh(reading.faults, 0 if row is None else row.version, reading.command.expected_version)


def _write(unit: Unit, reading: _Reading, known: dict[str, Product], parties: Mapping[str, Party]) -> Outcome:
    if reading.faults:
        return Outcome(faults=reading.faults())
    row = known.get(reading.command.sku)
    if row is None:
        row = known[reading.command.sku] = _new(unit, reading.command, parties)
        unit.add(row)
        unit.audit(unit.organisation_id, "product.created", row.id)
        return Outcome(id=row.id)
    values = _values(reading.command, parties, name=row.name)
    if "name" in values and row.description == row.name:
        values = {"description": values["name"]} | values
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    if not changed:
        return Outcome(id=row.id, unchanged=True)
    for name in changed:
        setattr(row, name, values[name])
    row.search_text = search_text(row.sku, row.name, row.description)
    row.version += 1
    row.updated_at = unit.now
    unit.audit(unit.organisation_id, "product.changed", row.id, fields=changed)
    return Outcome(id=row.id)


def _new(unit: Unit, command: ProductUpsert, parties: Mapping[str, Party]) -> Product:
    name = str(command.name)
    values = {"name": name, "description": name, "attributes": {}} | _values(command, parties, name=name)
    return Product(
        id=new_id("Product"),
        organisation_id=unit.organisation_id,
        sku=command.sku,
        search_text=search_text(command.sku, name, values["description"]),
        created_at=unit.now,
        updated_at=unit.now,
        **values,
    )


def _values(command: ProductUpsert, parties: Mapping[str, Party], *, name: str) -> dict[str, Any]:
    """Columns and their values, for the fields the command mentions."""
    given: dict[str, Any] = {
        column: getattr(command, column)
        for column in (
            "name",
            "description",
            "origin_country",
            "unit_price_amount",
            "unit_price_currency",
            "attributes",
        )
        if not isinstance(getattr(command, column), Keep)
    }
    if "description" in given and given["description"] is None:
        given["description"] = given.get("name") or name
    if isinstance(command.manufacturer, PartyCommand):
        given["manufacturer_id"] = parties[fingerprint(command.manufacturer)].id
    elif command.manufacturer is None:
        given["manufacturer_id"] = None
    return given


def _pack_row(outcome: Outcome) -> dict[str, Any]:
    faults = [[fault.code, fault.message, list(fault.field), fault.retryable] for fault in outcome.faults]
    return {"id": outcome.id, "unchanged": outcome.unchanged, "faults": faults}


def _unpack_row(row: Mapping[str, Any]) -> Outcome:
    faults = tuple(Fault(code, message, tuple(field), again) for code, message, field, again in row["faults"])
    return Outcome(row["id"], faults, row["unchanged"])

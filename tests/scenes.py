"""What many tests begin with: a clock that can be set, three tenants, and, made through the services, a classified
product, a shipment of it, a draft entry."""

from base64 import urlsafe_b64decode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.classification.decision import ClassificationDecision
from app.filing.entry import EntryStatus
from app.principal import SCOPES, Principal, SystemPrincipal
from app.services.classifications import ClassificationDecide, decide_classification
from app.services.entries import EntryDraft, EntryStatusRecord, draft_entry, record_entry_status
from app.services.organisations import create_organisation
from app.services.outcome import Outcome
from app.services.parties import PartyCommand
from app.services.products import ProductUpsert, upsert_product
from app.services.shipment_inputs import LineCommand, ShipmentBook
from app.services.shipments import book_shipment
from app.store.session import Store
from app.store.statement import Select, Where
from app.store.tables import TABLES
from app.values import OrganisationKind, TransportMode

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SYSTEM = SystemPrincipal("tests")

SELLER = PartyCommand("Tan Phu Textiles", "VN", (("MID", "VNTANPHU12HOC"),))
EIN = PartyCommand("Importer", "US", (("EIN", "12-3456789"),))


def place_of(cursor: str) -> int:
    """The position a cursor holds, whichever log it is of."""
    return int.from_bytes(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[1:9])


@dataclass
class SetClock:
    """A clock that stands still until it is moved."""

    now: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **parts: float) -> datetime:
        """Moves it on and says what it shows."""
        self.now += timedelta(**parts)
        return self.now


@dataclass(frozen=True)
class Tenants:
    """Callers of three organisations of one store, every scope held."""

    importer: Principal
    partner: Principal
    broker: Principal


async def make_tenants(store: Store) -> Tenants:
    """The organisations Importer, Partner and Broker."""
    importer = await principal_of(store, "Importer", OrganisationKind.IMPORTER)
    partner = await principal_of(store, "Partner", OrganisationKind.PARTNER)
    return Tenants(importer, partner, await principal_of(store, "Broker", OrganisationKind.BROKER))


async def principal_of(store: Store, name: str, kind: OrganisationKind) -> Principal:
    """A caller of the organisation, which is made where it is not there."""
    made = await create_organisation(store, name, kind)
    return Principal(f"{name.lower()}@example.com", made.organisation_id, frozenset(SCOPES))


def accepted(outcome: Outcome) -> str:
    """The id of an outcome that had no faults."""
    assert outcome.faults == ()
    assert outcome.id is not None
    return outcome.id


async def a_product(
    store: Store, principal: Principal, sku: str = "A-1", *, number: str | None = "8471.30.01.00"
) -> str:
    """A product from Vietnam; `number` is confirmed by hand."""
    identifier = accepted(
        await upsert_product(store, principal, ProductUpsert(sku, f"Thing {sku}", origin_country="VN"))
    )
    if number is not None:
        command = ClassificationDecide(ClassificationDecision.CONFIRM, product_id=identifier, hts_number=number)
        accepted(await decide_classification(store, principal, command))
    return identifier


def booking(reference: str = "S-1", sku: str = "A-1", **more: Any) -> ShipmentBook:
    """A booking of ten pieces worth 1,000 dollars, sold by SELLER, into Los Angeles."""
    line = LineCommand(sku, Decimal(10), "NO", customs_value_amount=Decimal("1000.00"), customs_value_currency="USD")
    plain = ShipmentBook(reference, TransportMode.OCEAN, (line,), importer=EIN, seller=SELLER, port_of_unlading="2704")
    return replace(plain, **more)


async def a_shipment(store: Store, principal: Principal, reference: str = "S-1", sku: str = "A-1", **more: Any) -> str:
    """The booking, booked."""
    return accepted(await book_shipment(store, principal, booking(reference, sku, **more)))


async def an_entry(store: Store, principal: Principal, reference: str = "S-1") -> str:
    """A draft entry of a fresh shipment of a product of its own."""
    await a_product(store, principal, f"P-{reference}")
    shipment = await a_shipment(store, principal, reference, f"P-{reference}")
    return accepted(await draft_entry(store, principal, EntryDraft(shipment)))


async def told(
    store: Store, principal: Principal, entry: str, status: EntryStatus, at: datetime | None = None, **more: Any
) -> Outcome:
    """A status learnt from the vendor; at the store's own time unless said."""
    moment = store.clock() if at is None else at
    return await record_entry_status(
        store, principal, EntryStatusRecord(status, moment, "vendor", entry_id=entry, **more)
    )


async def row_of(store: Store, principal: Principal, table: str, identifier: str) -> Any:
    """The row with this id."""
    row = await store.first(principal, Select(table, (Where("id", "eq", identifier),)))
    assert row is not None
    return row


async def counts(store: Store) -> dict[str, int]:
    """How many rows each table holds, so that a refusal can be shown to have written none."""
    await store.relay.settled()
    totals = [
        sa.select(sa.func.count()).select_from(table).scalar_subquery().label(name) for name, table in TABLES.items()
    ]
    return dict((await store.fetch(sa.select(*totals)))[0]._mapping)


def at(hour: int, minute: int = 0, *, day: int = 20) -> datetime:
    """A moment of the day on which the tests' clock starts."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)

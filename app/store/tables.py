"""Every table: those of the trade here, the books and the ledger beside. Rows carry the owner's `organisation_id` so
that the tenant filter needs no join; what each row's visibility is stands in `app.store.scope`. Enumerations are stored
as their names."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.store.books import ClientMode as ClientMode
from app.store.books import MeasureLoad as MeasureLoad
from app.store.books import TariffLine as TariffLine
from app.store.books import TariffRevision as TariffRevision
from app.store.books import TrustedDocument as TrustedDocument
from app.store.columns import (
    BY_KEY,
    MONEY,
    QUANTITY,
    Words,
    dated,
    day,
    exact,
    json,
    key,
    live,
    maybe_day,
    maybe_exact,
    maybe_moment,
    maybe_ref,
    maybe_words,
    moment,
    newest,
    owner,
    ref,
    words,
)
from app.store.ledger import ApiClient as ApiClient
from app.store.ledger import AuditRecord as AuditRecord
from app.store.ledger import EventLog as EventLog
from app.store.ledger import EventPending as EventPending
from app.store.ledger import IdempotencyRecord as IdempotencyRecord
from app.store.ledger import Installation as Installation


class Organisation(SQLModel, table=True):
    """A tenant."""

    id: str = key()
    name: str = Field(sa_type=Words, unique=True)
    kind: str = words()
    created_at: datetime = moment()


class Party(SQLModel, table=True):
    """A trading partner as one organisation knows it; `fingerprint` makes the same party the same row."""

    __table_args__ = (sa.UniqueConstraint("organisation_id", "fingerprint"), BY_KEY)
    id: str = key()
    organisation_id: str = owner()
    name: str = words()
    country: str = words()
    identifiers: list[dict[str, str]] = json()
    fingerprint: str = words()
    created_at: datetime = moment()


class OrganisationParty(SQLModel, table=True):
    """Says that an organisation *is* a party that another one recorded: it then sees what that party takes part in."""

    __tablename__: ClassVar[str] = "organisation_party"
    organisation_id: str = ref("organisation", index=False, primary_key=True)
    party_id: str = ref("party", primary_key=True)


class Product(SQLModel, table=True):
    """A product; `hts_number` is that of its confirmed classification, `classification_id` its current one."""

    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "sku"),
        sa.Index("ix_product_created", "organisation_id", "created_at", "id"),
        sa.Index("ix_product_updated", "organisation_id", "updated_at", "id"),
        sa.Index("ix_product_name", "organisation_id", "name", "id"),
        newest("ix_product_classification", "classification_status"),
        live("ix_product_live"),
        BY_KEY,
    )
    id: str = key()
    organisation_id: str = owner()
    sku: str = words()
    name: str = words()
    description: str = words()
    origin_country: str | None = maybe_words()
    manufacturer_id: str | None = maybe_ref("party")
    unit_price_amount: Decimal | None = maybe_exact(MONEY)
    unit_price_currency: str | None = maybe_words()
    hts_number: str | None = maybe_words()
    classification_id: str | None = maybe_words()
    classification_status: str | None = maybe_words()
    attributes: dict[str, Any] = json()
    search_text: str = words()
    archived_at: datetime | None = maybe_moment()
    created_at: datetime = moment()
    updated_at: datetime = moment()
    version: int = 1


class Classification(SQLModel, table=True):
    """One proposed or decided HTS number of a product."""

    __table_args__ = (
        sa.Index("ix_classification_created", "organisation_id", "created_at", "id"),
        newest("ix_classification_product", "product_id"),
        newest("ix_classification_status", "status"),
        BY_KEY,
    )
    id: str = key()
    organisation_id: str = owner()
    product_id: str = ref("product")
    hts_number: str = words()
    status: str = words()
    confidence: float
    method: str = words()
    rationale: str = words()
    alternatives: list[dict[str, Any]] = json()
    decided_by: str | None = maybe_words()
    decided_at: datetime | None = maybe_moment()
    created_at: datetime = moment()


class Shipment(SQLModel, table=True):
    """A shipment as booked; the total is kept beside it because it is read far more often than it changes."""

    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "reference"),
        sa.Index("ix_shipment_created", "organisation_id", "created_at", "id"),
        sa.Index("ix_shipment_updated", "organisation_id", "updated_at", "id"),
        dated("ix_shipment_arrival", "estimated_arrival"),
        newest("ix_shipment_importer", "importer_id"),
        newest("ix_shipment_status", "status"),
        dated("ix_shipment_status_arrival", "estimated_arrival", "status"),
        live("ix_shipment_live"),
        BY_KEY,
    )
    id: str = key()
    organisation_id: str = owner()
    reference: str = words()
    status: str = words()
    mode: str = words()
    carrier: str | None = maybe_words()
    master_bill: str | None = maybe_words()
    house_bills: list[str] = json()
    containers: list[dict[str, Any]] = json()
    port_of_lading: str | None = maybe_words()
    port_of_unlading: str | None = maybe_words()
    estimated_departure: datetime | None = maybe_moment()
    estimated_arrival: datetime | None = maybe_moment()
    arrived_at: datetime | None = maybe_moment()
    incoterm: str | None = maybe_words()
    importer_id: str = ref("party")
    consignee_id: str | None = maybe_ref("party")
    seller_id: str | None = maybe_ref("party")
    broker_id: str | None = maybe_ref("party")
    total_value_amount: Decimal | None = maybe_exact(MONEY)
    total_value_currency: str | None = maybe_words()
    search_text: str = words()
    archived_at: datetime | None = maybe_moment()
    created_at: datetime = moment()
    updated_at: datetime = moment()
    version: int = 1


class ShipmentLine(SQLModel, table=True):
    """One product on a shipment."""

    __tablename__: ClassVar[str] = "shipment_line"
    __table_args__ = (sa.UniqueConstraint("shipment_id", "number"),)
    id: str = key()
    organisation_id: str = owner()
    shipment_id: str = ref("shipment", index=False)
    number: int
    product_id: str = ref("product")
    quantity: Decimal = exact(QUANTITY)
    unit: str = words()
    origin_country: str = words()
    customs_value_amount: Decimal | None = maybe_exact(MONEY)
    customs_value_currency: str | None = maybe_words()
    purchase_order: str | None = maybe_words()


class ShipmentParty(SQLModel, table=True):
    """Who takes part in a shipment, whatever the role."""

    __tablename__: ClassVar[str] = "shipment_party"
    shipment_id: str = ref("shipment", index=False, primary_key=True)
    party_id: str = ref("party", primary_key=True)
    organisation_id: str = owner()


class Entry(SQLModel, table=True):
    """A customs entry: one status that people read, and the release and summary statuses it stands for."""

    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "entry_number"),
        sa.Index("ix_entry_number", "entry_number"),
        sa.Index("ix_entry_created", "organisation_id", "created_at", "id"),
        sa.Index("ix_entry_updated", "organisation_id", "updated_at", "id"),
        dated("ix_entry_filed", "filed_at"),
        newest("ix_entry_importer", "importer_id"),
        newest("ix_entry_shipment", "shipment_id"),
        newest("ix_entry_status", "status"),
        dated("ix_entry_status_filed", "filed_at", "status"),
    )
    id: str = key()
    organisation_id: str = owner()
    entry_number: str = words()
    type: str = words()
    port: str = words()
    importer_id: str = ref("party")
    shipment_id: str | None = maybe_ref("shipment")
    environment: str = words()
    status: str = words()
    release_status: str = words()
    summary_status: str = words()
    filed_at: datetime | None = maybe_moment()
    released_at: datetime | None = maybe_moment()
    summary_due_on: date | None = maybe_day()
    liquidates_on: date | None = maybe_day()
    search_text: str = words()
    created_at: datetime = moment()
    updated_at: datetime = moment()
    version: int = 1


class EntryLine(SQLModel, table=True):
    """One line of an entry, as it was drafted from the shipment."""

    __tablename__: ClassVar[str] = "entry_line"
    __table_args__ = (sa.UniqueConstraint("entry_id", "number"),)
    id: str = key()
    organisation_id: str = owner()
    entry_id: str = ref("entry", index=False)
    number: int
    product_id: str | None = maybe_ref("product")
    hts_number: str = words()
    origin_country: str = words()
    customs_value_amount: Decimal | None = maybe_exact(MONEY)
    customs_value_currency: str | None = maybe_words()
    quantities: list[dict[str, str]] = json()


class EntryStatusChange(SQLModel, table=True):
    """One step of an entry's history; `fingerprint` makes the same message the same row."""

    __tablename__: ClassVar[str] = "entry_status_change"
    __table_args__ = (
        sa.UniqueConstraint("entry_id", "sequence"),
        sa.UniqueConstraint("entry_id", "fingerprint"),
        sa.Index("ix_entry_status_change_reached", "entry_id", "status", "occurred_at"),
    )
    id: str = key()
    organisation_id: str = owner()
    entry_id: str = ref("entry", index=False)
    sequence: int
    status: str = words()
    previous_status: str | None = maybe_words()
    occurred_at: datetime = moment()
    recorded_at: datetime = moment()
    code: str | None = maybe_words()
    narrative: str | None = maybe_words()
    source: str = words()
    fingerprint: str = words()


class EntryParty(SQLModel, table=True):
    """Who takes part in an entry, whatever the role."""

    __tablename__: ClassVar[str] = "entry_party"
    entry_id: str = ref("entry", index=False, primary_key=True)
    party_id: str = ref("party", primary_key=True)
    organisation_id: str = owner()


class DutyQuote(SQLModel, table=True):
    """A stored quote: the question and the frozen answer, as canonical JSON."""

    __tablename__: ClassVar[str] = "duty_quote"
    __table_args__ = (sa.Index("ix_duty_quote_created", "organisation_id", "created_at", "id"),)
    id: str = key()
    organisation_id: str = owner()
    as_of: date = day()
    receipt: str = words()
    tariff_revision_id: str = ref("tariff_revision")
    request: dict[str, Any] = json()
    assessment: dict[str, Any] = json()
    created_at: datetime = moment()


TABLES: dict[str, sa.Table] = {table.name: table for table in SQLModel.metadata.sorted_tables}

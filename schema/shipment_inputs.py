"""Shipments as they are asked for and changed: filter, order, look-up, inputs."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from strawberry import UNSET

from app.engine.bindings import matching
from schema.enums import Incoterm, OrderDirection, ShipmentStatus, TransportMode
from schema.party import PartyInput
from schema.scalars import CountryCode
from schema.values import MoneyInput


@strawberry.input(description="Keeps the shipments that fit every given field.")
class ShipmentFilter:
    """Each field is a condition."""

    search: str | None = matching("Words of the reference, bills, carrier or containers.", "search_text", "words")
    statuses: list[ShipmentStatus] | None = matching("Any of these statuses.", "status", "in")
    modes: list[TransportMode] | None = matching("Any of these modes.", "mode", "in")
    importer: strawberry.ID | None = matching("Of this importer.", "importer_id")
    arriving_from: datetime | None = matching("Expected at or after this moment.", "estimated_arrival", "ge")
    arriving_until: datetime | None = matching("Expected before this moment.", "estimated_arrival", "lt")
    updated_since: datetime | None = matching("Changed at or after this moment.", "updated_at", "ge")
    archived: bool | None = strawberry.field(
        description="Archived ones only (true) or those in use only (false); both where it is null.",
        default=False,
        metadata=matching("", "archived_at", "filled").metadata,
    )


@strawberry.enum(description="What shipments are sorted by.")
class ShipmentOrderField(Enum):
    """The column."""

    REFERENCE = strawberry.enum_value("reference", description="By reference.")
    ESTIMATED_ARRIVAL = strawberry.enum_value("estimated_arrival", description="By expected arrival.")
    CREATED_AT = strawberry.enum_value("created_at", description="By booking.")
    UPDATED_AT = strawberry.enum_value("updated_at", description="By last change.")


@strawberry.input(description="How shipments are sorted.")
class ShipmentOrder:
    """A field and a direction."""

    field: ShipmentOrderField = strawberry.field(description="What they are sorted by.")
    direction: OrderDirection = strawberry.field(description="Which way.", default=OrderDirection.ASC)


@strawberry.input(one_of=True, description="How one shipment is named: exactly one of these.")
class ShipmentBy:
    """By id or by reference."""

    id: strawberry.ID | None = strawberry.field(description="The global id.", default=UNSET)
    reference: str | None = strawberry.field(description="The organisation's reference.", default=UNSET)


@strawberry.input(description="A container.")
class ContainerInput:
    """Number, type, seal."""

    number: str = strawberry.field(description="The container number (ISO 6346).")
    size_type: str | None = strawberry.field(description="The size and type code, such as 45G1.", default=None)
    seal: str | None = strawberry.field(description="The seal number.", default=None)


@strawberry.input(description="One product on a shipment.")
class ShipmentLineInput:
    """By SKU."""

    sku: str = strawberry.field(description="The product's SKU.")
    quantity: Decimal = strawberry.field(description="How much, more than 0, at most six decimals.")
    unit: str = strawberry.field(description="The unit of the quantity, such as NO or KG.")
    origin_country: CountryCode | None = strawberry.field(
        description="The country of origin; the product's where it is absent.", default=None
    )
    customs_value: MoneyInput | None = strawberry.field(description="The customs value of the line.", default=None)
    purchase_order: str | None = strawberry.field(description="The purchase order it belongs to.", default=None)


@strawberry.input(description="A shipment to book.")
class ShipmentBookInput:
    """Sets pre-clearance in motion."""

    reference: str = strawberry.field(description="The organisation's own reference, unique.")
    mode: TransportMode = strawberry.field(description="How it travels.")
    carrier: str | None = strawberry.field(description="The carrier, by name or SCAC.", default=None)
    master_bill: str | None = strawberry.field(description="The master bill or air waybill.", default=None)
    house_bills: list[str] | None = strawberry.field(description="The house bills.", default=None)
    containers: list[ContainerInput] | None = strawberry.field(description="Its containers.", default=None)
    port_of_lading: str | None = strawberry.field(description="UN/LOCODE or Schedule K code.", default=None)
    port_of_unlading: str | None = strawberry.field(description="Schedule D code or UN/LOCODE.", default=None)
    estimated_departure: datetime | None = strawberry.field(description="Expected to leave.", default=None)
    estimated_arrival: datetime | None = strawberry.field(description="Expected to arrive.", default=None)
    incoterm: Incoterm | None = strawberry.field(description="The term of delivery.", default=None)
    importer: PartyInput | None = strawberry.field(
        description="The importer; the organisation itself where it is absent.", default=None
    )
    consignee: PartyInput | None = strawberry.field(description="The consignee.", default=None)
    seller: PartyInput | None = strawberry.field(description="The seller.", default=None)
    broker: PartyInput | None = strawberry.field(
        description="The customs broker; as an organisation linked to this party it sees the shipment and its entries.",
        default=None,
    )
    lines: list[ShipmentLineInput] = strawberry.field(description="The products on it.")
    idempotency_key: str | None = strawberry.field(description="Makes a repetition harmless for 24 h.", default=None)


@strawberry.input(description="What changes about a shipment; a field that is left out keeps its value.")
class ShipmentUpdateInput:
    """By id."""

    id: strawberry.ID = strawberry.field(description="The shipment.")
    status: ShipmentStatus | None = strawberry.field(description="Where it is now.", default=UNSET)
    carrier: str | None = strawberry.field(description="The carrier.", default=UNSET)
    master_bill: str | None = strawberry.field(description="The master bill or air waybill.", default=UNSET)
    house_bills: list[str] | None = strawberry.field(description="The house bills.", default=UNSET)
    containers: list[ContainerInput] | None = strawberry.field(description="Its containers.", default=UNSET)
    port_of_lading: str | None = strawberry.field(description="Where it is loaded.", default=UNSET)
    port_of_unlading: str | None = strawberry.field(description="Where it is unloaded.", default=UNSET)
    estimated_departure: datetime | None = strawberry.field(description="Expected to leave.", default=UNSET)
    estimated_arrival: datetime | None = strawberry.field(description="Expected to arrive.", default=UNSET)
    arrived_at: datetime | None = strawberry.field(description="When it arrived.", default=UNSET)
    incoterm: Incoterm | None = strawberry.field(description="The term of delivery.", default=UNSET)
    idempotency_key: str | None = strawberry.field(description="Makes a repetition harmless for 24 h.", default=None)
    expected_version: int | None = strawberry.field(description="The version it was read at.", default=None)


@strawberry.input(description="A shipment to archive or to bring back.")
class ShipmentArchiveInput:
    """By id."""

    id: strawberry.ID = strawberry.field(description="The shipment.")
    archived: bool = strawberry.field(description="False brings it back.", default=True)
    idempotency_key: str | None = strawberry.field(description="Makes a repetition harmless for 24 h.", default=None)
    expected_version: int | None = strawberry.field(description="The version it was read at.", default=None)


def shipment_where(by: ShipmentBy) -> tuple[str, Any]:
    """The column and value that name one shipment."""
    return ("id", by.id) if by.id is not UNSET else ("reference", by.reference)

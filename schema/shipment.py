"""Shipments: the type with its lines and pre-clearance, filter and order, inputs."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import UNSET

from app.engine.bindings import column, computed, matching, money, ordered, related, stored
from app.engine.context import Info
from app.engine.scopes import requires
from schema.checks import blockers_of_shipment
from schema.enums import Incoterm, OrderDirection, PreclearanceState, ShipmentStatus, TransportMode
from schema.node import Node
from schema.product import Product
from schema.scalars import CountryCode
from schema.values import Check, Money, MoneyInput, Party, PartyInput, Port, port

if TYPE_CHECKING:
    from schema.entry import Entry


@strawberry.type(description="A container on a shipment.")
class Container:
    """Kept as JSON with its shipment."""

    number: str = stored("The container number (ISO 6346), such as MSKU1234565.", "number")
    size_type: str | None = stored("The size and type code, such as 45G1.", "sizeType")
    seal: str | None = stored("The seal number.", "seal")


@strawberry.type(description="One product on a shipment.")
class ShipmentLine:
    """A row of `shipment_line`."""

    number: int = column("Its place on the shipment, from 1.")
    product: Product | None = related("The product.", "product", "product_id")
    quantity: Decimal = column("How much.")
    unit: str = column("The unit of the quantity.")
    origin_country: CountryCode = column("The country of origin.")
    customs_value: Money | None = money("The customs value of the line.", "customs_value")
    purchase_order: str | None = column("The purchase order it belongs to.")


@strawberry.type(description="How far a shipment's clearance has come, and what is in its way.")
class Preclearance:
    """Worked out from the shipment's lines and entries."""

    state: PreclearanceState = column(
        "How far it has come. To others than the owner, who do not see its products, READY only says: no entry yet."
    )
    blockers: list[Check] = column(
        "What keeps its entry, or the entry it would become, from being filed; told to the owner alone."
    )
    entry: Annotated["Entry", strawberry.lazy("schema.entry")] | None = column(
        "Its entry, where there is one.", scopes=("entries:read",)
    )


@strawberry.type(description="A shipment as booked.", directives=requires(["shipments:read"]))
class Shipment(Node):
    """A row of `shipment`."""

    reference: str = column("The organisation's own reference.")
    status: ShipmentStatus = column("Where it is on its way.")
    mode: TransportMode = column("How it travels.")
    carrier: str | None = column("The carrier, by name or SCAC.")
    master_bill: str | None = column("The master bill of lading or air waybill.")
    house_bills: list[str] = column("The house bills.")
    containers: list[Container] = column("Its containers.")
    port_of_lading: Port | None = port("Where it is loaded.", "port_of_lading")
    port_of_unlading: Port | None = port("Where it is unloaded.", "port_of_unlading")
    estimated_departure: datetime | None = column("When it is expected to leave.")
    estimated_arrival: datetime | None = column("When it is expected to arrive.")
    arrived_at: datetime | None = column("When it arrived.")
    incoterm: Incoterm | None = column("The term of delivery.")
    importer: Party = related("The importer.", "party", "importer_id")
    consignee: Party | None = related("The consignee.", "party", "consignee_id")
    seller: Party | None = related("The seller.", "party", "seller_id", scopes=("commercial:read",))
    broker: Party | None = related("The customs broker.", "party", "broker_id")
    lines: list[ShipmentLine] = ordered("The products on it.", "shipment_line", "number", column="shipment_id")
    total_value: Money | None = money(
        "The customs value of all lines; null where they differ in currency or one has none.", "total_value"
    )
    entries: list[Annotated["Entry", strawberry.lazy("schema.entry")]] | None = ordered(
        "The entries made for it.", "entry", "created_at", column="shipment_id"
    )
    archived_at: datetime | None = column("When it was archived; null while it is in use.")
    created_at: datetime = column("When it was booked.")
    updated_at: datetime = column("When it was last changed.")
    version: int = column("Counts the changes; goes with `expectedVersion`.")

    @computed("How far its clearance has come.")
    async def preclearance(root: Any, info: Info) -> Preclearance:  # noqa: N805
        """From the checks and the entries."""
        state, blockers, entry = await blockers_of_shipment(info.context, root)
        found: Any = {"state": state, "blockers": list(blockers), "entry": entry}
        return Preclearance(**found)


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

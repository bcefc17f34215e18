"""Shipments: the type with its lines and pre-clearance, filter and order, inputs."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.engine.bindings import column, computed, money, ordered, related, stored
from app.engine.context import Info
from app.engine.scopes import requires
from schema.checks import blockers_of_shipment
from schema.enums import Incoterm, PreclearanceState, ShipmentStatus, TransportMode
from schema.node import Node
from schema.party import Party
from schema.product import Product
from schema.scalars import CountryCode
from schema.values import Check, Money, Port, port

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
        "What keeps its entry, or the entry it would become, from being filed; told to the owner alone.",
        size=5,
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
    containers: list[Container] = column("Its containers.", size=2)
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

    @computed("How far its clearance has come.", weight=15)
    async def preclearance(root: Any, info: Info) -> Preclearance:  # noqa: N805
        """From the checks and the entries."""
        state, blockers, entry = await blockers_of_shipment(info.context, root)
        found: Any = {"state": state, "blockers": list(blockers), "entry": entry}
        return Preclearance(**found)

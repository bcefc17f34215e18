"""Products: the type, its filter and order, its inputs."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.duty.assessment import LineInput, QuoteInput
from app.engine.bindings import Paged, column, computed, money, paged, related
from app.engine.context import Info
from app.engine.scopes import requires
from app.store.statement import Link, Order
from schema.duty import DutyEstimate
from schema.duty_inputs import estimate
from schema.node import Node
from schema.paging import Connection
from schema.party import Party
from schema.scalars import CountryCode, HtsNumber, Json
from schema.tariff import AsOf, TariffLine, tariff_line_by
from schema.values import Money

if TYPE_CHECKING:
    from schema.classification import Classification
    from schema.entry import Entry
    from schema.shipment import Shipment

NEWEST = Order("created_at", descending=True)
_COMMERCIAL = ("commercial:read",)


@strawberry.type(description="A product an organisation trades in.", directives=requires(["products:read"]))
class Product(Node):
    """A row of `product`."""

    sku: str = column("The organisation's own stock keeping unit.")
    name: str = column("The name.")
    description: str = column("What it is, in the words a classifier needs.")
    origin_country: CountryCode | None = column("The country of origin.")
    manufacturer: Party | None = related("Who makes it.", "party", "manufacturer_id", scopes=_COMMERCIAL)
    unit_price: Money | None = money("The price of one unit.", "unit_price")
    hts_number: HtsNumber | None = column("The HTS number of its confirmed classification.")
    tariff_line: TariffLine | None = tariff_line_by("hts_number")
    classification: Annotated["Classification", strawberry.lazy("schema.classification")] | None = related(
        "Its current classification: the confirmed one, else the latest.", "classification", "classification_id"
    )
    classifications: Connection[Annotated["Classification", strawberry.lazy("schema.classification")]] | None = paged(
        "Every classification it has had, the newest first.", Paged("classification", NEWEST, column="product_id")
    )
    shipments: Connection[Annotated["Shipment", strawberry.lazy("schema.shipment")]] | None = paged(
        "The shipments it travels on, the newest first.",
        Paged("shipment", NEWEST, link=Link("shipment_line", "product_id", "shipment_id")),
    )
    entries: Connection[Annotated["Entry", strawberry.lazy("schema.entry")]] | None = paged(
        "The entries it is declared on, the newest first.",
        Paged("entry", NEWEST, link=Link("entry_line", "product_id", "entry_id")),
    )

    @computed(
        "What the duty on a value of it would be.",
        needs=("hts_number", "origin_country"),
        scopes=("duty:quote",),
        weight=5,
    )
    async def duty_estimate(
        root: Any,  # noqa: N805
        info: Info,
        customs_value: Annotated[Decimal, strawberry.argument(description="The customs value in US dollars.")],
        origin_country: Annotated[
            CountryCode | None, strawberry.argument(description="The country of origin; the product's where absent.")
        ] = None,
        as_of: AsOf = None,
    ) -> DutyEstimate | None:
        """Null without a confirmed number or an origin."""
        origin = origin_country or root.origin_country
        if root.hts_number is None or origin is None:
            return None
        line = LineInput(root.hts_number, origin, customs_value)
        return await estimate(info.context, QuoteInput((line,), as_of or info.context.today()))

    attributes: Json = column("Further facts, as the organisation keeps them.")
    archived_at: datetime | None = column("When it was archived; null while it is in use.")
    created_at: datetime = column("When it was created.")
    updated_at: datetime = column("When it was last changed.")
    version: int = column("Counts the changes; goes with `expectedVersion`.")

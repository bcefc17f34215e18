"""Products as they are asked for and changed: filter, order, look-up, inputs."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry import UNSET

from app.engine.bindings import matching
from app.store.statement import Order
from schema.enums import ClassificationStatus, OrderDirection
from schema.party import PartyInput
from schema.scalars import CountryCode, HtsNumber, Json
from schema.values import MoneyInput

NEWEST = Order("created_at", descending=True)
_COMMERCIAL = ("commercial:read",)


@strawberry.input(description="Keeps the products that fit every given field.")
class ProductFilter:
    """Each field is a condition."""

    search: str | None = matching("Words of the SKU, the name or the description.", "search_text", "words")
    skus: list[str] | None = matching("Any of these SKUs.", "sku", "in")
    origin_countries: list[CountryCode] | None = matching("Any of these countries of origin.", "origin_country", "in")
    hts_under: HtsNumber | None = matching("Classified at or below this HTS number.", "hts_number", "under")
    classification_statuses: list[ClassificationStatus] | None = matching(
        "The current classification has any of these statuses.", "classification_status", "in"
    )
    updated_since: datetime | None = matching("Changed at or after this moment.", "updated_at", "ge")
    archived: bool | None = strawberry.field(
        description="Archived ones only (true) or those in use only (false); both where it is null.",
        default=False,
        metadata=matching("", "archived_at", "filled").metadata,
    )


@strawberry.enum(description="What products are sorted by.")
class ProductOrderField(Enum):
    """The column."""

    SKU = strawberry.enum_value("sku", description="By SKU.")
    NAME = strawberry.enum_value("name", description="By name.")
    CREATED_AT = strawberry.enum_value("created_at", description="By creation.")
    UPDATED_AT = strawberry.enum_value("updated_at", description="By last change.")


@strawberry.input(description="How products are sorted.")
class ProductOrder:
    """A field and a direction."""

    field: ProductOrderField = strawberry.field(description="What they are sorted by.")
    direction: OrderDirection = strawberry.field(description="Which way.", default=OrderDirection.ASC)


@strawberry.input(one_of=True, description="How one product is named: exactly one of these.")
class ProductBy:
    """By id or by SKU."""

    id: strawberry.ID | None = strawberry.field(description="The global id.", default=UNSET)
    sku: str | None = strawberry.field(description="The organisation's SKU.", default=UNSET)


@strawberry.input(description="A product to create or change; a field that is left out keeps its value.")
class ProductUpsertInput:
    """Found by its SKU."""

    sku: str = strawberry.field(description="The organisation's own stock keeping unit, at most 100 characters.")
    name: str | None = strawberry.field(description="The name; required for a new product.", default=UNSET)
    description: str | None = strawberry.field(
        description="What it is; the name, also a new one, stands in until this is given.", default=UNSET
    )
    origin_country: CountryCode | None = strawberry.field(description="The country of origin.", default=UNSET)
    manufacturer: PartyInput | None = strawberry.field(description="Who makes it.", default=UNSET)
    unit_price: MoneyInput | None = strawberry.field(description="The price of one unit.", default=UNSET)
    attributes: Json | None = strawberry.field(description="Further facts, a JSON object.", default=UNSET)
    idempotency_key: str | None = strawberry.field(description="Makes a repetition harmless for 24 h.", default=None)
    expected_version: int | None = strawberry.field(description="The version it was read at.", default=None)


@strawberry.input(description="Up to 1,000 products to create or change.")
class ProductsUpsertInput:
    """Good rows are written, faulty ones reported."""

    products: list[ProductUpsertInput] = strawberry.field(description="The products, at most 1,000.")
    idempotency_key: str | None = strawberry.field(description="Makes a repetition harmless for 24 h.", default=None)


@strawberry.input(description="A product to archive or to bring back.")
class ProductArchiveInput:
    """By id."""

    id: strawberry.ID = strawberry.field(description="The product.")
    archived: bool = strawberry.field(description="False brings it back.", default=True)
    idempotency_key: str | None = strawberry.field(description="Makes a repetition harmless for 24 h.", default=None)
    expected_version: int | None = strawberry.field(description="The version it was read at.", default=None)


def product_where(by: ProductBy) -> tuple[str, Any]:
    """The column and value that name one product."""
    return ("id", by.id) if by.id is not UNSET else ("sku", by.sku)

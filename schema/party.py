"""Trading partners, reached through the shipments, entries and products they take part in."""

import strawberry

from app.engine.bindings import column, stored
from schema.scalars import CountryCode


@strawberry.type(description="A number by which a party is known.")
class PartyIdentifier:
    """EIN, MID, DUNS and the like."""

    type: str = stored("The kind of number, such as EIN, MID or DUNS.", "type")
    value: str = stored("The number.", "value")


@strawberry.type(description="A trading partner: importer, consignee, seller, manufacturer.")
class Party:
    """Reached through the shipments, entries and products it takes part in."""

    id: strawberry.ID = column("The global id; `tidegate organisation create --party` takes it.")
    name: str = column("The name.")
    country: CountryCode = column("The country it is established in.")
    identifiers: list[PartyIdentifier] = column("The numbers by which it is known.", size=2)


@strawberry.input(description="A number by which a party is known.")
class PartyIdentifierInput:
    """EIN, MID, DUNS and the like."""

    type: str = strawberry.field(description="The kind of number, such as EIN, MID or DUNS.")
    value: str = strawberry.field(description="The number.")


@strawberry.input(
    description="A trading partner: one that is known by a number of these, else by name and country, or a new one."
)
class PartyInput:
    """Found again or made anew."""

    name: str = strawberry.field(description="The name.")
    country: CountryCode = strawberry.field(description="The country it is established in.")
    identifiers: list[PartyIdentifierInput] | None = strawberry.field(
        description="The numbers by which it is known.", default=None
    )

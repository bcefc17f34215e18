"""Small types that several nouns share: money, quantities, ports, parties, checks."""

from typing import Any

import strawberry

from app.engine.bindings import column, computed
from app.filing.ports import find_port
from schema.enums import Severity
from schema.scalars import Cents, CountryCode, CurrencyCode, Json
from schema.scalars import Decimal as GraphDecimal


@strawberry.type(description="An amount of money.")
class Money:
    """Amount and currency."""

    currency: CurrencyCode = column("The currency.")

    @strawberry.field(**computed("The amount, with at least two decimals.", needs=("amount",)))
    def amount(root: Any) -> GraphDecimal:  # noqa: N805
        """Marked as money for printing."""
        return Cents(root.amount)


@strawberry.type(description="A quantity in a unit.")
class Quantity:
    """As declared on an entry line."""

    @strawberry.field(**computed("How much."))
    def value(root: Any) -> GraphDecimal:  # noqa: N805
        """Kept as text in JSON."""
        return GraphDecimal(root["value"])

    @strawberry.field(**computed("The unit of quantity, such as NO or KG."))
    def unit(root: Any) -> str:  # noqa: N805
        """The unit's code."""
        return str(root["unit"])


@strawberry.type(description="A port: Schedule D in the United States, UN/LOCODE abroad.")
class Port:
    """A port by its code."""

    code: str = column("The code.")
    name: str | None = column("The name; null where the code is not known here.")
    country: CountryCode | None = column("The country; null where the code is not known here.")


@strawberry.type(description="A port that is not in the tables; only its code is known.")
class _Unlisted:
    code: str
    name: None = None
    country: None = None


def port_of(code: str | None) -> Any | None:
    """What is known of a port code; only the code where it is in no table."""
    if code is None:
        return None
    return find_port(code) or _Unlisted(code=code)


def port(description: str, name: str) -> Any:
    """A field of type Port from a column that holds its code."""

    def resolve(root: Any) -> Any:
        return port_of(getattr(root, name))

    return strawberry.field(resolver=resolve, **computed(description, needs=(name,)))


@strawberry.type(description="A number by which a party is known.")
class PartyIdentifier:
    """EIN, MID, DUNS and the like."""

    @strawberry.field(**computed("The kind of number, such as EIN, MID or DUNS."))
    def type(root: Any) -> str:  # noqa: N805
        """The kind."""
        return str(root["type"])

    @strawberry.field(**computed("The number."))
    def value(root: Any) -> str:  # noqa: N805
        """The number."""
        return str(root["value"])


@strawberry.type(description="A trading partner: importer, consignee, seller, manufacturer.")
class Party:
    """Reached through the shipments, entries and products it takes part in."""

    id: strawberry.ID = column("The global id; `tidegate organisation create --party` takes it.")
    name: str = column("The name.")
    country: CountryCode = column("The country it is established in.")
    identifiers: list[PartyIdentifier] = column("The numbers by which it is known.")


@strawberry.type(description="A finding of the checks that run before filing.")
class Check:
    """What is wrong or worth knowing, and how to mend it."""

    code: str = column("A stable code.")
    severity: Severity = column("How much it matters.")
    field: list[str] = column("The path to what it is about.")
    message: str = column("What is wrong and how to mend it.")
    fix: Json | None = column("A machine-readable mend, where there is one.")


@strawberry.input(description="An amount of money.")
class MoneyInput:
    """Amount and currency."""

    amount: GraphDecimal = strawberry.field(description="The amount, at most four decimals.")
    currency: CurrencyCode = strawberry.field(description="The currency.")


@strawberry.input(description="A number by which a party is known.")
class PartyIdentifierInput:
    """EIN, MID, DUNS and the like."""

    type: str = strawberry.field(description="The kind of number, such as EIN, MID or DUNS.")
    value: str = strawberry.field(description="The number.")


@strawberry.input(description="A trading partner; the same name, country and numbers are the same party.")
class PartyInput:
    """Found again or made anew."""

    name: str = strawberry.field(description="The name.")
    country: CountryCode = strawberry.field(description="The country it is established in.")
    identifiers: list[PartyIdentifierInput] | None = strawberry.field(
        description="The numbers by which it is known.", default=None
    )

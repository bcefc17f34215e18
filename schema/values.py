"""Small types that several nouns share: money, quantities, ports, parties, checks."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import strawberry

from app.engine.bindings import Listed, column, computed, stored
from app.filing.ports import find_port
from schema.enums import Severity
from schema.scalars import Cents, CountryCode, CurrencyCode, Json


@strawberry.type(description="An amount of money.")
class Money:
    """Amount and currency."""

    currency: CurrencyCode = column("The currency.")

    @computed("The amount, with at least two decimals.", needs=("amount",))
    def amount(root: Any) -> Decimal:  # noqa: N805
        """Marked as money for printing."""
        return Cents(root.amount)


@strawberry.type(description="A quantity in a unit.")
class Quantity:
    """As declared on an entry line."""

    value: Decimal = stored("How much.", "value", Decimal)
    unit: str = stored("The unit of quantity, such as NO or KG.", "unit")


@strawberry.type(description="A port: Schedule D in the United States, UN/LOCODE abroad.")
class Port:
    """A port by its code."""

    code: str = column("The code.")
    name: str | None = column("The name; null where the code is not known here.")
    country: CountryCode | None = column("The country; null where the code is not known here.")


@dataclass(frozen=True, slots=True)
class _Unlisted:
    """A port that is in no table: only its code is known."""

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

    return computed(description, needs=(name,), binding=Listed(name))(resolve)


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

    amount: Decimal = strawberry.field(description="The amount, at most four decimals.")
    currency: CurrencyCode = strawberry.field(description="The currency.")

"""What the caller's entries owed under a measure, for a chart and as CSV."""

from datetime import date
from typing import Annotated, Any

import strawberry

from app.engine.bindings import Amount, column, computed
from app.engine.context import Context
from app.errors import BadUserInput
from app.services.impact import duty_impact
from schema.scalars import CountryCode
from schema.values import Money

SCOPES = ("duty:quote", "entries:read", "commercial:read")


def _dollars(name: str, description: str) -> Any:
    def resolve(root: Any) -> Money:
        return Amount(getattr(root, name), "USD")  # type: ignore[return-value]

    return computed(description, needs=(name,))(resolve)


@strawberry.type(description="What a measure came to in one month, for one origin and chapter.")
class DutyImpactRow:
    """A row of the chart."""

    month: str = column("The month of filing in UTC, such as 2025-09.")
    origin: CountryCode = column("The country of origin.")
    chapter: str = column("The chapter of the tariff, two digits.")
    entries: int = column("How many entries.")
    lines: int = column("How many of their lines.")
    customs_value: Money = _dollars("customs_value", "The customs value of those lines.")
    duty: Money = _dollars("duty", "What the measure charged on them, exact.")


@strawberry.type(
    description="What the organisation's filed entries owed under a measure, worked out anew for each day of entry. An "
    "estimate of what was owed, not an account of what was paid or refunded."
)
class DutyImpact:
    """Sums of the caller's own entries."""

    measures: list[str] = column("The ids of the measures that were summed.")
    rows: list[DutyImpactRow] = column("By month, origin and chapter; only where something was charged.", size=100)
    entries: int = column("How many entries bore the measure.")
    lines: int = column("How many of their lines did.")
    duty: Money = _dollars("duty", "What the measure charged in all, exact.")
    unanswered: int = column("Lines filed in the time whose duty could not be worked out; they are in no row.")
    csv: str = column("The rows as CSV with a header.")
    notices: list[str] = column("What to know before relying on it, such as that the starter tariff was used.")
    disclaimer: str = column("What this is and is not.")


Named = Annotated[
    str,
    strawberry.argument(
        description="The measure: its id, its program, its heading in chapter 99 or its authority, such as IEEPA."
    ),
]
From = Annotated[date, strawberry.argument(name="from", description="The first day of filing.")]
To = Annotated[date, strawberry.argument(description="The day to stop before.")]


async def impact(context: Context, measure: str, since: date, until: date) -> Any:
    """By the service. BadUserInput for a period that ends before it begins."""
    if until < since:
        raise BadUserInput("`to` lies before `from`.")
    return await duty_impact(context.store, context.principal, context.desk, measure, since, until)

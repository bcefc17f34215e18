"""Questions about duty: filter, inputs, and how they reach the desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry

from app.duty.assessment import LineInput, QuoteInput
from app.engine.bindings import matching
from app.engine.context import Context
from app.errors import BadUserInput
from app.services.quote_document import document, line_form
from schema.enums import TransportMode
from schema.scalars import CountryCode, CurrencyCode, HtsNumber, Json

_SCOPES = ("duty:quote",)
_DOLLARS = CurrencyCode("USD")


@strawberry.input(description="Keeps the quotes that fit every given field.")
class DutyQuoteFilter:
    """Each field is a condition."""

    as_of_from: date | None = matching("For this date of entry or later.", "as_of", "ge")
    as_of_until: date | None = matching("For a date of entry before this.", "as_of", "lt")
    created_since: datetime | None = matching("Made at or after this moment.", "created_at", "ge")
    receipt: str | None = matching("With this receipt.", "receipt")


@strawberry.input(description="A quantity in a unit of the rate text.")
class QuantityInput:
    """As many units as the rate asks for."""

    value: Decimal = strawberry.field(description="How much.")
    unit: str = strawberry.field(description="KG, T, CKG, L, PFL, BBL, M2, M3, NO, PR, DOZ, GROSS, THOUSAND …")


@strawberry.input(description="Goods of one HTS number and origin.")
class DutyQuoteLineInput:
    """One line of an entry."""

    hts_number: HtsNumber = strawberry.field(description="The HTS number, 8 or 10 digits.")
    origin_country: CountryCode = strawberry.field(description="The country of origin.")
    customs_value: Decimal = strawberry.field(description="The customs value, in the question's currency.")
    quantities: list[QuantityInput] | None = strawberry.field(
        description="Quantities in the units of the rate, where it is not a percentage.", default=None
    )
    claimed_preference: str | None = strawberry.field(
        description="A program symbol of the special column, such as KR or S.", default=None
    )
    facts: Json | None = strawberry.field(
        description="Declared facts by name, such as metal_content_pct_of_value; a question names those that matter.",
        default=None,
    )


@strawberry.input(description="What is asked about an entry.")
class DutyQuoteInput:
    """Its lines, its date, its carriage."""

    lines: list[DutyQuoteLineInput] = strawberry.field(description="The lines.")
    as_of: date | None = strawberry.field(description="The date of entry; today in UTC where absent.", default=None)
    currency: CurrencyCode | None = strawberry.field(
        description="The currency of all values; null is the default, too.", default=_DOLLARS
    )
    transport_mode: TransportMode | None = strawberry.field(
        description="How it comes; the harbor fee is due on ocean freight only.", default=None
    )
    formal_entry: bool | None = strawberry.field(
        description="False for an informal entry; null is the default, too.", default=True
    )
    freight: Decimal | None = strawberry.field(description="International freight, for landed cost.", default=None)
    insurance: Decimal | None = strawberry.field(description="Insurance, for landed cost.", default=None)
    exchange_rate: Decimal | None = strawberry.field(
        description="US dollars per unit of the currency; needed where it is not USD.", default=None
    )
    idempotency_key: str | None = strawberry.field(
        description="For dutyQuoteCreate: makes a repetition harmless for 24 h.", default=None
    )


def question(given: DutyQuoteInput, context: Context) -> QuoteInput:
    """The question as the duty room takes it. BadUserInput for facts that are no JSON object."""
    return QuoteInput(
        lines=tuple(_line(line, place) for place, line in enumerate(given.lines)),
        as_of=given.as_of or context.today(),
        currency=_DOLLARS if given.currency is None else given.currency,
        exchange_rate=given.exchange_rate,
        transport_mode=given.transport_mode,
        formal_entry=given.formal_entry is not False,
        freight=given.freight,
        insurance=given.insurance,
    )


def _line(given: DutyQuoteLineInput, place: int) -> LineInput:
    facts: Any = given.facts or {}
    if not isinstance(facts, dict):
        raise BadUserInput(f"lines.{place}.facts must be a JSON object of facts by name.")
    return LineInput(
        number=given.hts_number,
        origin=given.origin_country,
        customs_value=given.customs_value,
        quantities={one.unit: one.value for one in given.quantities or ()},
        claimed_preference=given.claimed_preference,
        facts=facts,
    )


async def estimate(context: Context, request: QuoteInput) -> Any:
    """The document of an answer; all that an operation asks are answered together. BadUserInput before the first
    revision."""

    async def load(keys: Sequence[Any]) -> list[Any]:
        return await context.desk.assess_all(context.principal, [key.request for key in keys])

    answered = await context.loaders.batch("estimate", load).load(_Asked(request))
    if answered.revision is None:
        raise BadUserInput(f"No revision of the tariff is loaded for {request.as_of}: ask for a later day.")
    return document(answered.assessment, answered.revision)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """One question of an operation, told apart by identity: quantities and facts cannot be hashed."""

    request: QuoteInput


async def duty_of_line(context: Context, line: LineInput, on: date) -> Any | None:
    """The document of one line's answer, batched over an answer's lines; None before the first revision."""

    async def load(keys: Sequence[Any]) -> list[Any]:
        asked = [
            (LineInput(number, origin, value, dict(quantities)), day) for number, origin, value, quantities, day in keys
        ]
        answers = await context.desk.assess_lines(context.principal, asked)
        return [None if answer is None else line_form(answer) for answer in answers]

    key = (line.number, line.origin, line.customs_value, tuple(sorted(line.quantities.items())), on)
    return await context.loaders.batch("duty_of_line", load).load(key)

"""Duty estimates and stored quotes: one interface over the document that the desk makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import strawberry

from app.duty.assessment import LineInput, QuoteInput
from app.engine.bindings import Amount, column, computed, matching, stored
from app.engine.context import Context, Info
from app.engine.scopes import requires
from app.errors import BadUserInput
from app.services.quote_document import document, line_form
from schema.enums import DutyErrorCode, DutyKind, TransportMode
from schema.measure import Measure, declared_under
from schema.node import Node
from schema.scalars import CountryCode, CurrencyCode, HtsNumber, Json
from schema.tariff import TariffRevision
from schema.values import Money

_SCOPES = ("duty:quote",)


def _amount(held: Any) -> Amount:
    return Amount(Decimal(held["amount"]), held["currency"])


@strawberry.type(description="A measure that was in force but not charged.")
class MeasureNotApplied:
    """With its reason."""

    measure: Measure = stored("The measure.", "measure")
    reason: str = stored("Why it was not charged.", "reason")


@strawberry.type(description="One amount of duty or fee, with its reason.")
class DutyComponent:
    """In legal order on its line."""

    kind: DutyKind = stored("Under which authority it is owed.", "kind")
    code: str | None = stored("The measure, program or fee class.", "code")
    hts_number: HtsNumber | None = declared_under("The number it is declared under; null where several may be meant.")
    label: str = stored("What it is.", "label")
    rate_text: str = stored("Its rate.", "rateText")
    base: Money = stored("The value it is taken of.", "base", _amount)
    amount: Money = stored("The amount, exact.", "amount", _amount)
    formula: str = stored("How the amount follows from the base.", "formula")
    legal_citation: str = stored("Where it is laid down.", "legalCitation")


@strawberry.type(description="Something that keeps a line, or the whole, from being answered.")
class DutyUserError:
    """Coded, with the path into the input."""

    code: DutyErrorCode = stored("What is wrong.", "code")
    message: str = stored("What is wrong and how to mend it.", "message")
    field: list[str] = stored("The path into the input.", "field")


@strawberry.type(description="The answer for one line.")
class DutyQuoteLine:
    """`error` says why where it could not be answered."""

    number: int = stored("Its place in the question, from 1.", "number")
    hts_number: HtsNumber = stored("The HTS number.", "htsNumber")
    origin_country: CountryCode = stored("The country of origin.", "originCountry")
    customs_value: Money | None = stored("The customs value in US dollars.", "customsValue", _amount)
    components: list[DutyComponent] = stored("What is owed, in legal order.", "components")
    not_applied: list[MeasureNotApplied] = stored("What was in force and not charged, and why.", "notApplied")
    duty_total: Money | None = stored(
        "The sum of the components; null where it could not be answered.", "dutyTotal", _amount
    )
    effective_rate: Decimal | None = stored("Duty in percent of customs value.", "effectiveRate", Decimal)
    notices: list[str] = stored("What else to know about it.", "notices")
    error: DutyUserError | None = stored("Why it could not be answered.", "error")


@strawberry.type(description="What the duty would be with another answer.")
class DutyAlternative:
    """Priced."""

    answer: str = stored("The other answer.", "answer")
    duty_total: Money | None = stored("The line's duty with it.", "dutyTotal", _amount)
    difference: Money | None = stored("What it adds or saves.", "difference", _amount)


@strawberry.type(description="A fact that would change the answer.")
class DutyQuestion:
    """With the default that was assumed and the money at stake."""

    line: int = stored("The line it is about, from 1.", "line")
    fact: str = stored("The fact's name, as `facts` takes it.", "fact")
    question: str = stored("The question.", "question")
    assumed: Json | None = stored("What was assumed.", "assumed")
    alternatives: list[DutyAlternative] = stored("The other answers.", "alternatives")


_part = partial(stored, within="assessment")


@strawberry.interface(
    description="Duty and fees of an entry, every amount with its reason. An estimate, not legal advice."
)
class DutyAssessment:
    """What estimates and quotes have in common."""

    as_of: date = _part("The date of entry.", "asOf", date.fromisoformat)
    lines: list[DutyQuoteLine] = _part("The answer for each line.", "lines")
    fees: list[DutyComponent] = _part("The user fees of the entry.", "fees")
    complete: bool = _part("Whether every line was answered.", "complete")
    user_errors: list[DutyUserError] = _part("Everything that could not be answered.", "userErrors")
    known_duty: Money = _part("The duty of the answered lines.", "knownDuty", _amount)
    duty_total: Money | None = _part("The duty; null while a line is unanswered.", "dutyTotal", _amount)
    fee_total: Money | None = _part("The fees; null while a line is unanswered.", "feeTotal", _amount)
    total: Money | None = _part("Duty and fees; null while a line is unanswered.", "total", _amount)
    landed_cost: Money | None = _part("Value, freight, insurance, duty and fees.", "landedCost", _amount)
    effective_rate: Decimal | None = _part("Duty in percent of customs value.", "effectiveRate", Decimal)
    questions: list[DutyQuestion] = _part("Facts that would change the answer.", "questions")
    notices: list[str] = _part(
        "What to know before relying on it, such as that the starter tariff was used.", "notices"
    )
    disclaimer: str = _part("What this is and is not.", "disclaimer")
    receipt: str = _part(
        "A digest of the question, the tariff and the measures: the same question repeats it.",
        "receipt",
        within="assessment",
    )

    @computed("The revision of the tariff it stands on.")
    async def tariff_revision(root: Any, info: Info) -> TariffRevision:  # noqa: N805
        """By id."""
        return await info.context.loaders.row("tariff_revision").load(_held(root)["tariffRevisionId"])


def _held(root: Any) -> Any:
    return root if isinstance(root, dict) else root.assessment


@strawberry.type(description="A computed answer; nothing is kept.", directives=requires(_SCOPES))
class DutyEstimate(DutyAssessment):
    """The document alone."""

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Only an estimate is a bare document."""
        return isinstance(obj, dict)


@strawberry.type(description="A stored answer; it never changes.", directives=requires(_SCOPES))
class DutyQuote(DutyAssessment, Node):
    """A row of `duty_quote`."""

    created_at: datetime = column("When it was made.")


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
    currency: CurrencyCode = strawberry.field(description="The currency of all values.", default=CurrencyCode("USD"))
    transport_mode: TransportMode | None = strawberry.field(
        description="How it comes; the harbor fee is due on ocean freight only.", default=None
    )
    formal_entry: bool = strawberry.field(description="False for an informal entry.", default=True)
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
        currency=given.currency,
        exchange_rate=given.exchange_rate,
        transport_mode=given.transport_mode,
        formal_entry=given.formal_entry,
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

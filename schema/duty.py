"""Duty estimates and stored quotes: one interface over the document that the desk makes."""

from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import strawberry

from app.engine.bindings import Amount, column, computed, stored
from app.engine.context import Info
from app.engine.scopes import requires
from schema.enums import DutyErrorCode, DutyKind
from schema.measure import Measure, declared_under
from schema.node import Node
from schema.scalars import CountryCode, HtsNumber, Json
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
    components: list[DutyComponent] = stored("What is owed, in legal order.", "components", size=5)
    not_applied: list[MeasureNotApplied] = stored("What was in force and not charged, and why.", "notApplied", size=5)
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
    alternatives: list[DutyAlternative] = stored("The other answers.", "alternatives", size=3)


_part = partial(stored, within="assessment")


@strawberry.interface(
    description="Duty and fees of an entry, every amount with its reason. An estimate, not legal advice."
)
class DutyAssessment:
    """What estimates and quotes have in common."""

    as_of: date = _part("The date of entry.", "asOf", date.fromisoformat)
    lines: list[DutyQuoteLine] = _part("The answer for each line.", "lines", size=5)
    fees: list[DutyComponent] = _part("The user fees of the entry.", "fees", size=2)
    complete: bool = _part("Whether every line was answered.", "complete")
    user_errors: list[DutyUserError] = _part("Everything that could not be answered.", "userErrors", size=1)
    known_duty: Money = _part("The duty of the answered lines.", "knownDuty", _amount)
    duty_total: Money | None = _part("The duty; null while a line is unanswered.", "dutyTotal", _amount)
    fee_total: Money | None = _part("The fees; null while a line is unanswered.", "feeTotal", _amount)
    total: Money | None = _part("Duty and fees; null while a line is unanswered.", "total", _amount)
    landed_cost: Money | None = _part("Value, freight, insurance, duty and fees.", "landedCost", _amount)
    effective_rate: Decimal | None = _part("Duty in percent of customs value.", "effectiveRate", Decimal)
    questions: list[DutyQuestion] = _part("Facts that would change the answer.", "questions", size=5)
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

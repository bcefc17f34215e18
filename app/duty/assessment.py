"""What is asked of the duty room and what it answers: lines, quotes, components with their reasons, questions, faults.

Money is US dollars as exact Decimal, percentages are in percent. Nothing is computed here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol

from app.tariff.measure import DutyKind, Measure
from app.values import TransportMode, format_decimal

DISCLAIMER: Final = "Estimate, not legal advice."


class DutyErrorCode(StrEnum):
    """Why a line, or a whole quote, cannot be answered."""

    NO_LINES = "NO_LINES"
    TOO_MANY_LINES = "TOO_MANY_LINES"
    UNKNOWN_NUMBER = "UNKNOWN_NUMBER"
    NOT_DECLARABLE = "NOT_DECLARABLE"
    NOT_IN_FORCE = "NOT_IN_FORCE"
    INVALID_DATE = "INVALID_DATE"
    BEFORE_FIRST_REVISION = "BEFORE_FIRST_REVISION"
    NEGATIVE_VALUE = "NEGATIVE_VALUE"
    INVALID_VALUE = "INVALID_VALUE"
    INVALID_QUANTITY = "INVALID_QUANTITY"
    MISSING_QUANTITY = "MISSING_QUANTITY"
    UNKNOWN_COUNTRY = "UNKNOWN_COUNTRY"
    UNKNOWN_CURRENCY = "UNKNOWN_CURRENCY"
    EXCHANGE_RATE_REQUIRED = "EXCHANGE_RATE_REQUIRED"
    INVALID_EXCHANGE_RATE = "INVALID_EXCHANGE_RATE"
    UNKNOWN_PREFERENCE = "UNKNOWN_PREFERENCE"
    UNKNOWN_FACT = "UNKNOWN_FACT"
    INVALID_FACT = "INVALID_FACT"
    RATE_NOT_COMPUTABLE = "RATE_NOT_COMPUTABLE"
    INFORMAL_LIMIT = "INFORMAL_LIMIT"
    FEE_TABLE_MISSING = "FEE_TABLE_MISSING"
    INVALID_ROW = "INVALID_ROW"


class Rounding(StrEnum):
    """EXACT keeps every digit. CFR_159_3: values in whole dollars, amounts in cents, halves up (19 CFR 159.3)."""

    EXACT = "EXACT"
    CFR_159_3 = "CFR_159_3"


@dataclass(frozen=True, slots=True)
class DutyFault:
    """One thing wrong, with the path into the input, such as `("lines", "2", "customsValue")`."""

    code: DutyErrorCode
    message: str
    field: tuple[str, ...] = ()


class TariffLineFacts(Protocol):
    """What the calculator reads of a line of the tariff; the rates are the texts of the three columns."""

    @property
    def number(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def general(self) -> str: ...
    @property
    def special(self) -> str: ...
    @property
    def other(self) -> str: ...
    @property
    def declarable(self) -> bool: ...


class TariffSource(Protocol):
    """One revision of the tariff: its identity, and its lines by dotted number."""

    @property
    def revision_name(self) -> str: ...
    @property
    def effective_from(self) -> date: ...
    @property
    def sha256(self) -> str: ...
    @property
    def starter(self) -> bool: ...
    def find(self, number: str) -> TariffLineFacts | None:
        """The line of a dotted number, or None."""
        ...


@dataclass(frozen=True, slots=True)
class LineInput:
    """Goods of one number and origin. Quantities by unit code of the rate text (KG, NO, DOZ …)."""

    number: str
    origin: str
    customs_value: Decimal
    quantities: Mapping[str, Decimal] = field(default_factory=dict)
    claimed_preference: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuoteInput:
    """One entry. `as_of` is the date of entry; values, freight and insurance are in `currency`, `exchange_rate` is US
    dollars per unit of it."""

    lines: tuple[LineInput, ...]
    as_of: date
    currency: str = "USD"
    exchange_rate: Decimal | None = None
    transport_mode: TransportMode | None = None
    formal_entry: bool = True
    freight: Decimal | None = None
    insurance: Decimal | None = None
    rounding: Rounding = Rounding.EXACT


@dataclass(frozen=True, slots=True)
class Component:
    """One amount with its reason. `base` is the value it was taken of, `code` the measure, program or fee class."""

    kind: DutyKind
    code: str | None
    hts_number: str | None
    label: str
    rate_text: str
    base: Decimal
    amount: Decimal
    working: str  # how the amount follows from the base, `{base}` standing for it
    legal_citation: str

    @property
    def formula(self) -> str:
        """The working in numbers, for example `1000.00 × 25% = 250.00`."""
        worked = self.working.replace("{base}", format_decimal(self.base, places=2))
        return f"{worked} = {format_decimal(self.amount, places=2)}"


@dataclass(frozen=True, slots=True)
class NotApplied:
    """A measure in force for the number, the origin and the day that was not charged, and why."""

    measure: Measure
    reason: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """What another answer would make of the line; both amounts are None where that cannot be computed."""

    answer: str
    duty_total: Decimal | None
    difference: Decimal | None


@dataclass(frozen=True, slots=True)
class Question:
    """A fact or a quantity that would change the line's duty. `line` counts from 1."""

    line: int
    fact: str
    question: str
    assumed: str | None
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class LineAssessment:
    """The answer for one line; `duty_total` is None exactly where `error` says why."""

    number: int
    hts_number: str
    origin: str
    customs_value: Decimal | None
    components: tuple[Component, ...] = ()
    not_applied: tuple[NotApplied, ...] = ()
    duty_total: Decimal | None = None
    questions: tuple[Question, ...] = ()
    notices: tuple[str, ...] = ()
    preference: str | None = None  # the claim that was accepted
    exemptions: tuple[Measure, ...] = ()  # that hold, for their chapter 99 headings to be declared
    error: DutyFault | None = None

    @property
    def base_duty(self) -> Decimal | None:
        """The duty of the tariff's own columns."""
        if self.duty_total is None:
            return None
        return sum((part.amount for part in self.components if part.kind in BASE_KINDS), Decimal(0))

    @property
    def effective_rate(self) -> Decimal | None:
        """Duty in percent of customs value, to four decimals; None without a duty or a value."""
        return effective_rate(self.duty_total, self.customs_value)


@dataclass(frozen=True, slots=True)
class RevisionFacts:
    """Which revision of the tariff answered."""

    name: str
    effective_from: date
    sha256: str
    starter: bool


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer to a quote. Totals are None while a line is unanswered; `known_duty` sums the answered ones."""

    as_of: date
    lines: tuple[LineAssessment, ...]
    fees: tuple[Component, ...]
    errors: tuple[DutyFault, ...]
    known_duty: Decimal
    duty_total: Decimal | None
    fee_total: Decimal | None
    total: Decimal | None
    landed_cost: Decimal | None
    effective_rate: Decimal | None
    questions: tuple[Question, ...]
    revision: RevisionFacts | None
    receipt: str
    disclaimer: str = DISCLAIMER

    @property
    def complete(self) -> bool:
        """Whether every line was answered and nothing else stands in the way."""
        return not self.errors


BASE_KINDS: Final = frozenset({DutyKind.GENERAL, DutyKind.SPECIAL, DutyKind.COLUMN_2})
_FOUR_PLACES: Final = Decimal("0.0001")


def effective_rate(duty: Decimal | None, value: Decimal | None) -> Decimal | None:
    """Duty in percent of value, to four decimals."""
    if duty is None or not value:
        return None
    return (duty * 100 / value).quantize(_FOUR_PLACES)

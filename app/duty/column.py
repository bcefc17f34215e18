"""The tariff's own duty: which of the three columns a line pays by, and what the rate text comes to.

Column 2 goes by general note 3(b), a preference by the special column and by who may claim it (general notes 4-37).
What is charged on top is `stacking`'s work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from app.duty.assessment import DutyErrorCode, DutyFault, TariffLineFacts
from app.tariff.measure import DutyKind, MeasureBook, Preference
from app.tariff.rate import (
    UNITS,
    Rate,
    RateComponent,
    RateError,
    RateKind,
    format_component,
    parse_rate,
    parse_special,
)
from app.values import format_decimal

COLUMN_2_GROUP: Final = "COLUMN_2"
_COMPUTABLE: Final = frozenset(
    {RateKind.FREE, RateKind.AD_VALOREM, RateKind.SPECIFIC, RateKind.COMPOUND, RateKind.BOUNDED, RateKind.SUGAR_DEGREE}
)
# Weighed as the text says, but weighed all the same: the plain unit code carries the quantity.
_WEIGHED_AS: Final = ("drained weight", "container", "containers", "ethyl alcohol content", "recording surface", "pins")
_DEGREES: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Column:
    """The column a line pays by. `claim` is the accepted preference; `refused` says why a claim was not."""

    kind: DutyKind
    rate: Rate
    label: str
    claim: str | None = None
    mpf_exempt: bool = False
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class BaseDuty:
    """What a rate comes to: the amount and its working, or the quantities that are missing."""

    amount: Decimal
    working: str
    missing: tuple[str, ...] = ()


def choose_column(
    line: TariffLineFacts, origin: str, on: date, claim: str | None, book: MeasureBook
) -> Column | DutyFault:
    """The column for goods of an origin on a day. A claim that is not open to the line falls back, with the reason;
    a symbol nobody knows, and a rate no text fixes, are faults."""
    try:
        column = _column(line, origin, on, claim, book)
    except RateError as fault:
        return DutyFault(DutyErrorCode.RATE_NOT_COMPUTABLE, str(fault), ("htsNumber",))
    if isinstance(column, Column) and column.rate.kind not in _COMPUTABLE:
        text = column.rate.text or "(no rate)"
        message = f"the rate of {line.number} is {text[:160]!r}, which has no figure of its own"
        return DutyFault(DutyErrorCode.RATE_NOT_COMPUTABLE, message, ("htsNumber",))
    return column


def _column(line: TariffLineFacts, origin: str, on: date, claim: str | None, book: MeasureBook) -> Column | DutyFault:
    column_2 = book.groups.get(COLUMN_2_GROUP)
    if claim is not None and claim not in book.preferences:
        message = f"{claim[:20]!r} is not a symbol of the special column, such as KR or S"
        return DutyFault(DutyErrorCode.UNKNOWN_PREFERENCE, message, ("claimedPreference",))
    if column_2 is not None and column_2.has(origin, on):
        refused = None if claim is None else f"{claim} cannot be claimed: {origin} pays column 2"
        return Column(DutyKind.COLUMN_2, parse_rate(line.other), "Column 2", refused=refused)
    general = parse_rate(line.general)
    if claim is None:
        return Column(DutyKind.GENERAL, general, "Column 1 general")
    preference = _open_to(book.preferences[claim], origin, on, book)
    if isinstance(preference, str):
        return Column(DutyKind.GENERAL, general, "Column 1 general", refused=f"{claim} cannot be claimed: {preference}")
    label = f"Column 1 special ({claim}, {preference.label})"
    for special in parse_special(line.special):
        if special.rate.kind is not RateKind.BLANK and (claim in special.programs or not special.programs):
            return Column(DutyKind.SPECIAL, special.rate, label, claim, preference.mpf_exempt)
    if general.kind is RateKind.FREE and not line.special.strip():
        return Column(DutyKind.SPECIAL, general, label, claim, preference.mpf_exempt)
    refused = f"{claim} cannot be claimed: the special column of {line.number} does not have it"
    return Column(DutyKind.GENERAL, general, "Column 1 general", refused=refused)


def _open_to(preferences: tuple[Preference, ...], origin: str, on: date, book: MeasureBook) -> Preference | str:
    """The preference open to an origin on a day, or why there is none."""
    current = [
        preference
        for preference in preferences
        if (preference.effective_from is None or preference.effective_from <= on)
        and (preference.effective_to is None or on < preference.effective_to)
    ]
    if not current:
        ended = [preference.effective_to for preference in preferences if preference.effective_to is not None]
        return f"the program was not in force on {on}" + (f" (it ended before {max(ended)})" if ended else "")
    for preference in current:
        if book.covers(preference.origins, origin, on):
            return preference
    return f"{current[0].label} is not open to goods of {origin}"


def base_duty(rate: Rate, value: Decimal, quantities: Mapping[str, Decimal]) -> BaseDuty:
    """The amount of a rate on a customs value and quantities by unit code, unrounded, in US dollars.

    Parts of an article are asked for under a code of their own, such as `KG LEAD CONTENT` or `USD CASE`.
    """
    if rate.kind is RateKind.FREE:
        return BaseDuty(Decimal(0), "Free")
    if rate.sugar is not None:
        return _sugar(rate, quantities)
    sums = _sum(rate.components, value, quantities)
    if sums.missing or rate.kind is not RateKind.BOUNDED:
        return sums
    amount, working, missing = sums.amount, sums.working, list[str]()
    for bound, lower in ((rate.minimum, True), (rate.maximum, False)):
        if bound:
            limit = _sum(bound, value, quantities)
            missing += limit.missing
            if (limit.amount > amount) is lower and limit.amount != amount:
                amount, working = limit.amount, limit.working
    if rate.reference and not missing:
        missing.append(f"USD CAP ({rate.reference[:60]})")
    return BaseDuty(amount, working, tuple(missing))


def _sum(components: tuple[RateComponent, ...], value: Decimal, quantities: Mapping[str, Decimal]) -> BaseDuty:
    amount = Decimal(0)
    workings: list[str] = []
    missing: list[str] = []
    for component in components:
        printed = format_component(component)
        if component.percent is not None and component.basis is None:
            amount += value * component.percent / 100
            workings.append("{base} × " + printed)
            continue
        key = quantity_key(component)
        quantity = quantities.get(key)
        if quantity is None:
            missing.append(key)
            continue
        each = component.percent / 100 if component.percent is not None else component.amount or Decimal(0)
        amount += quantity * each
        workings.append(f"{format_decimal(quantity)} {key} × {printed}")
    return BaseDuty(amount, " + ".join(workings) or "Free", tuple(missing))


def quantity_key(component: RateComponent) -> str:
    """The code under which a component's quantity (or the value of a part) is declared."""
    if component.percent is not None:
        return f"USD {component.basis}".upper()
    unit = component.unit or ""
    if component.basis is None or component.basis.endswith(_WEIGHED_AS):
        return unit
    return f"{unit} {component.basis}".upper()


def key_meaning(key: str) -> str:
    """A quantity code in words, for the question that asks for it."""
    code, _, part = key.partition(" ")
    if code == "USD":
        return f"the value of the {part.lower()} in US dollars"
    if code == "DEGREE":
        return "the polarity of the sugar in degrees"
    unit = UNITS[code].wording if code in UNITS else code
    return f"the quantity in {unit}s" + (f" of {part.lower()}" if part else "")


def _sugar(rate: Rate, quantities: Mapping[str, Decimal]) -> BaseDuty:
    """Raw sugar pays by its polarity: `rate` less `per_degree` for each degree under 100 (additional U.S. note 1,
    chapter 17)."""
    if rate.sugar is None:
        raise ValueError("not a rate by sugar degrees")
    kilograms, degrees = quantities.get("KG"), quantities.get("DEGREE")
    missing = tuple(key for key, held in (("KG", kilograms), ("DEGREE", degrees)) if held is None)
    if kilograms is None or degrees is None:
        return BaseDuty(Decimal(0), "", missing)
    lowered = rate.sugar.rate - rate.sugar.per_degree * max(Decimal(0), _DEGREES - degrees)
    each = max(lowered, rate.sugar.minimum)
    return BaseDuty(kilograms * each, f"{format_decimal(kilograms)} KG × ${format_decimal(each)}")

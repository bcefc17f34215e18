"""A quote: the lines of one entry, its fees, totals, landed cost, questions, and a receipt that repeats for ever.

A line that cannot be answered says why; the others still answer. Lines are `calculator`'s work, fees `fees`'s."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from app.currencies import is_currency
from app.duty.assessment import (
    Assessment,
    Component,
    DutyErrorCode,
    DutyFault,
    LineAssessment,
    LineInput,
    QuoteInput,
    RevisionFacts,
    TariffSource,
    effective_rate,
)
from app.duty.calculator import Calculator, Recipe
from app.duty.facts import FactValue, fact_text, value_fault
from app.duty.fees import FeeLine, FeeRule, FeeTable, entry_fees, informal_over
from app.tariff.code import undotted
from app.tariff.measure import DutyKind, MeasureBook
from app.values import canonical_json, format_decimal

ENGINE: Final = "1.0.0"  # semantic version of the arithmetic; a change of any answer is a new one
MAX_LINES: Final = 9_999
_NOTHING: Final = Decimal(0)
_DIGITS: Final = 40
_US_DOLLAR: Final = "USD"


def quote(
    request: QuoteInput,
    tariff: TariffSource | None,
    measures: MeasureBook,
    fees: FeeTable,
    calculator: Calculator | None = None,
) -> Assessment:
    """The duty and fees of an entry on `request.as_of`. `tariff` is the revision in force then, None before the first.

    Pass the `calculator` of this book to keep what it remembers between quotes.
    """
    worker = calculator or Calculator(measures)
    rules = fees.on(request.as_of)
    faults = list(_request_faults(request, rules))
    exchange = _exchange_rate(request)
    unanswerable = [fault for fault in (exchange, _revision_fault(request, tariff)) if isinstance(fault, DutyFault)]
    faults += unanswerable
    rate = exchange if isinstance(exchange, Decimal) else None
    base = unanswerable[0] if unanswerable else exchange
    lines = tuple(_line(number, line, request, tariff, worker, base) for number, line in enumerate(request.lines, 1))
    faults += [
        replace(line.error, field=("lines", str(line.number - 1), *line.error.field))
        for line in lines
        if line.error and line.error not in unanswerable
    ]
    known = sum((line.duty_total for line in lines if line.duty_total is not None), _NOTHING)
    charged = _fee_lines(request, lines, measures)
    fee_parts = entry_fees(
        charged,
        rules,
        mode=request.transport_mode,
        formal=request.formal_entry,
        duty=known,
        rounding=request.rounding,
    )
    if not request.formal_entry and (limit := informal_over(charged, rules)) is not None:
        message = f"an informal entry is worth at most {limit} US dollars"
        faults.append(DutyFault(DutyErrorCode.INFORMAL_LIMIT, message, ("formalEntry",)))
    return _assessment(request, tariff, worker, rules, lines, fee_parts, tuple(faults), known, rate)


def _assessment(
    request: QuoteInput,
    tariff: TariffSource | None,
    worker: Calculator,
    rules: tuple[FeeRule, ...],
    lines: tuple[LineAssessment, ...],
    fee_parts: tuple[Component, ...],
    faults: tuple[DutyFault, ...],
    known: Decimal,
    rate: Decimal | None,
) -> Assessment:
    value = sum((line.customs_value for line in lines if line.customs_value is not None), _NOTHING)
    duty = known if not faults else None
    fee_total = sum((part.amount for part in fee_parts), _NOTHING) if not faults else None
    total = None if duty is None or fee_total is None else duty + fee_total
    carriage = sum((amount * (rate or 1) for amount in (request.freight, request.insurance) if amount), _NOTHING)
    revision = None
    if tariff is not None:
        revision = RevisionFacts(tariff.revision_name, tariff.effective_from, tariff.sha256, tariff.starter)
    return Assessment(
        as_of=request.as_of,
        lines=lines,
        fees=fee_parts,
        errors=faults,
        known_duty=known,
        duty_total=duty,
        fee_total=fee_total,
        total=total,
        landed_cost=None if total is None else value + carriage + total,
        effective_rate=effective_rate(duty, value),
        questions=tuple(question for line in lines for question in line.questions),
        revision=revision,
        receipt=receipt(request, tariff, worker, rules),
    )


def receipt(request: QuoteInput, tariff: TariffSource | None, calculator: Calculator, rules: Iterable[FeeRule]) -> str:
    """sha256 over the canonical JSON of the input with defaults, the revision's sha256, the measure and fee rows that
    reach its lines, and the version of the engine. Measures that reach none of the lines leave it as it is."""
    rows: set[str] = set()
    lines: list[Mapping[str, object]] = []
    for line in request.lines:
        recipe = calculator.recipe(line, request.as_of, tariff) if tariff is not None else None
        facts: Mapping[str, FactValue] | Mapping[str, object] = line.facts
        if isinstance(recipe, Recipe):
            rows.update(measure.row for measure in recipe.matched)
            facts = dict(recipe.facts)
        lines.append(_line_form(line, facts))
    form = {
        "asOf": request.as_of.isoformat(),
        "currency": request.currency,
        "engine": ENGINE,
        "exchangeRate": _form(request.exchange_rate),
        "fees": sorted(rule.row for rule in rules),
        "formalEntry": request.formal_entry,
        "freight": _form(request.freight),
        "insurance": _form(request.insurance),
        "lines": lines,
        "measures": sorted(rows),
        "revision": tariff.sha256 if tariff is not None else None,
        "rounding": request.rounding.value,
        "transportMode": request.transport_mode.value if request.transport_mode is not None else None,
    }
    return hashlib.sha256(canonical_json(form).encode()).hexdigest()


def _line_form(line: LineInput, facts: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "claimedPreference": line.claimed_preference,
        "customsValue": _form(line.customs_value),
        "facts": {str(name): _form(value) for name, value in facts.items()},
        "htsNumber": undotted(str(line.number)),
        "originCountry": str(line.origin),
        "quantities": {str(unit): _form(quantity) for unit, quantity in line.quantities.items()},
    }


def _form(value: object) -> object:
    """A value as the receipt writes it: numbers without trailing zeros, whatever was declared as text."""
    if isinstance(value, Decimal):
        return format_decimal(value) if value.is_finite() and abs(value.adjusted()) < _DIGITS else str(value)
    if value is None or isinstance(value, bool):
        return value
    return fact_text(value) if isinstance(value, str) else str(value)


def _line(
    number: int,
    line: LineInput,
    request: QuoteInput,
    tariff: TariffSource | None,
    worker: Calculator,
    rate: Decimal | DutyFault,
) -> LineAssessment:
    """One line in US dollars. `rate` may be what keeps the whole entry from being answered; its lines then say so."""
    fault = value_fault(line.customs_value)
    if fault is None and isinstance(rate, DutyFault):
        fault = rate
    if fault is not None or tariff is None or isinstance(rate, DutyFault):
        return LineAssessment(number, str(line.number)[:40], str(line.origin)[:40], None, error=fault)
    if rate != 1:
        line = replace(line, customs_value=line.customs_value * rate)
    return worker.assess(line, request.as_of, tariff, number=number, rounding=request.rounding)


def _fee_lines(request: QuoteInput, lines: Iterable[LineAssessment], measures: MeasureBook) -> list[FeeLine]:
    """The answered lines as the fees see them."""
    found = []
    for line in lines:
        if line.duty_total is None or line.customs_value is None:
            continue
        rows = measures.preferences.get(line.preference or "", ())
        exempt = any(row.mpf_exempt and measures.covers(row.origins, line.origin, request.as_of) for row in rows)
        found.append(FeeLine(undotted(line.hts_number), line.customs_value, exempt))
    return found


def _request_faults(request: QuoteInput, rules: tuple[FeeRule, ...]) -> Iterable[DutyFault]:
    if not request.lines:
        yield DutyFault(DutyErrorCode.NO_LINES, "a quote has at least one line", ("lines",))
    if len(request.lines) > MAX_LINES:
        yield DutyFault(DutyErrorCode.TOO_MANY_LINES, f"a quote has at most {MAX_LINES} lines", ("lines",))
    for name, amount in (("freight", request.freight), ("insurance", request.insurance)):
        fault = None if amount is None else value_fault(amount, name)
        if fault is not None:
            yield fault
    if not any(rule.kind is DutyKind.MPF for rule in rules):
        message = f"no merchandise processing fee is loaded for {request.as_of}"
        yield DutyFault(DutyErrorCode.FEE_TABLE_MISSING, message, ("asOf",))


def _revision_fault(request: QuoteInput, tariff: TariffSource | None) -> DutyFault | None:
    """What a day of entry before the first revision, or before this one, is answered with."""
    if tariff is None:
        message = f"no revision of the tariff is loaded for {request.as_of}"
    elif request.as_of < tariff.effective_from:
        message = f"{request.as_of} is before {tariff.effective_from}, when {tariff.revision_name} begins"
    else:
        return None
    return DutyFault(DutyErrorCode.BEFORE_FIRST_REVISION, message, ("asOf",))


def _exchange_rate(request: QuoteInput) -> Decimal | DutyFault:
    """US dollars per unit of the quote's currency, or why there is none."""
    rate = request.exchange_rate
    if request.currency == _US_DOLLAR and rate is None:
        return Decimal(1)
    if not is_currency(request.currency):
        message = f"{request.currency[:20]!r} is not an ISO 4217 currency code"
        return DutyFault(DutyErrorCode.UNKNOWN_CURRENCY, message, ("currency",))
    if rate is None:
        message = f"{request.currency[:3]} needs an exchange rate: US dollars per unit"
        return DutyFault(DutyErrorCode.EXCHANGE_RATE_REQUIRED, message, ("exchangeRate",))
    wrong = value_fault(rate) is not None or not rate or (request.currency == _US_DOLLAR and rate != 1)
    if wrong:
        message = f"{str(rate)[:40]} is not a rate of US dollars per {request.currency}"
        return DutyFault(DutyErrorCode.INVALID_EXCHANGE_RATE, message, ("exchangeRate",))
    return rate

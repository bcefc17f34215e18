"""Works out lines. What applies to a number, origin, day, claim and set of facts is found once and kept as a recipe;
a recipe then needs only the value and the quantities. Whole entries with their fees are `quote`'s work."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from app.countries import is_country
from app.duty.assessment import (
    Alternative,
    Component,
    DutyErrorCode,
    DutyFault,
    LineAssessment,
    LineInput,
    NotApplied,
    Question,
    Rounding,
    TariffLineFacts,
    TariffSource,
)
from app.duty.column import BaseDuty, Column, base_duty, choose_column, key_meaning
from app.duty.facts import FactValue, fact_text, quantity_fault, read_facts, value_fault
from app.duty.stacking import Charge, decide
from app.tariff.code import parse_hts, undotted
from app.tariff.measure import Measure, MeasureBook, MeasureRateType
from app.tariff.rate import Rate
from app.values import format_decimal

_CENT: Final = Decimal("0.01")
_NOTHING: Final = Decimal(0)
_KEPT: Final = 200_000

_Key = tuple[str, str, str, date, str | None, tuple[tuple[str, FactValue], ...]]


@dataclass(frozen=True, slots=True)
class _Step:
    """One charge ready for a value: everything of its component that does not depend on the amounts."""

    measure: Measure
    type: MeasureRateType
    share: Decimal  # of the customs value
    factor: Decimal  # percent / 100
    heading: str | None
    heading_met: str | None  # of a top-up whose total the base duty has reached
    label: str
    rate_text: str
    working: str
    citation: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a number, origin, day, claim and set of facts decide about a line."""

    number: str  # dotted
    origin: str
    column: Column
    replaced: bool  # the base duty gives way to a measure
    label: str
    citation: str
    steps: tuple[_Step, ...]
    not_applied: tuple[NotApplied, ...]
    notices: tuple[str, ...]
    asked: tuple[tuple[str, tuple[FactValue, ...]], ...]
    matched: tuple[Measure, ...]
    facts: tuple[tuple[str, FactValue], ...]
    percent: Decimal | None  # of a base rate that is one plain percentage


_Others = tuple[tuple[str, tuple[tuple[str, Recipe], ...]], ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """A recipe with those of the other answers to its questions."""

    recipe: Recipe
    others: _Others


class Calculator:
    """Assesses lines by one measure book. Safe to share between requests; remembers recipes until it holds too many.

    `known_elsewhere` tells whether another revision has a dotted number, which turns UNKNOWN_NUMBER into NOT_IN_FORCE.
    """

    def __init__(self, measures: MeasureBook, known_elsewhere: Callable[[str], bool] | None = None) -> None:
        self.measures = measures
        self._known_elsewhere = known_elsewhere
        self._held: dict[_Key, _Held | DutyFault] = {}

    def assess_lines(
        self,
        rows: Iterable[tuple[LineInput, date]],
        source: TariffSource,
        *,
        rounding: Rounding = Rounding.EXACT,
        questions: bool = True,
    ) -> Iterator[LineAssessment]:
        """One assessment for each line and day of entry, in order; a faulty line answers with its fault."""
        for number, (line, on) in enumerate(rows, 1):
            yield self.assess(line, on, source, number=number, rounding=rounding, questions=questions)

    def assess(
        self,
        line: LineInput,
        on: date,
        source: TariffSource,
        *,
        number: int = 1,
        rounding: Rounding = Rounding.EXACT,
        questions: bool = True,
    ) -> LineAssessment:
        """The duty of one line on a day of entry, by a revision in force then. Never raises for a faulty line."""
        fault = value_fault(line.customs_value) or quantity_fault(line.quantities)
        held = fault or self._holding(line, on, source)
        if isinstance(held, DutyFault):
            known = line.customs_value if fault is None else None
            return LineAssessment(number, str(line.number)[:40], str(line.origin)[:40], known, error=held)
        recipe, value = held.recipe, line.customs_value
        if rounding is Rounding.CFR_159_3:
            value = value.quantize(Decimal(1), ROUND_HALF_UP)
        base = _base(recipe, value, line.quantities)
        if base.missing:
            return _unanswered(recipe, number, value, base.missing)
        components, total = _components(recipe, base, value, line.quantities, rounding)
        if components is None:
            return _unanswered(recipe, number, value, _unit_keys(recipe, line.quantities))
        asked = self._questions(held, line, number, value, total, rounding) if questions and held.others else ()
        return LineAssessment(
            number,
            recipe.number,
            recipe.origin,
            value,
            components,
            recipe.not_applied,
            total,
            asked,
            recipe.notices,
            recipe.column.claim,
        )

    def recipe(self, line: LineInput, on: date, source: TariffSource) -> Recipe | DutyFault:
        """What applies to a line, whatever its value; or the fault that keeps it from being answered."""
        held = self._holding(line, on, source)
        return held if isinstance(held, DutyFault) else held.recipe

    def _holding(self, line: LineInput, on: date, source: TariffSource) -> _Held | DutyFault:
        facts = read_facts(line.facts, self.measures) if line.facts else {}
        if isinstance(facts, DutyFault):
            return facts
        if not isinstance(line.number, str) or not isinstance(line.origin, str):
            return DutyFault(DutyErrorCode.UNKNOWN_NUMBER, "number and origin are texts", ("htsNumber",))
        declared = tuple(sorted(facts.items())) if facts else ()
        key: _Key = (source.sha256, line.number, line.origin, on, line.claimed_preference, declared)
        found = self._held.get(key)
        if found is None:
            recipe = self._found(line, on, source, declared)
            found = recipe if isinstance(recipe, DutyFault) else _Held(recipe, self._others(recipe, line, on, source))
            if len(self._held) >= _KEPT:
                self._held.clear()
            self._held[key] = found
        return found

    def _found(
        self, line: LineInput, on: date, source: TariffSource, facts: tuple[tuple[str, FactValue], ...]
    ) -> Recipe | DutyFault:
        if on < source.effective_from:
            message = f"{on} is before {source.effective_from}, when {source.revision_name} begins"
            return DutyFault(DutyErrorCode.BEFORE_FIRST_REVISION, message, ("asOf",))
        tariff = self._line(line.number, source)
        if isinstance(tariff, DutyFault):
            return tariff
        origin = line.origin
        if not is_country(origin):
            message = f"{origin[:20]!r} is not an ISO 3166-1 alpha-2 country code in capitals, such as KR"
            return DutyFault(DutyErrorCode.UNKNOWN_COUNTRY, message, ("originCountry",))
        column = choose_column(tariff, origin, on, line.claimed_preference or None, self.measures)
        if isinstance(column, DutyFault):
            return column
        matched = self.measures.matching(undotted(tariff.number).ljust(10, "0"), origin, on)
        decision = decide(matched, dict(facts), column.claim, self.measures)
        declared = dict(facts)
        steps = tuple(_step(charge, declared) for charge in decision.charges)
        replaced = any(step.type is MeasureRateType.REPLACE_BASE for step in steps)
        notices = decision.notices if column.refused is None else (column.refused, *decision.notices)
        return Recipe(
            number=tariff.number,
            origin=origin,
            column=column,
            replaced=replaced,
            label=f"{column.label}: {tariff.description[:120]}" if tariff.description else column.label,
            citation=f"HTSUS {tariff.number}, revision {source.revision_name}",
            steps=steps,
            not_applied=tuple(NotApplied(measure, reason) for measure, reason in decision.set_aside),
            notices=notices,
            asked=decision.asked,
            matched=matched,
            facts=facts,
            percent=column.rate.ad_valorem_percent,
        )

    def _line(self, text: str, source: TariffSource) -> TariffLineFacts | DutyFault:
        try:
            number = parse_hts(text, digits=(8, 10))
        except ValueError as fault:
            return DutyFault(DutyErrorCode.UNKNOWN_NUMBER, str(fault), ("htsNumber",))
        line = source.find(number)
        if line is None:
            if self._known_elsewhere is not None and self._known_elsewhere(number):
                message = f"{number} is not in force: {source.revision_name} does not have it, another revision does"
                return DutyFault(DutyErrorCode.NOT_IN_FORCE, message, ("htsNumber",))
            message = f"{source.revision_name} has no number {number}"
            return DutyFault(DutyErrorCode.UNKNOWN_NUMBER, message, ("htsNumber",))
        if not line.declarable:
            message = f"{number} is divided further: give a statistical number below it"
            return DutyFault(DutyErrorCode.NOT_DECLARABLE, message, ("htsNumber",))
        return line

    def _questions(
        self, held: _Held, line: LineInput, number: int, value: Decimal, total: Decimal, rounding: Rounding
    ) -> tuple[Question, ...]:
        """The facts whose other answers would change the duty, each priced."""
        found: list[Question] = []
        for name, others in held.others:
            priced: list[Alternative] = []
            for answer, other in others:
                base = _base(other, value, line.quantities)
                amount = None if base.missing else _components(other, base, value, line.quantities, rounding)[1]
                if amount is None or amount != total:
                    difference = None if amount is None else amount - total
                    priced.append(Alternative(answer, amount, difference))
            if priced:
                fact = self.measures.facts[name]
                assumed = fact.assumed or (None if fact.default is None else str(fact.default).lower())
                found.append(Question(number, name, fact.question or fact.meaning, assumed, tuple(priced)))
        return tuple(found)

    def _others(self, recipe: Recipe, line: LineInput, on: date, source: TariffSource) -> _Others:
        """The recipes of the other answers to the facts a recipe hinges on, where they charge otherwise."""
        found: list[tuple[str, tuple[tuple[str, Recipe], ...]]] = []
        facts = dict(recipe.facts)
        for name, answers in recipe.asked:
            others: list[tuple[str, Recipe]] = []
            for answer in answers:
                other = self._found(line, on, source, tuple(sorted({**facts, name: answer}.items())))
                if isinstance(other, Recipe) and other.steps != recipe.steps:
                    others.append((fact_text(answer), other))
            if others:
                found.append((name, tuple(others)))
        return tuple(found)


def _step(charge: Charge, facts: Mapping[str, FactValue]) -> _Step:
    measure, rate = charge.measure, charge.measure.rate
    heading, _, second = (measure.heading or "").partition("/")
    met = f"{heading[:7]}{second}" if second else heading
    percent = format_decimal(charge.percent)
    share = "" if charge.share == 1 else f" × {format_decimal(charge.share * 100)}% of the value"
    text, working = rate.text, f"{{base}} × {percent}%"
    if rate.type is MeasureRateType.TOP_UP:
        working = f"({percent}% of the value - base duty){share}"
    elif rate.type is MeasureRateType.QUOTA:
        text = f"+ {percent}%"
        if charge.percent == rate.over_percent:
            heading = met
    elif rate.type is MeasureRateType.DECLARED and rate.case_fact is not None:
        text = f"{percent}% deposit, case {facts.get(rate.case_fact, 'not named')}"
    elif rate.type is MeasureRateType.ADDITIONAL and share:
        text = f"+ {percent}% upon {format_decimal(charge.share * 100)}% of the value"
    return _Step(
        measure=measure,
        type=rate.type,
        share=charge.share,
        factor=charge.percent / 100,
        heading=heading or None,
        heading_met=met or None,
        label=measure.label,
        rate_text=text,
        working=working,
        citation=measure.legal_citation,
    )


def _base(recipe: Recipe, value: Decimal, quantities: Mapping[str, Decimal]) -> BaseDuty:
    if recipe.replaced:
        return BaseDuty(_NOTHING, "replaced by a measure")
    percent = recipe.percent
    if percent is not None:
        return BaseDuty(value * percent / 100, f"{{base}} × {percent}%" if percent else "Free")
    return base_duty(recipe.column.rate, value, quantities)


def _components(
    recipe: Recipe, base: BaseDuty, value: Decimal, quantities: Mapping[str, Decimal], rounding: Rounding
) -> tuple[tuple[Component, ...] | None, Decimal]:
    """The components and their sum; None in place of them where a unit is missing."""
    cents = rounding is Rounding.CFR_159_3
    column: Rate = recipe.column.rate
    amount = _rounded(base.amount) if cents else base.amount
    total = amount
    found = [
        Component(
            recipe.column.kind,
            recipe.column.claim,
            recipe.number,
            recipe.label,
            column.text or "Free",
            value,
            amount,
            base.working,
            recipe.citation,
        )
    ]
    for step in recipe.steps:
        levied = value if step.share == 1 else value * step.share
        heading = step.heading
        if step.type is MeasureRateType.TOP_UP:
            amount = (value * step.factor - base.amount) * step.share
            if amount <= 0:
                amount, heading = _NOTHING, step.heading_met
        elif step.type is MeasureRateType.PER_UNIT:
            quantity = quantities.get(step.measure.rate.unit or "")
            if quantity is None:
                return None, _NOTHING
            amount = quantity * (step.measure.rate.amount or _NOTHING)
        else:
            amount = levied * step.factor
        if cents:
            amount = _rounded(amount)
        total += amount
        found.append(
            Component(
                step.measure.kind,
                step.measure.id,
                heading,
                step.label,
                step.rate_text,
                levied,
                amount,
                step.working,
                step.citation,
            )
        )
    return tuple(found), total


def _rounded(amount: Decimal) -> Decimal:
    """To the cent, halves up (19 CFR 159.3)."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _unit_keys(recipe: Recipe, quantities: Mapping[str, Decimal]) -> tuple[str, ...]:
    units = (step.measure.rate.unit for step in recipe.steps if step.type is MeasureRateType.PER_UNIT)
    return tuple(unit for unit in units if unit is not None and unit not in quantities)


def _unanswered(recipe: Recipe, number: int, value: Decimal, missing: tuple[str, ...]) -> LineAssessment:
    """A line whose duty hinges on quantities nobody gave: no figure, and a question for each of them."""
    keys = tuple(dict.fromkeys(missing))
    questions = tuple(Question(number, f"quantity:{key}", f"What is {key_meaning(key)}?", None) for key in keys)
    message = (
        f"{recipe.number} pays {recipe.column.rate.text!r}: {', '.join(key_meaning(key) for key in keys)} is missing"
    )
    fault = DutyFault(DutyErrorCode.MISSING_QUANTITY, message, ("quantities",))
    return LineAssessment(
        number,
        recipe.number,
        recipe.origin,
        value,
        not_applied=recipe.not_applied,
        questions=questions,
        notices=recipe.notices,
        preference=recipe.column.claim,
        error=fault,
    )

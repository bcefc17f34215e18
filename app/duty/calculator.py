"""Works out lines. What applies to a number, origin, day, claim and set of facts is found once and kept as a recipe;
a recipe then needs only the value and the quantities. Whole entries with their fees are `quote`'s work."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

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
    whole: bool  # the share is all of it
    factor: Decimal  # percent / 100
    share_factor: Decimal  # share × factor
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
    label: str
    citation: str
    matched: tuple[Measure, ...]
    factor: Decimal | None  # percent / 100 of a base rate that is one plain percentage
    working: str  # of that rate
    facts: tuple[tuple[str, FactValue], ...] = ()
    steps: tuple[_Step, ...] = ()
    replaced: bool = False  # the base duty gives way to a measure
    units: tuple[str, ...] = ()  # that charges per unit need
    not_applied: tuple[NotApplied, ...] = ()
    notices: tuple[str, ...] = ()
    exemptions: tuple[Measure, ...] = ()
    asked: tuple[tuple[str, tuple[FactValue, ...]], ...] = ()


_Others = tuple[tuple[str, tuple[tuple[str, Recipe], ...]], ...]


@dataclass(slots=True)
class _Held:
    """A recipe with those of the other answers to its questions, None until one is asked for."""

    recipe: Recipe
    others: _Others | None = None


class Calculator:
    """Assesses lines by one measure book. Safe to share between requests; remembers recipes until it holds too many.

    `known_elsewhere` tells whether another revision has a dotted number, which turns UNKNOWN_NUMBER into NOT_IN_FORCE.
    """

    def __init__(self, measures: MeasureBook, known_elsewhere: Callable[[str], bool] | None = None) -> None:
        self.measures = measures
        self._known_elsewhere = known_elsewhere
        self._held: dict[_Key, _Held | DutyFault] = {}
        self._come_to: dict[tuple[object, ...], dict[str, Any]] = {}

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
        cents = rounding is Rounding.CFR_159_3
        if cents:
            value = value.quantize(Decimal(1), ROUND_HALF_UP)
        base = _base(recipe, value, line.quantities)
        if missing := (*base.missing, *(unit for unit in recipe.units if unit not in line.quantities)):
            return _unanswered(recipe, number, value, missing)
        components, total = _components(recipe, base, value, line.quantities, cents)
        asked = self._questions(held, line, number, base, value, total, cents) if questions else ()
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
            recipe.exemptions,
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
            found = recipe if isinstance(recipe, DutyFault) else _Held(recipe)
            if len(self._held) >= _KEPT:
                self._held.clear()
                self._come_to.clear()
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
        percent = column.rate.ad_valorem_percent
        recipe = Recipe(
            number=tariff.number,
            origin=origin,
            column=column,
            label=f"{column.label}: {tariff.description[:120]}" if tariff.description else column.label,
            citation=f"HTSUS {tariff.number}, revision {source.revision_name}",
            matched=matched,
            factor=None if percent is None else percent / 100,
            working=f"{{base}} × {percent}%" if percent else "Free",
        )
        return self._decided(recipe, facts)

    def _decided(self, recipe: Recipe, facts: tuple[tuple[str, FactValue], ...]) -> Recipe:
        """A recipe with what its measures come to for a set of facts; found once for all numbers that have the same."""
        column = recipe.column
        key = (tuple([measure.id for measure in recipe.matched]), facts, column.claim)
        found = self._come_to.get(key)
        if found is None:
            declared = dict(facts)
            decision = decide(recipe.matched, declared, column.claim, self.measures)
            steps = tuple(_step(charge, declared) for charge in decision.charges)
            found = self._come_to[key] = {
                "steps": steps,
                "replaced": any(step.type is MeasureRateType.REPLACE_BASE for step in steps),
                "units": tuple(step.measure.rate.unit for step in steps if step.measure.rate.unit is not None),
                "not_applied": tuple(NotApplied(measure, reason) for measure, reason in decision.set_aside),
                "notices": decision.notices,
                "exemptions": decision.exemptions,
                "asked": decision.asked,
            }
        notices = found["notices"] if column.refused is None else (column.refused, *found["notices"])
        return replace(recipe, facts=facts, **{**found, "notices": notices})

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
        self, held: _Held, line: LineInput, number: int, base: BaseDuty, value: Decimal, total: Decimal, cents: bool
    ) -> tuple[Question, ...]:
        """The facts whose other answers would change the duty, each priced."""
        found: list[Question] = []
        held.others = self._others(held.recipe) if held.others is None else held.others
        for name, others in held.others:
            priced: list[Alternative] = []
            for answer, other in others:
                own = base if other.replaced is held.recipe.replaced else _base(other, value, line.quantities)
                amount = _total(other, own, value, line.quantities, cents)
                if amount is None or amount != total:
                    difference = None if amount is None else amount - total
                    priced.append(Alternative(answer, amount, difference))
            if priced:
                fact = self.measures.facts[name]
                assumed = fact.assumed or (None if fact.default is None else str(fact.default).lower())
                found.append(Question(number, name, fact.question or fact.meaning, assumed, tuple(priced)))
        return tuple(found)

    def _others(self, recipe: Recipe) -> _Others:
        """The recipes of the other answers to the facts a recipe hinges on, where they charge otherwise."""
        found: list[tuple[str, tuple[tuple[str, Recipe], ...]]] = []
        facts = dict(recipe.facts)
        for name, answers in recipe.asked:
            priced = ((answer, tuple(sorted({**facts, name: answer}.items()))) for answer in answers)
            recipes = ((fact_text(answer), self._decided(recipe, other)) for answer, other in priced)
            others = tuple((text, other) for text, other in recipes if other.steps != recipe.steps)
            if others:
                found.append((name, others))
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
    elif rate.type is MeasureRateType.PER_UNIT:
        working = f"quantity × ${rate.amount}/{rate.unit}"
    elif rate.type is MeasureRateType.ADDITIONAL and share:
        text = f"+ {percent}% upon {format_decimal(charge.share * 100)}% of the value"
    return _Step(
        measure=measure,
        type=rate.type,
        share=charge.share,
        whole=charge.share == 1,
        factor=charge.percent / 100,
        share_factor=charge.share * charge.percent / 100,
        heading=heading or None,
        heading_met=(met if rate.type is MeasureRateType.TOP_UP else heading) or None,
        label=measure.label,
        rate_text=text,
        working=working,
        citation=measure.legal_citation,
    )


def _base(recipe: Recipe, value: Decimal, quantities: Mapping[str, Decimal]) -> BaseDuty:
    if recipe.replaced:
        return BaseDuty(_NOTHING, "replaced by a measure")
    if recipe.factor is not None:
        return BaseDuty(value * recipe.factor, recipe.working)
    return base_duty(recipe.column.rate, value, quantities)


def _components(
    recipe: Recipe, base: BaseDuty, value: Decimal, quantities: Mapping[str, Decimal], cents: bool
) -> tuple[tuple[Component, ...], Decimal]:
    """The components and their sum."""
    column = recipe.column
    total = _rounded(base.amount) if cents else base.amount
    text = column.rate.text or "Free"
    found = [
        Component(
            column.kind, column.claim, recipe.number, recipe.label, text, value, total, base.working, recipe.citation
        )
    ]
    for step in recipe.steps:
        amount = _amount(step, base.amount, value, quantities)
        if cents:
            amount = _rounded(amount)
        total += amount
        measure = step.measure
        heading = step.heading if amount else step.heading_met
        levied = value if step.whole else value * step.share
        found.append(
            Component(
                measure.kind,
                measure.id,
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


def _amount(step: _Step, base: Decimal, value: Decimal, quantities: Mapping[str, Decimal]) -> Decimal:
    """What a charge comes to, unrounded."""
    if step.type is MeasureRateType.TOP_UP:
        return max((value * step.factor - base) * step.share, _NOTHING)
    if step.type is MeasureRateType.PER_UNIT:
        return quantities[step.measure.rate.unit or ""] * (step.measure.rate.amount or _NOTHING)
    return value * step.share_factor


def _total(
    recipe: Recipe, base: BaseDuty, value: Decimal, quantities: Mapping[str, Decimal], cents: bool
) -> Decimal | None:
    """The sum of the components without making them; None where a quantity is missing."""
    if base.missing or not all(unit in quantities for unit in recipe.units):
        return None
    total = _rounded(base.amount) if cents else base.amount
    for step in recipe.steps:
        amount = _amount(step, base.amount, value, quantities)
        total += _rounded(amount) if cents else amount
    return total


def _rounded(amount: Decimal) -> Decimal:
    """To the cent, halves up (19 CFR 159.3)."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


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

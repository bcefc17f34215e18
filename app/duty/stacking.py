"""Which measures a line bears beside its base duty, on what share of its value, and why the others do not.

In a slot one measure at most applies; a measure may step back for others, wholly or on the value they cover. Every
rule is data of the measure book. Amounts are `calculator`'s work: shares and percentages here do not depend on them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

from app.duty.facts import FactValue
from app.tariff.measure import (
    AllOf,
    AnyOf,
    Basis,
    BasisType,
    Claimed,
    Condition,
    ContentSet,
    FactDeclared,
    FactIs,
    FactNotAfter,
    Measure,
    MeasureBook,
    MeasureRateType,
    Negated,
)

_WHOLE: Final = Decimal(1)
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Charge:
    """A measure that applies: `percent` of `share` of the customs value (TOP_UP: to a total of `percent`)."""

    measure: Measure
    share: Decimal
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Decision:
    """What applies, what does not and why; `exemptions` are those that hold, `asked` the undeclared facts it hinged
    on, with the other answers."""

    charges: tuple[Charge, ...]
    exemptions: tuple[Measure, ...]
    set_aside: tuple[tuple[Measure, str], ...]
    notices: tuple[str, ...]
    asked: tuple[tuple[str, tuple[FactValue, ...]], ...]


@dataclass(slots=True)
class _Course:
    """The state of one decision while the slots are worked through."""

    book: MeasureBook
    facts: Mapping[str, FactValue]
    claim: str | None
    charges: list[Charge] = field(default_factory=list)
    exemptions: list[Measure] = field(default_factory=list)
    set_aside: list[tuple[Measure, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def decide(
    candidates: Sequence[Measure], facts: Mapping[str, FactValue], claim: str | None, book: MeasureBook
) -> Decision:
    """What a line bears of the measures that reach its number, origin and day (in the order of `MeasureBook`)."""
    course = _Course(book, facts, claim)
    for slot in _in_order(candidates):
        _decide_slot(slot, course)
    order = {kind: place for place, kind in enumerate(book.order)}
    last = len(order)
    charges = sorted(
        course.charges,
        key=lambda charge: (order.get(charge.measure.kind, last), charge.measure.heading or "", charge.measure.id),
    )
    asked = tuple(_asked(candidates, facts, book))
    return Decision(tuple(charges), tuple(course.exemptions), tuple(course.set_aside), tuple(course.notices), asked)


def _in_order(candidates: Sequence[Measure]) -> Iterator[tuple[Measure, ...]]:
    """The slots, each after those its measures step back for."""
    slots = {name: tuple(group) for name, group in groupby(candidates, key=lambda measure: measure.slot)}
    tags = {name: frozenset(tag for measure in group for tag in measure.tags) for name, group in slots.items()}
    waits = {
        name: {
            other
            for other, held in tags.items()
            if any(held & step.tags for measure in slots[name] for step in measure.yields_to)
        }
        for name in slots
    }
    while waits:
        free = [name for name, others in waits.items() if not others & waits.keys()]
        if not free:
            raise ValueError(f"the slots {', '.join(sorted(waits))} yield to each other in a circle")
        for name in free:
            del waits[name]
            yield slots[name]


def _decide_slot(slot: tuple[Measure, ...], course: _Course) -> None:
    """The first of the slot that holds takes it. Exemptions that do not hold, and duties nobody declared, are not
    worth a word; a duty that is not charged always is."""
    winner: Measure | None = None
    for measure in slot:
        met = measure.when is None or holds(measure.when, course.facts, course.claim, course.book)
        silent = measure.rate.type in (MeasureRateType.NONE, MeasureRateType.DECLARED)
        if silent and (winner is not None or not met):
            continue
        if measure.scope.not_loaded:
            course.set_aside.append((measure, f"scope not loaded: {measure.scope.not_loaded}"))
        elif winner is not None:
            course.set_aside.append((measure, _in_lieu(winner)))
        elif measure.when is not None and not met:
            course.set_aside.append((measure, f"only where {describe(measure.when)}"))
        else:
            share, nothing = _share(measure, course)
            if not share and course.book.bases[measure.basis].type is BasisType.CONTENT:
                course.set_aside.append((measure, nothing))
            else:
                winner = measure
                _apply(measure, share, course)


def _apply(measure: Measure, share: Decimal, course: _Course) -> None:
    if measure.rate.type is MeasureRateType.NONE:
        course.exemptions.append(measure)
        return
    if measure.rate.type is MeasureRateType.PROHIBITION:
        course.notices.append(f"{measure.label}: the goods may not be entered ({measure.legal_citation})")
        return
    for step in measure.yields_to:
        before = [charge for charge in course.charges if charge.measure.tags & step.tags]
        if before and step.article:
            course.set_aside.append((measure, f"does not apply beside {_name(before[0].measure)}"))
            return
        covered = sum((charge.share for charge in before), _NOTHING)
        if covered and share:
            share = max(_NOTHING, share - covered)
            if not share:
                course.set_aside.append((measure, f"the whole value is covered by {_name(before[0].measure)}"))
                return
    course.charges.append(Charge(measure, share, _percent(measure, course)))


def _percent(measure: Measure, course: _Course) -> Decimal:
    rate = measure.rate
    if rate.type is MeasureRateType.QUOTA and rate.filled_fact is not None:
        filled = _value(rate.filled_fact, course.facts, course.book) is True
        return (rate.over_percent if filled else rate.percent) or _NOTHING
    if rate.type is MeasureRateType.DECLARED and rate.percent_fact is not None:
        declared = course.facts.get(rate.percent_fact)
        return declared if isinstance(declared, Decimal) else _NOTHING
    return rate.percent or _NOTHING


def _share(measure: Measure, course: _Course) -> tuple[Decimal, str]:
    """The share of the customs value a measure is levied on, and why it is nothing where it is."""
    basis = course.book.bases[measure.basis]
    if basis.type is BasisType.FULL:
        return _WHOLE, ""
    if basis.type is BasisType.CONTENT and basis.content_set is not None:
        return _content(basis, course.book.content_sets[basis.content_set], course)
    out = course.facts.get(basis.fact or "")
    if not isinstance(out, Decimal) or (basis.only_from is not None and out < basis.only_from):
        return _WHOLE, ""
    return _WHOLE - (out if basis.at_most is None else min(out, basis.at_most)) / 100, ""


def _content(basis: Basis, contents: ContentSet, course: _Course) -> tuple[Decimal, str]:
    """The content of one material. Where none is declared by itself, the total stands for each: a content nobody
    knows is charged on all it may be."""
    facts = course.facts
    if contents.none_when is not None and holds(contents.none_when, facts, course.claim, course.book):
        return _NOTHING, f"not where {describe(contents.none_when)}"
    if any(name in facts for name in contents.facts):
        own = facts.get(basis.fact or "")
        return (own / 100 if isinstance(own, Decimal) else _NOTHING), f"{basis.fact} is 0"
    total = facts.get(contents.total_fact)
    return (total if isinstance(total, Decimal) else contents.default_pct) / 100, f"{contents.total_fact} is 0"


def holds(condition: Condition, facts: Mapping[str, FactValue], claim: str | None, book: MeasureBook) -> bool:
    """Whether a condition holds for declared facts and an accepted preference; undeclared facts have their default."""
    if isinstance(condition, FactIs):
        return _value(condition.fact, facts, book) == condition.value
    if isinstance(condition, FactNotAfter):
        declared = facts.get(condition.fact)
        return isinstance(declared, date) and declared <= condition.day
    if isinstance(condition, FactDeclared):
        return condition.fact in facts
    if isinstance(condition, Claimed):
        return claim in condition.programs
    if isinstance(condition, AllOf):
        return all(holds(part, facts, claim, book) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return any(holds(part, facts, claim, book) for part in condition.parts)
    return not holds(condition.part, facts, claim, book)


def describe(condition: Condition) -> str:
    """A condition in words."""
    if isinstance(condition, FactIs):
        return condition.fact if condition.value is True else f"{condition.fact} is {str(condition.value).lower()}"
    if isinstance(condition, FactNotAfter):
        return f"{condition.fact} is {condition.day} or earlier"
    if isinstance(condition, FactDeclared):
        return f"{condition.fact} is declared"
    if isinstance(condition, Claimed):
        return f"preference {' or '.join(condition.programs)} is claimed"
    if isinstance(condition, Negated):
        return f"not ({describe(condition.part)})"
    return (" and " if isinstance(condition, AllOf) else " or ").join(describe(part) for part in condition.parts)


def _value(name: str, facts: Mapping[str, FactValue], book: MeasureBook) -> FactValue | None:
    return facts[name] if name in facts else book.facts[name].default


def _asked(
    candidates: Iterable[Measure], facts: Mapping[str, FactValue], book: MeasureBook
) -> Iterator[tuple[str, tuple[FactValue, ...]]]:
    """The undeclared facts the candidates read that are worth a question, with the answers other than the default."""
    answers: dict[str, dict[FactValue, None]] = {}
    contents: dict[str, set[str]] = {}
    for measure in candidates:
        for name, answer in _hinges(measure, book):
            answers.setdefault(name, {}).update(dict.fromkeys(answer))
        basis = book.bases[measure.basis]
        if basis.type is BasisType.CONTENT and basis.content_set and basis.fact:
            contents.setdefault(basis.content_set, set()).add(basis.fact)
    for name, materials in contents.items():
        contents_set = book.content_sets[name]
        given = any(fact in facts for fact in (*contents_set.facts, contents_set.total_fact))
        for fact in materials:
            if given or len(materials) == 1:
                answers.pop(fact, None)
        if any(fact in facts for fact in contents_set.facts):
            answers.pop(contents_set.total_fact, None)
    for name, options in answers.items():
        default = book.facts[name].default
        others = tuple(value for value in options if value != default)
        if name not in facts and book.facts[name].ask and others:
            yield name, others


def _hinges(measure: Measure, book: MeasureBook) -> Iterator[tuple[str, tuple[FactValue, ...]]]:
    if measure.scope.not_loaded:
        return
    yield from _condition_hinges(measure.when, book)
    if measure.rate.filled_fact:
        yield measure.rate.filled_fact, (True, False)
    basis = book.bases[measure.basis]
    if basis.type is BasisType.FULL or basis.fact is None:
        return
    yield basis.fact, tuple(Decimal(text) for text in book.facts[basis.fact].alternatives)
    if basis.content_set is not None:
        contents = book.content_sets[basis.content_set]
        yield contents.total_fact, tuple(Decimal(text) for text in book.facts[contents.total_fact].alternatives)
        yield from _condition_hinges(contents.none_when, book)


def _condition_hinges(condition: Condition | None, book: MeasureBook) -> Iterator[tuple[str, tuple[FactValue, ...]]]:
    if isinstance(condition, FactIs):
        answers = (True, False) if isinstance(condition.value, bool) else (condition.value,)
        yield condition.fact, answers
    elif isinstance(condition, FactNotAfter):
        yield condition.fact, (condition.day,)
    elif isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from _condition_hinges(part, book)
    elif isinstance(condition, Negated):
        yield from _condition_hinges(condition.part, book)


def _in_lieu(winner: Measure) -> str:
    if winner.rate.type is MeasureRateType.NONE:
        return f"exempt: {_name(winner)}"
    return f"{_name(winner)} applies in its place"


def _name(measure: Measure) -> str:
    return f"{measure.heading}, {measure.label}" if measure.heading else measure.label

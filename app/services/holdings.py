"""What an organisation has under the numbers that change: products, entries, open quotes, and what a change would have
made of the duty on its entries of the year before."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from app.duty.assessment import DutyErrorCode, LineAssessment, LineInput
from app.duty.calculator import Calculator
from app.principal import Principal
from app.services.changes import Change, TariffChangeKind
from app.services.quotes import Bench, Desk
from app.store import holdings as stored
from app.store.session import Store
from app.tariff.code import undotted
from app.tariff.measure import Measure, MeasureBook
from app.tariff.schedule import Schedule

YEAR: Final = timedelta(days=365)
_DAY: Final = timedelta(days=1)
_NOTHING: Final = Decimal(0)

Goods = tuple[str, str | None]
"""A dotted number and a country of origin."""


@dataclass(frozen=True, slots=True)
class OwnLine:
    """One filed entry line with a value in US dollars."""

    entry: str
    day: date
    value: Decimal
    quantities: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """An organisation's own goods; a part that the caller's scopes do not reach is empty."""

    products: Mapping[Goods, int]
    lines: Mapping[Goods, Sequence[OwnLine]]
    quotes: Sequence[frozenset[Goods]]

    @property
    def goods(self) -> frozenset[Goods]:
        """Every number and origin there is something under."""
        return frozenset((*self.products, *self.lines, *(goods for quote in self.quotes for goods in quote)))


async def holdings_of(store: Store, caller: Principal, since: date, today: date) -> Holdings:
    """What the caller's organisation has: products in use, lines of entries filed from a year before `since`, quotes
    for today or later."""
    products: dict[Goods, int] = {}
    lines: dict[Goods, list[OwnLine]] = defaultdict(list)
    quotes: list[frozenset[Goods]] = []
    if caller.has("products:read"):
        for row in await stored.products_by_number(store, caller):
            products[row.hts_number, row.origin_country] = row.products
    if caller.has("entries:read"):
        async for portion in stored.lines_filed(store, caller, since - YEAR, date.max):
            for row in portion:
                if row.customs_value_currency == "USD" and row.customs_value_amount is not None:
                    lines[row.hts_number, row.origin_country].append(own_line(row))
    if caller.has("duty:quote"):
        for row in await stored.quotes_from(store, caller, today):
            parts = row.assessment["lines"]
            quotes.append(frozenset((part["htsNumber"], part["originCountry"]) for part in parts))
    return Holdings(products, lines, quotes)


def own_line(row: Any) -> OwnLine:
    """A row of `lines_filed` with its value."""
    quantities = {one["unit"]: Decimal(one["value"]) for one in row.quantities}
    return OwnLine(row.entry_id, row.filed_at.date(), row.customs_value_amount, quantities)


def reached(change: Change, goods: Iterable[Goods], book: MeasureBook) -> frozenset[Goods]:
    """Those of the goods that a change is about."""
    if change.lines is not None:
        names = {change.number, f"{change.number}.00"}
        return frozenset(one for one in goods if one[0] in names)
    kept = []
    for measure in (change.old, change.new):
        if measure is not None and measure.scope.not_loaded is None:
            day = _day_of(change, measure)
            kept += [one for one in goods if _reaches(measure, one, book, day)]
    return frozenset(kept)


def _reaches(measure: Measure, goods: Goods, book: MeasureBook, on: date) -> bool:
    number, origin = goods
    return (
        origin is not None
        and book.covers(measure.origins, origin, on)
        and not book.covers(measure.except_origins, origin, on)
        and book.in_scope(measure.scope, undotted(number).ljust(10, "0"), on)
    )


def _day_of(change: Change, measure: Measure) -> date:
    """A day on which the measure is in force and the change can be seen."""
    if change.kind is TariffChangeKind.MEASURE_ENDS:
        return change.effective_from - _DAY
    day = max(change.effective_from, measure.effective_from)
    return day if measure.effective_to is None or day < measure.effective_to else measure.effective_to - _DAY


@dataclass(frozen=True, slots=True, eq=False)
class Impact:
    """A change and what of the caller's it is about."""

    change: Change
    holdings: Holdings
    goods: frozenset[Goods]

    @property
    def products(self) -> int:
        """Products in use that have the number."""
        return sum(self.holdings.products.get(goods, 0) for goods in self.goods)

    @property
    def entries(self) -> int:
        """Entries of the year before with such a line."""
        return len({line.entry for goods in self.goods for line in self._lines(goods)})

    @property
    def open_quotes(self) -> int:
        """Quotes for today or later with such a line."""
        return sum(not self.goods.isdisjoint(quote) for quote in self.holdings.quotes)

    async def duty_delta(self, caller: Principal, desk: Desk) -> "Delta":
        """What the entry lines of the year before would owe more, were they entered after the change instead of
        before it, all else being equal."""
        held = {goods: lines for goods in self.goods if (lines := list(self._lines(goods)))}
        if not held:
            return Delta(_NOTHING, 0)
        if self.change.lines is not None:
            sides = self._of_revisions((await desk.bench(caller)).measures)
        else:
            sides = await self._of_measures(held, caller, desk)
        if sides is None:
            return Delta(None, sum(map(len, held.values())))
        return await asyncio.to_thread(_delta, held, *sides)

    def _lines(self, goods: Goods) -> Iterable[OwnLine]:
        end = self.change.effective_from
        return (line for line in self.holdings.lines.get(goods, ()) if end - YEAR <= line.day < end)

    def _of_revisions(self, book: MeasureBook) -> "tuple[_Side, _Side] | None":
        change = self.change
        if change.revisions is None or change.lines is None or None in (change.lines.before, change.lines.after):
            return None
        calculator = Calculator(book)  # of its own: a schedule of one line must not be remembered as the revision's
        before, after = (
            _Side(calculator, _alone(row, change.number, line), change.effective_from)
            for row, line in zip(change.revisions, (change.lines.before, change.lines.after), strict=True)
        )
        return before, after

    async def _of_measures(self, held: "_Held", caller: Principal, desk: Desk) -> "tuple[_Side, _Side] | None":
        change, bench = self.change, await desk.bench(caller)
        measure = change.measure
        if measure is None:
            return None
        day = _day_of(change, measure)
        schedule = await desk.schedule_of(caller, [number for number, _ in held], day)
        if schedule is None:
            return None
        before, after = (_Side(_calculator(bench, measure.id, one), schedule, day) for one in (change.old, change.new))
        return before, after


_Held = Mapping[Goods, list[OwnLine]]


@dataclass(frozen=True, slots=True)
class Delta:
    """A difference of duty in US dollars, None where no line had one; and the lines that are not in it, because one of
    the two sides could not be worked out."""

    amount: Decimal | None
    unanswered: int


@dataclass(frozen=True, slots=True)
class _Side:
    """The rules before or after a change."""

    calculator: Calculator
    schedule: Schedule
    day: date

    def duty(self, goods: Goods, lines: Sequence[OwnLine]) -> Decimal | None:
        """Of lines of the same goods; summed first where a percentage is all that is due."""
        whole = self._of(goods, sum((line.value for line in lines), _NOTHING), {})
        if whole.error is None or whole.error.code is not DutyErrorCode.MISSING_QUANTITY:
            return whole.duty_total
        total = _NOTHING
        for line in lines:
            duty = self._of(goods, line.value, line.quantities).duty_total
            if duty is None:
                return None
            total += duty
        return total

    def _of(self, goods: Goods, value: Decimal, quantities: Mapping[str, Decimal]) -> LineAssessment:
        number, origin = goods
        line = LineInput(number, origin or "", value, quantities)
        return self.calculator.assess(line, self.day, self.schedule, questions=False)


def _delta(held: _Held, before: _Side, after: _Side) -> Delta:
    total, answered, unanswered = _NOTHING, 0, 0
    for goods, lines in held.items():
        old, new = before.duty(goods, lines), after.duty(goods, lines)
        if old is None or new is None:
            unanswered += len(lines)
        else:
            total += new - old
            answered += 1
    return Delta(total if answered else None, unanswered)


def _alone(revision: Any, number: str, line: Any) -> Schedule:
    """A revision's schedule with one line of it."""
    return Schedule(revision.name, revision.effective_from, revision.sha256, revision.starter, {number: line})


def _calculator(bench: Bench, identifier: str, measure: Measure | None) -> Calculator:
    """By the measures in force with another one, or none, in the place of one; the bench's own where none differs."""
    book = bench.measures
    if measure == book.measures.get(identifier):
        return bench.calculator
    others = {key: value for key, value in book.measures.items() if key != identifier}
    kept = others if measure is None else others | {identifier: measure}
    return Calculator(replace(book, measures=MappingProxyType(kept), _by_day={}))

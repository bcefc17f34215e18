"""Duty quotes: a question about an entry answered from the tariff and the measures in force on its day, and kept."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from app.duty.assessment import Assessment, DutyErrorCode, DutyFault, LineAssessment, LineInput, QuoteInput
from app.duty.calculator import Calculator
from app.duty.fees import FeeTable
from app.duty.quote import quote
from app.events.types import EventType
from app.ids import new_id
from app.principal import Caller, Principal
from app.services.changes import Differences
from app.services.idempotency import OUTCOME, once
from app.services.measures import book_in_force
from app.services.outcome import Outcome
from app.services.quote_document import document
from app.store import tariff as stored
from app.store.session import Store
from app.store.tables import DutyQuote
from app.store.unit import Unit
from app.tariff.code import other_spelling, parse_hts, undotted
from app.tariff.measure import Measure, MeasureBook
from app.tariff.schedule import Schedule
from app.values import Fault

CREATE_ERRORS = {code.name: code.name for code in DutyErrorCode} | {
    "INVALID": "INVALID",
    "IDEMPOTENCY_CONFLICT": "IDEMPOTENCY_CONFLICT",
}
"""The codes of `dutyQuoteCreate`: those of the duty room, and those of every keyed mutation."""

_LINES_KEPT: Final = 50_000
_AT_ONCE: Final = 200  # more lines are worked out beside the event loop


@dataclass(frozen=True, slots=True)
class QuoteCreate:
    """A question whose answer is to be kept."""

    request: QuoteInput
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An assessment and the revision it stands on; `revision` is None before the first."""

    assessment: Assessment
    revision: Any | None


@dataclass(frozen=True, slots=True)
class Bench:
    """One book of measures with what is made from it. `loads`: how often measures had been loaded when it was read."""

    loads: int
    measures: MeasureBook
    fees: FeeTable
    calculator: Calculator


@dataclass(slots=True)
class _Remembered:
    """Lines of the tariff by revision and number, None where a revision has none; and numbers of any revision."""

    lines: dict[tuple[str, str], Any] = field(default_factory=dict)
    anywhere: set[str] = field(default_factory=set)


class Desk:
    """Answers questions over one store. `measures` is the book while nothing is loaded over it; a loading by any
    process is noticed with the next question. What has been worked out is remembered."""

    def __init__(self, store: Store, measures: MeasureBook) -> None:
        self._store = store
        self.differences = Differences(store)
        self._stand = stored.Stand(store)
        self._memory = _Remembered()
        self._held = self._bench_of(measures, 0)
        self._reading = asyncio.Lock()

    async def assess(self, caller: Caller, request: QuoteInput) -> Answered:
        """The answer to a question."""
        return (await self.assess_all(caller, (request,)))[0]

    async def assess_all(self, caller: Caller, requests: Sequence[QuoteInput]) -> list[Answered]:
        """The answers to several questions, in order: at most one statement, and one more for each revision that has
        lines to be read, whatever the number of questions and lines."""
        bench, loaded = await self._standing(caller)
        wanted = [(stored.row_on(loaded, one.as_of), [line.number for line in one.lines]) for one in requests]
        sources = await self._schedules(caller, wanted)
        answers = []
        for request, (revision, _) in zip(requests, wanted, strict=True):
            source = None if revision is None else sources[revision.id]
            answers.append(Answered(quote(request, source, bench.measures, bench.fees, bench.calculator), revision))
        return answers

    async def assess_lines(
        self, caller: Caller, lines: Sequence[tuple[LineInput, date]], *, questions: bool = True
    ) -> list[LineAssessment | None]:
        """One answer for each line and day of entry, in order; None before the first revision."""
        bench, loaded = await self._standing(caller)
        revisions = {day: stored.row_on(loaded, day) for day in {day for _, day in lines}}
        sources = await self._schedules(caller, [(revisions[day], [line.number]) for line, day in lines])

        def work() -> list[LineAssessment | None]:
            found: list[LineAssessment | None] = []
            for place, (line, day) in enumerate(lines, 1):
                revision = revisions[day]
                if revision is None:
                    found.append(None)
                else:
                    source = sources[revision.id]
                    found.append(bench.calculator.assess(line, day, source, number=place, questions=questions))
            return found

        return work() if len(lines) <= _AT_ONCE else await asyncio.to_thread(work)

    async def bench(self, caller: Caller) -> Bench:
        """The measures in force now."""
        return (await self._standing(caller))[0]

    async def schedule_of(self, caller: Caller, numbers: Iterable[str], on: date) -> Schedule | None:
        """As much as these numbers need of the revision in force on a day; None before the first."""
        _, loaded = await self._standing(caller)
        revision = stored.row_on(loaded, on)
        return None if revision is None else (await self._schedules(caller, [(revision, numbers)]))[revision.id]

    async def revision_days(self, caller: Caller) -> set[date]:
        """The days on which the loaded revisions come into force."""
        _, loaded = await self._standing(caller)
        return {row.effective_from for row in loaded}

    async def notices(self, caller: Caller, days: Iterable[date]) -> tuple[str, ...]:
        """What the revisions in force on these days say of themselves, such as that one is a starter."""
        _, loaded = await self._standing(caller)
        found = (stored.row_on(loaded, day) for day in sorted(set(days)))
        return tuple(dict.fromkeys(row.notice for row in found if row is not None and row.notice))

    async def create(self, principal: Principal, command: QuoteCreate) -> Outcome:
        """Keeps the answer. A question with a fault is refused whole; `dutyEstimate` answers its other lines."""
        answered = await self.assess(principal, command.request)
        revision = answered.revision

        async def work(unit: Unit) -> Outcome:
            if answered.assessment.errors or revision is None:
                return Outcome(faults=tuple(_fault(fault) for fault in answered.assessment.errors))
            return await _keep(unit, command.request, document(answered.assessment, revision), revision.id)

        return await once(self._store, principal, command, work, OUTCOME)

    async def _standing(self, caller: Caller) -> tuple[Bench, Sequence[Any]]:
        """The bench of the measures that are in force now, and the loaded revisions."""
        standing = await self._stand.now(caller)
        loaded, loads = standing.revisions, standing.measure_loads
        if loads > self._held.loads:
            async with self._reading:
                if loads > self._held.loads:
                    self._held = self._bench_of(await book_in_force(self._store), loads)
        return self._held, loaded

    def _bench_of(self, measures: MeasureBook, loads: int) -> Bench:
        return Bench(loads, measures, FeeTable.of(measures), Calculator(measures, self._memory.anywhere.__contains__))

    async def _schedules(
        self, caller: Caller, wanted: Iterable[tuple[Any | None, Iterable[str]]]
    ) -> Mapping[str, Schedule]:
        """As much of each revision's schedule as these numbers need; rows of the store stand for its lines."""
        numbers: dict[str, set[str]] = {}
        revisions: dict[str, Any] = {}
        for revision, texts in wanted:
            if revision is not None:
                revisions[revision.id] = revision
                numbers.setdefault(revision.id, set()).update(spellings(texts))
        found: dict[str, Schedule] = {}
        for identifier, row in revisions.items():
            lines = await self._lines(caller, identifier, numbers[identifier])
            found[identifier] = Schedule(row.name, row.effective_from, row.sha256, row.starter, lines)
        return found

    async def _lines(self, caller: Caller, revision_id: str, numbers: Collection[str]) -> dict[str, Any]:
        """The lines of these numbers, None where the revision has none; read once."""
        held = self._memory.lines
        found = {number: held[revision_id, number] for number in numbers if (revision_id, number) in held}
        unread = [number for number in numbers if number not in found]
        if unread:
            rows = {line.number: line for line in await stored.rate_lines(self._store, caller, revision_id, unread)}
            found |= {number: rows.get(number) for number in unread}
            absent = [number for number in unread if number not in rows]
            if absent:
                self._memory.anywhere |= await stored.numbers_of_any(self._store, caller, absent)
            if len(held) > _LINES_KEPT:
                held.clear()
            held.update({(revision_id, number): found[number] for number in unread})
        return found


def spellings(numbers: Iterable[str]) -> set[str]:
    """The dotted numbers that texts may stand for in a schedule; a text that is no number has none."""
    found: set[str] = set()
    for text in numbers:
        try:
            dotted = parse_hts(text)
        except (ValueError, TypeError):
            continue
        found |= {one for one in (dotted, other_spelling(dotted)) if one}
    return found


def measures_reaching(book: MeasureBook, number: str, origin: str, on: date) -> tuple[Measure, ...]:
    """The measures that reach a dotted number from an origin on a day of entry, whatever else is declared."""
    return tuple(one for one in book.matching(undotted(number), origin, on) if one.scope.not_loaded is None)


async def _keep(unit: Unit, request: QuoteInput, answer: dict[str, Any], revision_id: str) -> Outcome:
    identifier = new_id("DutyQuote")
    unit.add(
        DutyQuote(
            id=identifier,
            organisation_id=unit.organisation_id,
            as_of=request.as_of,
            receipt=answer["receipt"],
            tariff_revision_id=revision_id,
            request={"lines": len(request.lines), "currency": request.currency},
            assessment=answer,
            created_at=unit.now,
        )
    )
    await unit.flush()
    told = {"asOf": request.as_of.isoformat(), "lines": len(request.lines), "receipt": answer["receipt"]}
    await unit.event(EventType.QUOTE_CREATED, unit.organisation_id, identifier, unit.now, told)
    unit.audit(unit.organisation_id, "quote.created", identifier)
    return Outcome(id=identifier)


def _fault(fault: DutyFault) -> Fault:
    return Fault(fault.code.name, fault.message, fault.field)

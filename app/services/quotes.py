"""Duty quotes: a question about an entry answered from the tariff and the measures in force on its day, and kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.duty.assessment import Assessment, DutyErrorCode, DutyFault, LineAssessment, LineInput, QuoteInput
from app.duty.calculator import Calculator
from app.duty.fees import FeeTable
from app.duty.quote import quote
from app.events.types import EventType
from app.ids import new_id
from app.principal import Caller, Principal
from app.services.idempotency import OUTCOME, once
from app.services.outcome import Outcome
from app.services.quote_document import document
from app.store import tariff as stored
from app.store.session import Store
from app.store.statement import Select, Where
from app.store.tables import DutyQuote
from app.store.unit import Unit
from app.tariff.code import parse_hts, undotted
from app.tariff.measure import Measure, MeasureBook
from app.tariff.schedule import Schedule
from app.values import Fault

CREATE_ERRORS = {code.name: code.name for code in DutyErrorCode} | {
    "INVALID": "INVALID",
    "IDEMPOTENCY_CONFLICT": "IDEMPOTENCY_CONFLICT",
}
"""The codes of `dutyQuoteCreate`: those of the duty room, and those of every keyed mutation."""


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


class Desk:
    """Answers questions over one store with one measure book. What it has worked out once it remembers."""

    def __init__(self, store: Store, measures: MeasureBook) -> None:
        self._store = store
        self._measures = measures
        self._fees = FeeTable.of(measures)
        self._calculator = Calculator(measures)

    async def assess(self, caller: Caller, request: QuoteInput) -> Answered:
        """The answer to a question, with two statements whatever the number of lines."""
        revision = await stored.revision_on(self._store, caller, request.as_of)
        if revision is None:
            return Answered(quote(request, None, self._measures, self._fees, self._calculator), None)
        source = await self._schedule(caller, revision, (line.number for line in request.lines))
        return Answered(quote(request, source, self._measures, self._fees, self._calculator), revision)

    async def assess_lines(
        self, caller: Caller, lines: Sequence[tuple[LineInput, date]]
    ) -> list[LineAssessment | None]:
        """One answer for each line and day of entry, in order; None before the first revision. Two statements for
        each day."""
        found: dict[int, LineAssessment] = {}
        for day in {day for _, day in lines}:
            places = [place for place, (_, on) in enumerate(lines) if on == day]
            revision = await stored.revision_on(self._store, caller, day)
            if revision is None:
                continue
            source = await self._schedule(caller, revision, (lines[place][0].number for place in places))
            for place in places:
                found[place] = self._calculator.assess(lines[place][0], day, source, number=place + 1)
        return [found.get(place) for place in range(len(lines))]

    def measures_of(self, number: str, origin: str, on: date) -> tuple[Measure, ...]:
        """The measures that reach a dotted number from an origin on a day of entry, whatever else is declared."""
        digits = undotted(number)
        reaching = self._measures.matching(digits, origin, on)
        return tuple(measure for measure in reaching if measure.scope.not_loaded is None)

    async def create(self, principal: Principal, command: QuoteCreate) -> Outcome:
        """Keeps the answer. A question with a fault is refused whole; `dutyEstimate` answers its other lines."""
        answered = await self.assess(principal, command.request)
        revision = answered.revision

        async def work(unit: Unit) -> Outcome:
            if answered.assessment.errors or revision is None:
                return Outcome(faults=tuple(_fault(fault) for fault in answered.assessment.errors))
            return await _keep(unit, command.request, document(answered.assessment, revision), revision.id)

        return await once(self._store, principal, command, work, OUTCOME)

    async def _schedule(self, caller: Caller, revision: Any, numbers: Iterable[str]) -> Schedule:
        """As much of a revision's schedule as these numbers need; rows of the store stand for its lines."""
        wanted: set[str] = set()
        for number in numbers:
            try:
                dotted = parse_hts(number)
            except ValueError:
                continue
            wanted |= {dotted, dotted[:-3]} if len(dotted) == 13 else {dotted}
        where = (Where("revision_id", "eq", revision.id), Where("number", "in", tuple(sorted(wanted))))
        lines: Any = {line.number: line for line in await self._store.rows(caller, Select("tariff_line", where))}
        return Schedule(revision.name, revision.effective_from, revision.sha256, revision.starter, lines)


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

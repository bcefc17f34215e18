"""What an organisation's entries paid under a measure: each filed line worked out again for its day of entry, the
measure's part of it summed by month, origin and chapter. An estimate of what was owed, not an account of payments."""

import csv
import io
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.duty.assessment import DISCLAIMER, LineAssessment, LineInput
from app.errors import BadUserInput
from app.principal import Principal
from app.services.holdings import OwnLine, own_line
from app.services.quotes import Desk
from app.store import holdings as stored
from app.store.session import Store
from app.tariff.code import chapter
from app.tariff.measure import MeasureBook, PrefixEntry
from app.values import format_decimal

COLUMNS: Final = ("month", "origin", "chapter", "entries", "lines", "customs_value_usd", "duty_usd")
ASSUMED: Final = "Entry lines carry no claimed preference and no declared facts: the defaults are assumed for all."
_NOTHING: Final = Decimal(0)
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """The lines of one month, origin and chapter that the measure charged."""

    month: str  # YYYY-MM of the filing, UTC
    origin: str
    chapter: str
    entries: int
    lines: int
    customs_value: Decimal
    duty: Decimal


@dataclass(frozen=True, slots=True)
class DutyImpact:
    """The whole answer. `unanswered` lines have no duty to be read: currency, number or quantity stands against it."""

    measures: tuple[str, ...]
    rows: tuple[ImpactRow, ...]
    entries: int
    lines: int
    duty: Decimal
    unanswered: int
    notices: tuple[str, ...]
    disclaimer: str = DISCLAIMER

    @property
    def csv(self) -> str:
        """The rows as CSV with a header, amounts exact."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows:
            amounts = (format_decimal(row.customs_value, places=2), format_decimal(row.duty, places=2))
            writer.writerow((row.month, row.origin, row.chapter, row.entries, row.lines, *amounts))
        return buffer.getvalue()


@dataclass(slots=True)
class _Sum:
    entries: set[str]
    lines: int
    value: Decimal
    duty: Decimal


async def duty_impact(
    store: Store, caller: Principal, desk: Desk, measure: str, since: date, until: date
) -> DutyImpact:
    """What the entries filed from `since` up to `until` owed under a measure: its id, its program, its heading or its
    authority, such as IEEPA. BadUserInput where no measure is named so."""
    bench = await desk.bench(caller)
    wanted = named(bench.measures, measure)
    if not wanted:
        raise BadUserInput(
            f"No measure is named {measure[:_SHOWN]!r}: give an id, a program, a heading or an authority."
        )
    regime = _regimes(bench.measures, await desk.revision_days(caller))
    lines: list[OwnLine] = []
    asked: list[tuple[LineInput, date]] = []
    unanswered = 0
    async for portion in stored.lines_filed(store, caller, since, until):
        for row in portion:
            if row.customs_value_currency != "USD" or row.customs_value_amount is None:
                unanswered += 1
                continue
            line = own_line(row)
            lines.append(line)
            asked.append((LineInput(row.hts_number, row.origin_country, line.value, line.quantities), regime(line.day)))
    answers = await desk.assess_lines(caller, asked, questions=False)
    sums: dict[tuple[str, str, str], _Sum] = defaultdict(lambda: _Sum(set(), 0, _NOTHING, _NOTHING))
    for line, answer in zip(lines, answers, strict=True):
        paid = None if answer is None else _paid(answer, wanted)
        if answer is None or paid is None:
            continue
        held = sums[f"{line.day:%Y-%m}", answer.origin, chapter(answer.hts_number)]
        held.entries.add(line.entry)
        held.lines += 1
        held.value += line.value
        held.duty += paid
    unanswered += sum(answer is None or answer.duty_total is None for answer in answers)
    return _answer(sums, wanted, unanswered, await desk.notices(caller, [day for _, day in asked]))


def named(book: MeasureBook, text: str) -> frozenset[str]:
    """The ids of the measures that a text names: by id, program, heading of chapter 99 or authority."""
    folded = text.strip().casefold()
    return frozenset(
        one.id
        for one in book.measures.values()
        if folded and folded in {name.casefold() for name in (one.id, one.program, one.heading or "", one.kind.value)}
    )


def _regimes(book: MeasureBook, revisions: Iterable[date]) -> Callable[[date], date]:
    """The first day on which everything was as on a day: between two such days no measure, list, group, preference or
    revision begins or ends, so that lines without declared facts owe the same. Fewer days are fewer recipes."""
    days: set[date | None] = set(revisions)
    for one in book.measures.values():
        days |= {one.effective_from, one.effective_to}
    for listed in book.lists.values():
        days |= {day for entries in listed.entries.values() for one in entries for day in _ends(one)}
    for group in book.groups.values():
        days |= {day for _, start, end in group.members for day in (start, end)}
    for preference in (one for rows in book.preferences.values() for one in rows):
        days |= {preference.effective_from, preference.effective_to}
    bounds = sorted(day for day in days if day is not None)

    def first(day: date) -> date:
        place = bisect_right(bounds, day)
        return bounds[place - 1] if place else day

    return first


def _ends(entry: PrefixEntry) -> tuple[date | None, date | None]:
    return entry.effective_from, entry.effective_to


def _paid(answer: LineAssessment, wanted: frozenset[str]) -> Decimal | None:
    """What the measures charged on a line; None where none of them charged anything."""
    parts = [part.amount for part in answer.components if part.code in wanted]
    return sum(parts, _NOTHING) if any(parts) else None


def _answer(
    sums: dict[tuple[str, str, str], _Sum], wanted: Iterable[str], unanswered: int, notices: Sequence[str]
) -> DutyImpact:
    rows = tuple(
        ImpactRow(*key, len(held.entries), held.lines, held.value, held.duty) for key, held in sorted(sums.items())
    )
    entries: set[Any] = set().union(*(held.entries for held in sums.values()))
    return DutyImpact(
        measures=tuple(sorted(wanted)),
        rows=rows,
        entries=len(entries),
        lines=sum(row.lines for row in rows),
        duty=sum((row.duty for row in rows), _NOTHING),
        unanswered=unanswered,
        notices=(ASSUMED, *notices),
    )

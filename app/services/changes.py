"""What changed in the tariff: line by line between revisions, and measure by measure as measures begin, end, or are
loaded anew. Whom it affects is for `holdings`."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from app.principal import Caller
from app.services.measures import book_in_force, every_load
from app.store import tariff as stored
from app.store.session import Store
from app.tariff.code import parse_hts
from app.tariff.measure import Measure, MeasureBook
from app.tariff.measure_file import diff
from app.tariff.schedule import LineChange, line_changes

_MEASURES: Final = "9903"
_DAY: Final = timedelta(days=1)


class TariffChangeKind(StrEnum):
    """What happens to a line of the tariff, or to a measure."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    RATE_CHANGED = "RATE_CHANGED"
    UNITS_CHANGED = "UNITS_CHANGED"
    DESCRIPTION_CHANGED = "DESCRIPTION_CHANGED"
    MEASURE_BEGINS = "MEASURE_BEGINS"
    MEASURE_ENDS = "MEASURE_ENDS"
    MEASURE_CHANGED = "MEASURE_CHANGED"


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One change. `lines` has the line in each revision, `revisions` those revisions; `old` and `new` the measure: both
    where a loading changed it, `new` where it begins, `old` where it ends."""

    kind: TariffChangeKind
    number: str  # of the line; of a measure its heading, 9903 where it has none
    effective_from: date
    revisions: tuple[Any, Any] | None = None
    lines: LineChange | None = None
    old: Measure | None = None
    new: Measure | None = None

    @property
    def measure(self) -> Measure | None:
        """The measure, as it is afterwards where it goes on."""
        return self.new or self.old

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Its place in a list of changes."""
        measure = self.measure
        return (self.effective_from.isoformat(), self.number, self.kind.value, "" if measure is None else measure.id)


class Differences:
    """What pairs of loaded revisions differ in; revisions never change, so it is worked out once."""

    _kept: Final = 32

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: dict[tuple[str, str], tuple[LineChange, ...]] = {}

    async def between(self, caller: Caller, before: Any, after: Any) -> tuple[LineChange, ...]:
        """The changes from one revision to another, by number."""
        key = (before.id, after.id)
        if key not in self._found:
            old = await stored.rate_lines(self._store, caller, before.id)
            new = await stored.rate_lines(self._store, caller, after.id)
            found = await asyncio.to_thread(line_changes, old, new)
            if len(self._found) >= self._kept:
                self._found.clear()
            self._found[key] = found
        return self._found[key]


async def tariff_changes(
    store: Store, caller: Caller, differences: Differences, since: date, until: date | None
) -> list[Change]:
    """Everything that takes effect from `since` up to `until` (open where absent), by day and number. A starter tariff
    is compared with nothing: it is an excerpt."""
    found = await _between_revisions(store, caller, differences, since, until)
    book = await book_in_force(store)
    begun = list(_of_measures(book, since, until))
    told = {change.new.id for change in begun if change.new is not None}
    loaded = [one for one in await _by_loading(store, since, until) if one.measure and one.measure.id not in told]
    return sorted([*found, *begun, *loaded], key=lambda change: change.key)


async def _between_revisions(
    store: Store, caller: Caller, differences: Differences, since: date, until: date | None
) -> list[Change]:
    loaded = await stored.revisions(store, caller)
    found: list[Change] = []
    for day in sorted({row.effective_from for row in loaded if _within(row.effective_from, since, until)}):
        before, after = stored.row_on(loaded, day - _DAY), stored.row_on(loaded, day)
        if before is None or after is None or before.id == after.id or before.starter or after.starter:
            continue
        lines = await differences.between(caller, before, after)
        found += [Change(TariffChangeKind(one.kind.value), one.number, day, (before, after), one) for one in lines]
    return found


def _of_measures(book: MeasureBook, since: date, until: date | None) -> Iterator[Change]:
    for measure in book.measures.values():
        if _within(measure.effective_from, since, until):
            kind = TariffChangeKind.MEASURE_BEGINS
            yield Change(kind, heading_of(measure), measure.effective_from, new=measure)
        if measure.effective_to is not None and _within(measure.effective_to, since, until):
            yield Change(TariffChangeKind.MEASURE_ENDS, heading_of(measure), measure.effective_to, old=measure)


async def _by_loading(store: Store, since: date, until: date | None) -> list[Change]:
    """What each loading of a measure file in the period did to the measures."""
    found: list[Change] = []
    loads: Sequence[Any] = [one for one in await every_load(store) if _within(one.loaded_at.date(), since, until)]
    if not loads:
        return found
    before = await book_in_force(store, datetime.combine(since, time.min, UTC))
    for place, load in enumerate(loads):
        after = await book_in_force(store, loads[place + 1].loaded_at if place + 1 < len(loads) else _end(until))
        for change in diff(before, after):
            old, new = before.measures.get(change.id), after.measures.get(change.id)
            measure = new or old
            if change.what == "measure" and measure is not None:
                kind = TariffChangeKind.MEASURE_CHANGED
                found.append(Change(kind, heading_of(measure), load.loaded_at.date(), old=old, new=new))
        before = after
    return found


def heading_of(measure: Measure) -> str:
    """The first heading of chapter 99 that a measure is declared under; 9903 where it has none."""
    try:
        return parse_hts((measure.heading or "").partition("/")[0].partition("-")[0])
    except ValueError:
        return _MEASURES


def _within(day: date, since: date, until: date | None) -> bool:
    return since <= day and (until is None or day < until)


def _end(until: date | None) -> datetime | None:
    return None if until is None else datetime.combine(until, time.min, UTC)

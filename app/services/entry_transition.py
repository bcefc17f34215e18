"""THE way an entry comes to a status: a room decides, then row, history, event and audit change in one transaction.
Every service that moves an entry goes through `move`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.events.types import EventType, entry_event
from app.filing.entry import (
    Dates,
    EntryStatus,
    Refused,
    ReleaseStatus,
    Step,
    SummaryStatus,
    dates_after,
    decide,
    decide_at,
    predecessor,
    statuses_after_late,
    statuses_for,
)
from app.ids import new_id
from app.store.entry_steps import Reached, reached
from app.store.tables import Entry, EntryStatusChange
from app.store.unit import Unit
from app.values import canonical_json, format_timestamp

OURSELVES = "tidegate"


@dataclass(frozen=True, slots=True)
class News:
    """A status and what told it. `code` and `narrative` as the message has them; `source` says who told it."""

    status: EntryStatus
    occurred_at: datetime
    code: str | None = None
    narrative: str | None = None
    source: str = OURSELVES

    def fingerprint(self) -> str:
        """Equal for the same message."""
        parts = [self.status.value, format_timestamp(self.occurred_at), self.code, self.narrative, self.source]
        return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


async def move(unit: Unit, entry: Entry, news: News, *, deed: bool = False) -> str | None:
    """Brings an entry to a status, or files late news in its history without moving it (`filing.entry.decide_at`). A
    deed, which the caller does here and now, is never late, however far ahead the clock of the last message was.
    Returns why it may not, or None; raises nothing. The caller holds the entry's lock and may write it."""
    history = await reached(unit, entry, news.occurred_at)
    steps = _steps(history)
    if deed:
        verdict = decide(EntryStatus(entry.status), news.status)
    else:
        verdict = decide_at(_current(entry, history), steps, news.status, news.occurred_at)
    if isinstance(verdict, Refused):
        return verdict.reason
    previous = predecessor(steps, news.occurred_at) if verdict.late else EntryStatus(entry.status)
    if verdict.late:
        _count_late(entry, news, steps)
    else:
        _set_statuses(entry, news.status)
    _set_dates(entry, news)
    entry.version += 1
    entry.updated_at = unit.now
    sequence = sum(one.times for one in history) + 1
    await record(unit, entry, news, sequence=sequence, previous=previous, late=verdict.late)
    return None


async def record(
    unit: Unit, entry: Entry, news: News, *, sequence: int, previous: EntryStatus | None, late: bool = False
) -> None:
    """History, audit and event of a step that is taken; the entry itself is the caller's to change."""
    unit.add(
        EntryStatusChange(
            id=new_id("EntryStatusChange"),
            organisation_id=entry.organisation_id,
            entry_id=entry.id,
            sequence=sequence,
            status=news.status.value,
            previous_status=None if previous is None else previous.value,
            occurred_at=news.occurred_at,
            recorded_at=unit.now,
            code=news.code,
            narrative=news.narrative,
            source=news.source,
            fingerprint=news.fingerprint(),
        )
    )
    kind = entry_event(news.status)
    unit.audit(entry.organisation_id, kind.value, entry.id, previous=previous, late=late)
    data: dict[str, Any] = {
        "entryNumber": entry.entry_number,
        "importerId": entry.importer_id,
        "status": news.status.value,
        "previousStatus": None if previous is None else previous.value,
        "code": news.code,
        "narrative": news.narrative,
        "source": news.source,
        "late": late,
    }
    await unit.event(kind, entry.organisation_id, entry.id, news.occurred_at, data)
    if news.status is EntryStatus.EXAM and not late and entry.shipment_id is not None:
        await unit.lock(entry.shipment_id)  # the shipment's events keep their order
        flagged, told = EventType.SHIPMENT_EXAM_FLAGGED, {"entryId": entry.id}
        await unit.event(flagged, entry.organisation_id, entry.shipment_id, news.occurred_at, told)


def _current(entry: Entry, history: Sequence[Reached]) -> Step:
    """The entry's status and when it came to it."""
    moments = [one.last for one in history if one.status == entry.status]
    return Step(EntryStatus(entry.status), max(moments, default=entry.created_at))


def _steps(history: Sequence[Reached]) -> tuple[Step, ...]:
    """Of each status the last step and the last one by the moment of the news, in the order of a usual way: all that
    `filing.entry` looks for in a history."""
    order = list(EntryStatus)
    known = sorted(history, key=lambda one: order.index(EntryStatus(one.status)))
    return tuple(
        Step(EntryStatus(one.status), moment)
        for one in known
        for moment in dict.fromkeys((one.last_by, one.last))
        if moment is not None
    )


def _set_statuses(entry: Entry, status: EntryStatus) -> None:
    release, summary = statuses_for(status, ReleaseStatus(entry.release_status), SummaryStatus(entry.summary_status))
    entry.status, entry.release_status, entry.summary_status = status.value, release.value, summary.value


def _count_late(entry: Entry, news: News, steps: tuple[Step, ...]) -> None:
    release, summary = ReleaseStatus(entry.release_status), SummaryStatus(entry.summary_status)
    late = Step(news.status, news.occurred_at)
    release, summary = statuses_after_late(late, steps, release, summary)
    entry.release_status, entry.summary_status = release.value, summary.value


def _set_dates(entry: Entry, news: News) -> None:
    before = Dates(entry.filed_at, entry.released_at, entry.summary_due_on, entry.liquidates_on)
    after = dates_after(news.status, news.occurred_at, before)
    entry.filed_at, entry.released_at = after.filed_at, after.released_at
    entry.summary_due_on, entry.liquidates_on = after.summary_due_on, after.liquidates_on

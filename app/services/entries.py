"""What happens to an entry after its draft: statuses learnt outside, filing with the simulated port, cancelling,
changes before filing. Each is one transaction; every move goes through `entry_transition.move`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.clock import today
from app.filing.checks import EntryView, LineView, blockers, check_entry
from app.filing.entry import EDITABLE, EntryStatus, FilingEnvironment
from app.filing.numbering import parse_entry_number
from app.principal import Principal
from app.services.archive import fresh
from app.services.entry_draft import EntryDraft, EntryDraftErrorCode, draft_entry, read_type
from app.services.entry_transition import News, move
from app.services.idempotency import OUTCOME, once
from app.services.inputs import CODE, NAME, PROSE, Faults
from app.services.outcome import KEEP, Keep, Outcome
from app.services.shipment_inputs import read_port
from app.services.tariff import Known, known_numbers
from app.store.session import Store
from app.store.statement import Select, Where
from app.store.tables import Entry, EntryLine, EntryStatusChange, Organisation, Party, Product
from app.store.unit import Unit
from app.values import OrganisationKind, format_timestamp

__all__ = [
    "EntryCancel",
    "EntryCancelErrorCode",
    "EntryDraft",
    "EntryDraftErrorCode",
    "EntryFile",
    "EntryFileErrorCode",
    "EntryStatusRecord",
    "EntryStatusRecordErrorCode",
    "EntryUpdate",
    "EntryUpdateErrorCode",
    "cancel_entry",
    "draft_entry",
    "file_entry",
    "record_entry_status",
    "update_entry",
]

AHEAD = timedelta(minutes=15)
_WITH_ITS_FILER = (
    "an entry under a number of its own is filed by whom the number belongs to; record the answers (entryStatusRecord)"
)


class EntryStatusRecordErrorCode(StrEnum):
    """What can keep a status from being recorded."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    IN_FUTURE = "IN_FUTURE"
    TRANSITION_NOT_ALLOWED = "TRANSITION_NOT_ALLOWED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


class EntryFileErrorCode(StrEnum):
    """What can keep an entry from being filed."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    BLOCKED = "BLOCKED"
    STALE = "STALE"
    TRANSITION_NOT_ALLOWED = "TRANSITION_NOT_ALLOWED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


class EntryCancelErrorCode(StrEnum):
    """What can keep an entry from being cancelled."""

    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    STALE = "STALE"
    TRANSITION_NOT_ALLOWED = "TRANSITION_NOT_ALLOWED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


class EntryUpdateErrorCode(StrEnum):
    """What can be wrong with a change of an entry."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    UNKNOWN_PORT = "UNKNOWN_PORT"
    STALE = "STALE"
    TRANSITION_NOT_ALLOWED = "TRANSITION_NOT_ALLOWED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


@dataclass(frozen=True, slots=True)
class EntryStatusRecord:
    """A status learnt outside, of an entry named by id or by number."""

    status: EntryStatus
    occurred_at: datetime
    source: str
    entry_id: str | None = None
    entry_number: str | None = None
    code: str | None = None
    narrative: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class EntryFile:
    """Sends an entry to the simulated port; `dry_run` only says what would block it."""

    entry_id: str
    dry_run: bool = False
    expected_version: int | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class EntryCancel:
    """Withdraws an entry; the reason goes into its history."""

    entry_id: str
    reason: str | None = None
    expected_version: int | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class EntryUpdate:
    """Changes of an entry that is not with customs: DRAFT, READY or REJECTED."""

    entry_id: str
    port: str | Keep = KEEP
    type: str | Keep = KEEP
    expected_version: int | None = None
    idempotency_key: str | None = None


async def record_entry_status(store: Store, principal: Principal, command: EntryStatusRecord) -> Outcome:
    """Records a status: row, history, event and audit together. The exact same message again is `unchanged`. News that
    is older than what is known goes into the history and the log, marked late, and leaves the entry as it is (see
    `filing.entry.decide_at`). A shared entry may be written by a broker only."""
    return await once(store, principal, command, lambda unit: record_in(unit, command), OUTCOME)


async def record_in(unit: Unit, command: EntryStatusRecord) -> Outcome:
    """The same in a transaction that is open; its caller holds the organisation's lock."""
    faults = Faults(EntryStatusRecordErrorCode)
    news = _news(unit, faults, command)
    entry = await _named(unit, faults, command)
    if faults or news is None or entry is None:
        return Outcome(faults=faults())
    if await unit.find(EntryStatusChange, entry_id=entry.id, fingerprint=news.fingerprint()) is not None:
        return Outcome(id=entry.id, unchanged=True)
    return await _move(unit, faults, entry, news, "status")


async def file_entry(store: Store, principal: Principal, command: EntryFile) -> Outcome:
    """Submits an entry in the simulated environment unless a check blocks it: each blocker is a fault BLOCKED.
    With `dry_run` nothing is written."""
    lines = await store.rows(principal, Select("entry_line", (Where("entry_id", "eq", command.entry_id),)))
    known = await known_numbers(store, principal, {line.hts_number for line in lines}, today(store.clock))

    async def work(unit: Unit) -> Outcome:
        faults = Faults(EntryFileErrorCode)
        entry = await _own_or_shared(unit, faults, "id", id=command.entry_id)
        if entry is None:
            return Outcome(faults=faults())
        fresh(faults, entry.version, command.expected_version)
        if entry.environment != FilingEnvironment.SIMULATED:
            faults.add("NOT_ALLOWED", _WITH_ITS_FILER, "id")
        for check in blockers(check_entry(await _view(unit, entry, known))):
            faults.add("BLOCKED", check.message, "id")
        if faults or command.dry_run:
            return Outcome(id=None if faults else entry.id, faults=faults(), unchanged=not faults)
        return await _move(unit, faults, entry, News(EntryStatus.SUBMITTED, unit.now), "id", deed=True)

    return await once(store, principal, command, work, OUTCOME)


async def cancel_entry(store: Store, principal: Principal, command: EntryCancel) -> Outcome:
    """Cancels an entry."""

    async def work(unit: Unit) -> Outcome:
        faults = Faults(EntryCancelErrorCode)
        reason = faults.text(command.reason, "reason", longest=PROSE, required=False)
        entry = await _own_or_shared(unit, faults, "id", id=command.entry_id)
        if entry is not None:
            fresh(faults, entry.version, command.expected_version)
        if faults or entry is None:
            return Outcome(faults=faults())
        news = News(EntryStatus.CANCELLED, unit.now, narrative=reason)
        return await _move(unit, faults, entry, news, "id", deed=True)

    return await once(store, principal, command, work, OUTCOME)


async def update_entry(store: Store, principal: Principal, command: EntryUpdate) -> Outcome:
    """Changes port or type; `unchanged` where they are like that already."""

    async def work(unit: Unit) -> Outcome:
        faults = Faults(EntryUpdateErrorCode)
        values = _changes(faults, command)
        entry = await _own_or_shared(unit, faults, "id", id=command.entry_id)
        if entry is not None:
            fresh(faults, entry.version, command.expected_version)
            if entry.status not in EDITABLE:
                faults.add("TRANSITION_NOT_ALLOWED", f"an entry that is {entry.status} can no longer be changed", "id")
        if faults or entry is None:
            return Outcome(faults=faults())
        changed = sorted(name for name, value in values.items() if getattr(entry, name) != value)
        if not changed:
            return Outcome(id=entry.id, unchanged=True)
        for name in changed:
            setattr(entry, name, values[name])
        entry.version += 1
        entry.updated_at = unit.now
        unit.audit(entry.organisation_id, "entry.changed", entry.id, fields=changed)
        return Outcome(id=entry.id)

    return await once(store, principal, command, work, OUTCOME)


async def _move(unit: Unit, faults: Faults, entry: Entry, news: News, path: str, *, deed: bool = False) -> Outcome:
    why = await move(unit, entry, news, deed=deed)
    if why is not None:
        faults.add("TRANSITION_NOT_ALLOWED", why, path)
        return Outcome(faults=faults())
    return Outcome(id=entry.id)


def _news(unit: Unit, faults: Faults, command: EntryStatusRecord) -> News | None:
    occurred = faults.moment(command.occurred_at, "occurredAt")
    if occurred is not None and occurred > unit.now + AHEAD:
        message = (
            f"it would happen more than {AHEAD.seconds // 60} minutes from now; the time here is "
            f"{format_timestamp(unit.now)}: look at the offset"
        )
        faults.add("IN_FUTURE", message, "occurredAt")
    source = faults.text(command.source, "source", longest=NAME)
    code = faults.text(command.code, "code", longest=CODE, required=False)
    narrative = faults.text(command.narrative, "narrative", longest=PROSE, required=False)
    if occurred is None or source is None:
        return None
    return News(EntryStatus(command.status), occurred, code, narrative, source)


def _changes(faults: Faults, command: EntryUpdate) -> dict[str, str]:
    values = {}
    if not isinstance(command.type, Keep):
        values["type"] = read_type(faults, command.type)
    if not isinstance(command.port, Keep):
        port = read_port(faults, command.port, "port")
        if port is None and not command.port:
            faults.add("REQUIRED", "an entry has a port", "port")
        values["port"] = port or ""
    return values


async def _named(unit: Unit, faults: Faults, command: EntryStatusRecord) -> Entry | None:
    if command.entry_id is not None:
        return await _own_or_shared(unit, faults, "entry", "id", id=command.entry_id)
    number = (command.entry_number or "").strip()
    path = ("entry", "entryNumber")
    if await unit.find(Entry, entry_number=number) is None:
        try:
            number = parse_entry_number(number)
        except ValueError as fault:
            faults.add("NOT_FOUND", str(fault), *path)
            return None
    return await _own_or_shared(unit, faults, *path, entry_number=number)


async def _own_or_shared(unit: Unit, faults: Faults, *path: str, **equal: Any) -> Entry | None:
    """The entry, locked and as it is now; a fault where it cannot be seen, or seen but not written. Of several with
    one number the caller's own comes first."""
    found = await unit.find_all(Entry, **equal)
    if not found:
        faults.add("NOT_FOUND", "there is no such entry", *path)
        return None
    entry = min(found, key=lambda row: row.organisation_id != unit.organisation_id)
    if entry.organisation_id != unit.organisation_id:
        organisation = await unit.find(Organisation, id=unit.organisation_id)
        if organisation is None or organisation.kind != OrganisationKind.BROKER:
            faults.add("NOT_ALLOWED", "the entry is another organisation's, and only its broker may write it", *path)
            return None
    await unit.hold(entry)
    return entry


async def _view(unit: Unit, entry: Entry, known: Mapping[str, Known]) -> EntryView:
    lines = sorted(await unit.find_all(EntryLine, entry_id=entry.id), key=lambda line: line.number)
    products = {row.id: row for row in await unit.find_all(Product, id=[line.product_id or "" for line in lines])}
    importer = await unit.find(Party, id=entry.importer_id)
    return EntryView(
        type=entry.type,
        port=entry.port,
        on=unit.now.date(),
        importer_identified=importer is not None and bool(importer.identifiers),
        lines=tuple(
            LineView(
                number=line.number,
                product_id=line.product_id,
                sku=products[line.product_id].sku if line.product_id in products else None,
                hts_number=line.hts_number,
                origin_country=line.origin_country,
                customs_value=line.customs_value_amount,
                currency=line.customs_value_currency,
                in_force=known[line.hts_number].in_force,
                declarable=known[line.hts_number].declarable,
            )
            for line in lines
        ),
    )

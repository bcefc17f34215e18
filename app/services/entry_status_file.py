"""Statuses of entries from a CSV file, as an ABI vendor's export gives them: each row is recorded by the same service
as the graph's mutation, so that the same file twice changes nothing."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO

from app.errors import Refused
from app.filing.entry import EntryStatus
from app.principal import Principal
from app.services.entries import EntryStatusRecord, record_entry_status
from app.services.organisations import find_organisation
from app.store.session import Store
from app.values import Fault, parse_timestamp

COLUMNS = ("entry_number", "status", "occurred_at", "code", "narrative", "source")
_NEEDED = frozenset(COLUMNS[:3])
_REPORT_EVERY = 50

_COLUMN_OF = {"occurredAt": "occurred_at", "entryNumber": "entry_number", "entry": "entry_number"}

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file. `faults` are (row, column, code, message); rows count from 2, as a spreadsheet shows
    them below the header."""

    rows: int
    recorded: int
    unchanged: int
    faults: tuple[tuple[int, str, str, str], ...]


async def record_file(
    store: Store, organisation_name: str, text_stream: TextIO, progress: Progress | None = None
) -> Report:
    """Records each row in a transaction of its own and goes on after a faulty one. `source` is `file` where the column
    is absent or empty. Raises Refused for an unknown organisation, a missing column, or a text that is no CSV."""
    organisation = await find_organisation(store, organisation_name)
    if organisation is None:
        raise Refused(f"there is no organisation named {organisation_name}")
    principal = Principal("entry status file", organisation.id, frozenset({"entries:write"}))
    rows = list(_rows(text_stream))
    recorded = unchanged = 0
    faults: list[tuple[int, str, str, str]] = []
    for done, (number, row) in enumerate(rows, start=1):
        outcome = _read(row)
        if isinstance(outcome, EntryStatusRecord):
            answer = await record_entry_status(store, principal, outcome)
            found = [(number, _column(fault), fault.code, fault.message) for fault in answer.faults]
            recorded += answer.ok and not answer.unchanged
            unchanged += answer.unchanged
        else:
            found = [(number, *fault) for fault in outcome]
        faults.extend(found)
        if progress is not None and (done % _REPORT_EVERY == 0 or done == len(rows)):
            progress(done, len(rows))
    return Report(len(rows), recorded, unchanged, tuple(faults))


def _rows(stream: TextIO) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(stream)
    try:
        header = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        missing = sorted(_NEEDED - set(header))
        if missing:
            raise Refused(f"the file has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
        reader.fieldnames = header
        for row in reader:
            yield reader.line_num, {name: (row.get(name) or "").strip() for name in COLUMNS}
    except (csv.Error, UnicodeDecodeError) as fault:
        raise Refused(f"the file is no CSV in UTF-8: {fault}") from fault


def _read(row: dict[str, str]) -> EntryStatusRecord | list[tuple[str, str, str]]:
    """The command of a row, or its faults as (column, code, message)."""
    faults = [(name, "REQUIRED", f"{name} is needed") for name in COLUMNS[:3] if not row[name]]
    if faults:
        return faults
    status = row["status"].upper().replace(" ", "_")
    if status not in EntryStatus.__members__:
        known = ", ".join(EntryStatus)
        faults.append(("status", "INVALID", f"{row['status'][:40]!r} is no status; there are {known}"))
    try:
        occurred_at = parse_timestamp(row["occurred_at"])
    except ValueError as fault:
        faults.append(("occurred_at", "INVALID", str(fault)))
    if faults:
        return faults
    return EntryStatusRecord(
        status=EntryStatus(status),
        occurred_at=occurred_at,
        source=row["source"] or "file",
        entry_number=row["entry_number"],
        code=row["code"] or None,
        narrative=row["narrative"] or None,
    )


def _column(fault: Fault) -> str:
    name = fault.field[-1] if fault.field else ""
    return _COLUMN_OF.get(name, name)

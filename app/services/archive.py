"""What changes of an object by its id have in common: the version the caller saw, and the shelf for what is over."""

from dataclasses import dataclass
from typing import Any

from app.services.inputs import Faults
from app.services.outcome import Outcome
from app.store.unit import Unit


@dataclass(frozen=True, slots=True)
class ArchiveCommand:
    """Archives an object (`archived`) or takes it back."""

    id: str
    archived: bool = True
    expected_version: int | None = None
    idempotency_key: str | None = None


def archive(unit: Unit, row: Any | None, command: ArchiveCommand, faults: Faults, noun: str) -> Outcome:
    """Sets or clears `archived_at` of a row the caller owns, with a version step and an audit record."""
    if row is None:
        faults.add("NOT_FOUND", f"there is no such {noun}", "id")
        return Outcome(faults=faults())
    if not fresh(faults, row.version, command.expected_version):
        return Outcome(faults=faults())
    if (row.archived_at is not None) == command.archived:
        return Outcome(id=row.id, unchanged=True)
    row.archived_at = unit.now if command.archived else None
    row.version += 1
    row.updated_at = unit.now
    unit.audit(unit.organisation_id, f"{noun}.{'archived' if command.archived else 'unarchived'}", row.id)
    return Outcome(id=row.id)


def fresh(faults: Faults, version: int, expected: int | None) -> bool:
    """Whether the caller looked at this version, or did not say which; else the fault STALE."""
    if expected is None or expected == version:
        return True
    faults.add("STALE", f"it is at version {version}, not {expected}: read it again", "expectedVersion")
    return False

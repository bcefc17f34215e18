"""Revisions of the tariff: loading one whole or not at all, and what the one in force says of a number."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from app.errors import Refused
from app.events.types import EventType
from app.principal import Caller, SystemPrincipal
from app.services.inputs import NAME, Faults
from app.store import tariff as stored
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.store.tariff import NewRevision, Progress
from app.tariff.code import other_spelling
from app.tariff.export import Export

_SYSTEM = SystemPrincipal("the tariff is the installation's, not a tenant's")


class TariffLoadErrorCode(StrEnum):
    """What can be wrong with a revision's name."""

    REQUIRED = "REQUIRED"
    TOO_LONG = "TOO_LONG"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Loaded:
    """`lines` are the numbered lines; `already` where the same revision was loaded before; `notice` says what
    the loader may not have meant."""

    revision_id: str
    lines: int
    already: bool
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the tariff of a day says of a number; None where it cannot tell: no revision is in force, or only a
    starter, from whose silence nothing follows."""

    in_force: bool | None
    declarable: bool | None


async def load_tariff(
    store: Store,
    export: Export,
    *,
    name: str,
    effective_from: date,
    starter: bool = False,
    notice: str | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Writes a revision in one transaction. The same name, content and day again changes nothing. Raises Refused for a
    name that stands for another revision, and for a bad name."""
    faults = Faults(TariffLoadErrorCode)
    cleaned = faults.text(name, "name", longest=NAME)
    if cleaned is None:
        raise Refused(f"the revision's {faults.found[0].message}")
    before = await _named(store, cleaned)
    if before is not None:
        return _same(before, export, effective_from)
    new = NewRevision(cleaned, effective_from, starter, notice)
    try:
        identifier = await stored.insert(store, export, new, progress, EventType.TARIFF_REVISION_LOADED)
    except Exception:
        raced = await _named(store, cleaned)  # another process may have loaded it meanwhile
        if raced is None:
            raise
        return _same(raced, export, effective_from)
    lines = sum(row.number is not None for row in export.rows)
    return Loaded(identifier, lines, already=False, notice=None if starter else await _rivals(store, new))


async def unload_tariff(store: Store, name: str) -> int:
    """Takes a revision out again, with all its lines, and returns how many numbered lines it had. Raises Refused where
    there is none of that name, and where kept quotes stand on it: those never lose their ground."""
    row = await _named(store, name)
    if row is None:
        raise Refused(f"no revision named {name} is loaded: `tidegate tariff list` names them")
    if not await stored.remove(store, row.id):
        raise Refused(f"kept quotes stand on {row.name}: it stays")
    return int(row.line_count)


async def list_revisions(store: Store) -> Sequence[Any]:
    """Every loaded revision, oldest first."""
    return await stored.revisions(store, _SYSTEM)


async def revision_lines(store: Store, name: str) -> list[Any] | None:
    """The numbered lines of the revision loaded under a name, as `stored.rate_lines` gives them; None where there is
    none."""
    row = await _named(store, name)
    return None if row is None else await stored.rate_lines(store, _SYSTEM, row.id)


async def known_numbers(store: Store, caller: Caller, numbers: Collection[str], on: date) -> dict[str, Known]:
    """What the revision in force on a day says of each dotted number. An undivided line goes by two numbers: 0106.11.00
    and 0106.11.00.00 are both known where one of them is declarable."""
    revision = await stored.revision_on(store, caller, on) if numbers else None
    if revision is None:
        return dict.fromkeys(numbers, Known(None, None))
    others = (other_spelling(number) for number in numbers)
    wanted = tuple(sorted({*numbers, *(other for other in others if other is not None)}))
    where = (Where("revision_id", "eq", revision.id), Where("number", "in", wanted))
    lines = {line.number: line for line in await store.rows(caller, Select("tariff_line", where))}
    return {number: _known(number, lines, starter=revision.starter) for number in numbers}


def _known(number: str, lines: dict[str, Any], *, starter: bool) -> Known:
    line = lines.get(number)
    if line is not None:
        return Known(True, bool(line.declarable))
    twin = lines.get(other_spelling(number) or "")
    if twin is not None and twin.declarable:
        return Known(True, True)
    return Known(None, None) if starter else Known(False, False)


async def _named(store: Store, name: str) -> Any | None:
    return await store.first(_SYSTEM, Select("tariff_revision", (Where("name", "eq", name),)))


async def _rivals(store: Store, new: NewRevision) -> str | None:
    """A word of warning where other revisions than starters come into force on the same day."""
    same_day = (Where("effective_from", "eq", new.effective_from), Where("starter", "eq", False))
    found = await store.rows(_SYSTEM, Select("tariff_revision", same_day, (Order("id"),)))
    names = ", ".join(row.name for row in found if row.name != new.name)
    if not names:
        return None
    return f"{names} comes into force on {new.effective_from} too: of one day the revision loaded last is read"


def _same(row: Any, export: Export, effective_from: date) -> Loaded:
    if row.sha256 != export.sha256:
        raise Refused(f"a revision named {row.name} with other content is loaded: choose another name")
    if row.effective_from != effective_from:
        raise Refused(f"{row.name} is loaded as in force from {row.effective_from}: choose another name")
    return Loaded(row.id, row.line_count, already=True)

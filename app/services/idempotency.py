"""A use case with an `idempotencyKey` happens once: its answer is kept for a day in the transaction that made it. What
is kept is the id and, of many rows, each row's faults; the object is read when it is asked for, as it is then."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

from app.principal import Principal
from app.services.inputs import Faults
from app.services.outcome import Outcome
from app.store.session import Store
from app.store.tables import IdempotencyRecord
from app.store.unit import Unit
from app.values import Fault, canonical_json, format_decimal, format_timestamp

KEPT = timedelta(hours=24)
LONGEST_KEY = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """How one kind of answer is kept and given again. `stands`: whether it changed anything worth committing."""

    pack: Callable[[T], dict[str, Any]]
    unpack: Callable[[Mapping[str, Any]], T]
    refuse: Callable[[tuple[Fault, ...]], T]
    stands: Callable[[T], bool]


OUTCOME: Form[Outcome] = Form(
    pack=lambda outcome: {"id": outcome.id, "unchanged": outcome.unchanged},
    unpack=lambda kept: Outcome(id=kept["id"], unchanged=kept["unchanged"]),
    refuse=lambda faults: Outcome(faults=faults),
    stands=lambda outcome: outcome.ok,
)


class _Undo(Exception):
    """Ends a transaction that answered with faults, so that nothing of it is written."""


async def once(
    store: Store,
    principal: Principal,
    command: Any,
    work: Callable[[Unit], Awaitable[T]],
    form: Form[T],
) -> T:
    """Runs `work` in one transaction, one at a time for each organisation, and returns its answer.

    With `command.idempotency_key`: the same key and input within 24 hours returns the kept answer without running it;
    another input (or another use case) under the key is IDEMPOTENCY_CONFLICT. Only answers that changed something are
    kept: a refused command wrote nothing, so the key is free for the corrected one.
    """
    key: str | None = command.idempotency_key
    if key is not None and not _is_key(key):
        message = f"an idempotency key has 1 to {LONGEST_KEY} printable characters"
        return form.refuse((Fault("INVALID", message, ("idempotencyKey",)),))
    answer: T | None = None
    try:
        async with store.unit(principal) as unit:
            await unit.lock(principal.organisation_id)
            kept = None if key is None else await _kept(unit, key)
            if kept is not None:
                return _again(kept, command, form)
            answer = await work(unit)
            if not form.stands(answer):
                raise _Undo
            if key is not None:
                unit.add(_record(unit, key, command, form.pack(answer)))
    except _Undo:
        pass
    assert answer is not None
    return answer


def digest(command: Any) -> str:
    """sha256 over the canonical JSON of a command without its key: equal inputs have equal digests."""
    fields = {name: value for name, value in asdict(command).items() if name != "idempotency_key"}
    return hashlib.sha256(canonical_json(_plain(fields)).encode()).hexdigest()


async def _kept(unit: Unit, key: str) -> IdempotencyRecord | None:
    record = await unit.find(IdempotencyRecord, organisation_id=unit.organisation_id, idempotency_key=key)
    if record is not None and record.created_at <= unit.now - KEPT:
        await unit.session.delete(record)
        await unit.flush()
        return None
    return record


def _again(kept: IdempotencyRecord, command: Any, form: Form[T]) -> T:
    if (kept.operation, kept.input_sha256) == (type(command).__name__, digest(command)):
        return form.unpack(kept.outcome)
    message = "this key was used for another input within the last 24 hours: take a new key"
    return form.refuse((Fault("IDEMPOTENCY_CONFLICT", message, ("idempotencyKey",)),))


def _record(unit: Unit, key: str, command: Any, outcome: dict[str, Any]) -> IdempotencyRecord:
    return IdempotencyRecord(
        organisation_id=unit.organisation_id,
        idempotency_key=key,
        operation=type(command).__name__,
        input_sha256=digest(command),
        outcome=outcome,
        created_at=unit.now,
    )


def _is_key(key: str) -> bool:
    return 0 < len(key) <= LONGEST_KEY and Faults.printable(key)


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return f"{type(value).__name__}.{value.name}"
        case datetime():
            return format_timestamp(value)
        case date():
            return value.isoformat()
        case Decimal():
            return format_decimal(value)
        case dict():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case _:
            return value

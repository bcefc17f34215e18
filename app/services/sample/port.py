"""A simulated port: every few seconds it moves a few of the sample's entries along, so that a subscription shows life.
Only entries that the sample itself drafted are touched, never a user's; every second of the seeded ones rests, so that
each status stays to be seen."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from app.clock import Clock
from app.filing.entry import EntryStatus
from app.filing.numbering import sequence_of
from app.principal import SCOPES, Principal
from app.services.entries import EntryDraft, EntryStatusRecord, draft_entry, record_entry_status
from app.services.organisations import find_organisation
from app.services.outcome import Outcome
from app.services.sample.plan import IMPORTER, message
from app.services.sample.seed import SUBJECT as SEED
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.telemetry import logger
from app.values import ShipmentStatus

FEWEST_UNDER_WAY = 12
SUBJECT = "simulated port"

S = EntryStatus
# From a status: what comes next, and how often of ten.
_NEXT: dict[EntryStatus, tuple[tuple[EntryStatus, int], ...]] = {
    S.DRAFT: ((S.READY, 10),),
    S.READY: ((S.SUBMITTED, 10),),
    S.SUBMITTED: ((S.ACCEPTED, 9), (S.REJECTED, 1)),
    S.REJECTED: ((S.SUBMITTED, 10),),
    S.ACCEPTED: ((S.RELEASED, 6), (S.UNDER_REVIEW, 1), (S.EXAM, 2), (S.HELD, 1)),
    S.UNDER_REVIEW: ((S.DOCUMENTS_REQUIRED, 3), (S.RELEASED, 7)),
    S.DOCUMENTS_REQUIRED: ((S.RELEASED, 8), (S.EXAM, 2)),
    S.EXAM: ((S.RELEASED, 8), (S.HELD, 2)),
    S.HELD: ((S.RELEASED, 10),),
    S.RELEASED: ((S.SUMMARY_ACCEPTED, 9), (S.SUMMARY_REJECTED, 1)),
    S.SUMMARY_REJECTED: ((S.SUMMARY_ACCEPTED, 10),),
    S.SUMMARY_ACCEPTED: ((S.PAID, 10),),
}

_log = logger(__name__)


@dataclass(slots=True)
class Port:
    """The port of one database. `choice` makes what it does repeatable."""

    store: Store
    clock: Clock
    choice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - a sample, not a secret

    async def tick(self) -> int:
        """Moves two or three entries, and drafts another where few are under way; returns how many it changed."""
        organisation = await find_organisation(self.store, IMPORTER)
        if organisation is None:
            return 0
        principal = Principal(SUBJECT, organisation.id, frozenset(SCOPES))
        under_way = await self._under_way(principal)
        changed = 0
        if len(under_way) < FEWEST_UNDER_WAY:
            changed += await self._draft(principal)
        for entry in self.choice.sample(under_way, min(len(under_way), self.choice.randint(2, 3))):
            changed += (await self._move(principal, entry)).ok
        return changed

    async def _under_way(self, principal: Principal) -> list[Any]:
        """Entries of the sample with a step before them, in the order of their ids."""
        drafted = await self.store.rows(
            principal,
            Select("audit_record", (Where("action", "eq", "entry.draft"), Where("subject", "in", (SUBJECT, SEED)))),
        )
        by = {record.object_id: record.subject for record in drafted}
        moving = Where("status", "in", tuple(status.value for status in _NEXT))
        rows = await self.store.rows(principal, Select("entry", (moving,), (Order("id"),)))
        return [row for row in rows if _is_ours(by.get(row.id), row.entry_number)]

    async def _move(self, principal: Principal, entry: Any) -> Outcome:
        steps = _NEXT[EntryStatus(entry.status)]
        status = self.choice.choices([step for step, _ in steps], [weight for _, weight in steps])[0]
        code, narrative = message(status)
        command = EntryStatusRecord(status, self.clock(), SUBJECT, entry.id, None, code, narrative)
        return await record_entry_status(self.store, principal, command)

    async def _draft(self, principal: Principal) -> bool:
        """A new entry of some sample shipment; one with unclassified lines refuses, which is no matter."""
        live = Where("status", "in", (ShipmentStatus.ARRIVED.value, ShipmentStatus.IN_TRANSIT.value))
        rows = await self.store.rows(principal, Select("shipment", (live,), (Order("id"),)))
        ours = [row for row in rows if row.reference.startswith("DEMO-")]
        if not ours:
            return False
        return (await draft_entry(self.store, principal, EntryDraft(self.choice.choice(ours).id, another=True))).ok


def _is_ours(drafted_by: str | None, number: str) -> bool:
    return drafted_by == SUBJECT or (drafted_by == SEED and sequence_of(number) % 2 == 1)


async def run_port(
    store: Store, *, every_seconds: float = 3.0, clock: Clock, choice: random.Random | None = None
) -> None:
    """Ticks until cancelled. What fails is logged and tried again at the next tick."""
    port = Port(store, clock) if choice is None else Port(store, clock, choice)
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await port.tick()
        except Exception as fault:
            _log.warning("port.tick_failed", error=type(fault).__name__, reason=str(fault)[:200])

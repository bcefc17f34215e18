"""One use case's transaction, as services see it: rows found with the tenant filter, rows added, and the events and
audit records that commit with them. Nothing here commits: `Store.unit` does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.ids import new_id
from app.principal import Caller, Principal
from app.store.scope import visible
from app.store.statement import storable
from app.store.tables import AuditRecord, EventLog, EventPending

Row = TypeVar("Row", bound=SQLModel)


@dataclass(slots=True)
class Unit:
    """`now` is the moment of the whole transaction."""

    session: AsyncSession
    caller: Caller
    now: datetime
    dialect: str
    appended: bool = field(default=False)

    @property
    def organisation_id(self) -> str:
        """The caller's organisation; LookupError for the system, which has none."""
        if isinstance(self.caller, Principal):
            return self.caller.organisation_id
        raise LookupError("the system belongs to no organisation")

    async def find(self, table: type[Row], **equal: Any) -> Row | None:
        """The first row the caller may see whose columns equal these."""
        found = await self.find_all(table, **equal)
        return found[0] if found else None

    async def find_all(self, table: type[Row], **equal: Any) -> Sequence[Row]:
        """Every such row; a list as a value means any of it."""
        if not all(map(storable, equal.values())):
            return ()
        metadata: sa.Table = table.__table__  # type: ignore[attr-defined]
        conditions = [
            metadata.c[name].in_([one for one in value if storable(one)])
            if isinstance(value, list | tuple)
            else metadata.c[name] == value
            for name, value in equal.items()
        ]
        scope = visible(metadata, self.caller)
        if scope is not None:
            conditions.append(scope)
        return (await self.session.exec(select(table).where(*conditions))).all()

    def add(self, *rows: SQLModel) -> None:
        """New rows; written at the next flush."""
        self.session.add_all(rows)

    async def flush(self) -> None:
        """Writes what was added or changed, so that constraints speak now."""
        await self.session.flush()

    async def lock(self, name: str) -> None:
        """Waits until no other transaction holds this name, and holds it to the end. SQLite has one writer anyway."""
        if self.dialect == "postgresql":
            await self.session.exec(select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))

    async def hold(self, row: Any) -> None:
        """Locks a row by its id and reads it again, so that what is decided about it is decided once."""
        if self.dialect == "postgresql":
            await self.lock(row.id)
            await self.session.refresh(row)

    async def event(self, kind: str, organisation_id: str, subject_id: str, at: datetime, data: dict[str, Any]) -> None:
        """Appends an event that commits with this transaction. Its position is drawn at once on SQLite, by the relay
        on PostgreSQL; events about one subject keep their order where their transactions lock it (`hold`)."""
        self.appended = True
        kept = EventPending if self.dialect == "postgresql" else EventLog
        self.add(
            kept(
                id=new_id("Event"),
                organisation_id=organisation_id,
                type=kind,
                subject_id=subject_id,
                occurred_at=at,
                data=data,
                recorded_at=self.now,
            )
        )
        await self.flush()

    def audit(self, organisation_id: str, action: str, object_id: str, **detail: Any) -> None:
        """Records who did what; `detail` names statuses and counts, never trade data."""
        actor = self.caller.organisation_id if isinstance(self.caller, Principal) else None
        self.add(
            AuditRecord(
                id=new_id("AuditRecord"),
                organisation_id=organisation_id,
                subject=self.caller.subject,
                actor_organisation_id=actor,
                action=action,
                object_id=object_id,
                at=self.now,
                detail=detail,
            )
        )

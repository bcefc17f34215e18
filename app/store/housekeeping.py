"""Rows that are kept for a time only."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.store.session import Store
from app.store.tables import TABLES

_IDEMPOTENCY = TABLES["idempotency_record"]
_LOG = TABLES["event_log"]


async def forget_answers(store: Store, before: datetime) -> int:
    """Deletes what keyed mutations answered before a moment; returns how many."""
    async with store.write_connection() as connection:
        done = await connection.execute(sa.delete(_IDEMPOTENCY).where(_IDEMPOTENCY.c.created_at < before))
        return done.rowcount


async def forget_events(store: Store, before: datetime) -> int:
    """Deletes the events appended before a moment, oldest first and without a gap, and returns how many. The newest
    event always stays, so that positions never begin anew. A stamp from a clock that runs more than a day ahead says
    nothing of an event's age, so it holds up nobody."""
    position = _LOG.c.position
    recorded = sa.func.coalesce(_LOG.c.recorded_at, _LOG.c.occurred_at)
    young = sa.and_(recorded >= before, recorded <= store.clock() + timedelta(days=1))
    first_kept = sa.select(position).where(young).order_by(position).limit(1).scalar_subquery()
    newest = sa.select(sa.func.max(position)).scalar_subquery()
    async with store.write_connection() as connection:
        done = await connection.execute(sa.delete(_LOG).where(position < sa.func.coalesce(first_kept, newest)))
        return done.rowcount

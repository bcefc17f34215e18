"""Rows that are kept for a time only."""

from datetime import datetime

import sqlalchemy as sa

from app.store.session import Store
from app.store.tables import TABLES

_IDEMPOTENCY = TABLES["idempotency_record"]


async def forget_answers(store: Store, before: datetime) -> int:
    """Deletes what keyed mutations answered before a moment; returns how many."""
    async with store.write_connection() as connection:
        done = await connection.execute(sa.delete(_IDEMPOTENCY).where(_IDEMPOTENCY.c.created_at < before))
        return done.rowcount

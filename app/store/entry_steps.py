"""An entry's history, summed up in the database: what the next step has to know of it, however long it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import select
from sqlmodel.sql.expression import Select

from app.store.tables import TABLES, Entry
from app.store.unit import Unit

_CHANGE = TABLES["entry_status_change"]


@dataclass(frozen=True, slots=True)
class Reached:
    """How often a status was reached, when last, and when last by the moment that was asked about."""

    status: str
    times: int
    last: datetime
    last_by: datetime | None


async def reached(unit: Unit, entry: Entry, by: datetime) -> list[Reached]:
    """Every status of the entry's history. Whoever has the entry's row may know all of its steps."""
    rows: Sequence[Any] = (await unit.session.exec(summary(entry.id, by))).all()
    return [Reached(*row) for row in rows]


def summary(entry_id: str, by: datetime) -> "Select[tuple[str, int, datetime, datetime | None]]":
    """The statement. An index holds all that it reads."""
    at = _CHANGE.c.occurred_at
    last, last_by = sa.func.max(at), sa.func.max(sa.case((at <= by, at)))
    asked = select(_CHANGE.c.status, sa.func.count(), last, last_by).where(_CHANGE.c.entry_id == entry_id)
    return asked.group_by(_CHANGE.c.status)

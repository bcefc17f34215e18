"""Whether something was written since the last look, by any process: a number that changes. A hint only; readers
look at the rows themselves."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from app.store.session import Store
from app.store.tables import TABLES

Pulse = Callable[[], Awaitable[int]]

SECONDS_BETWEEN = {"sqlite": 0.05, "postgresql": 0.2}

_POSITION = TABLES["event_log"].c.position


@contextmanager
def pulse(store: Store) -> Iterator[Pulse]:
    """Gives a function to be asked now and then. SQLite: `PRAGMA data_version` on a connection of its own, which takes
    microseconds and no lock that a writer waits for. PostgreSQL: the last position of the event log."""
    if store.dialect == "postgresql":

        async def last() -> int:
            return int((await store.fetch(sa.select(sa.func.coalesce(sa.func.max(_POSITION), 0))))[0][0])

        yield last
        return
    connection = sqlite3.connect(make_url(store.url).database or "", timeout=0.0, isolation_level=None)

    async def version() -> int:
        return int(connection.execute("PRAGMA data_version").fetchone()[0])

    try:
        yield version
    finally:
        connection.close()

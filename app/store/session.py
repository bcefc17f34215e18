"""Connections and transactions. `Store.rows` and its kin read as a caller, one short session each; `Store.unit` is
one use case's transaction. On SQLite one writer at a time holds BEGIN IMMEDIATE; readers never wait for it (WAL)."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clock import Clock, system_clock
from app.errors import Refused
from app.principal import Caller
from app.store import log, statement
from app.store.interrupt import connect
from app.store.log import Relay
from app.store.pool import SERVER_SETTINGS, open_reader
from app.store.statement import Children, Select
from app.store.trace import traced
from app.store.unit import Unit

OLDEST_SQLITE = (3, 38, 0)


class Store:
    """One database. Build it with `Store.open`, give it back with `close`. `log_identity` is known once its event log
    was read."""

    def __init__(self, url: str, clock: Clock, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self.url = url
        self.clock = clock
        self.reader = traced(reader)
        self.writer = writer if writer is reader else traced(writer)
        self.dialect = reader.dialect.name
        self.on_events: list[Callable[[], None]] = []
        self.statements = 0
        self.relay = Relay(self)
        self.log_identity = 0
        self.lane = open_reader(url)
        self._turn = asyncio.Lock() if self.dialect == "sqlite" else None

    @classmethod
    def open(cls, url: str, clock: Clock = system_clock) -> "Store":
        """A store on `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`; Refused for anything else."""
        name = make_url(url).drivername
        if name == "sqlite+aiosqlite":
            if sqlite3.sqlite_version_info < OLDEST_SQLITE:
                raise Refused(f"SQLite {sqlite3.sqlite_version} is too old: 3.38 or newer is needed")
            return cls(url, clock, _sqlite(url, writes=False), _sqlite(url, writes=True))
        if name == "postgresql+asyncpg":
            engine = create_async_engine(
                url,
                pool_size=10,
                max_overflow=10,
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
                connect_args={"server_settings": SERVER_SETTINGS},
            )
            return cls(url, clock, engine, engine)
        raise Refused(f"{name} is not supported: use sqlite+aiosqlite:/// or postgresql+asyncpg://")

    async def close(self) -> None:
        """Gives every connection back, this process's own events moved into the log first."""
        await self.relay.settled()
        if self.lane is not None:
            await self.lane.close()
        await self.reader.dispose()
        await self.writer.dispose()

    async def rows(self, caller: Caller, select: Select) -> Sequence[Any]:
        """The rows this caller may see, as named tuples of the table's columns."""
        await self._own_events(select)
        return await self.fetch(statement.rows(select, caller))

    async def first(self, caller: Caller, select: Select) -> Any | None:
        """The first of them, or None."""
        found = await self.rows(caller, select)
        return found[0] if found else None

    async def count(self, caller: Caller, select: Select) -> int:
        """How many rows there are, whatever the page."""
        await self._own_events(select)
        return int((await self.fetch(statement.count(select, caller)))[0][0])

    async def children(self, caller: Caller, tree: Children) -> dict[Any, list[Any]]:
        """Rows by parent key; a parent without any is absent."""
        grouped: dict[Any, list[Any]] = {}
        for row in await self.fetch(statement.children(tree, caller)):
            grouped.setdefault(row.parent_key, []).append(row)
        return grouped

    async def children_count(self, caller: Caller, tree: Children) -> dict[Any, int]:
        """Counts by parent key; a parent without any is absent."""
        return {row[0]: int(row[1]) for row in await self.fetch(statement.children_count(tree, caller))}

    async def fetch(self, query: sa.Executable) -> Sequence[Any]:
        """Runs one statement of this room on a reader's connection."""
        self.statements += 1
        async with self.reader.connect() as connection:
            return (await connection.execute(query)).all()

    @asynccontextmanager
    async def unit(self, caller: Caller) -> AsyncIterator[Unit]:
        """One transaction: commits when the block ends, rolls back when it raises. Listeners of `on_events` hear
        of it only where an event was appended, and when it can be read: after the commit on SQLite, after the relay
        has moved it on PostgreSQL."""
        if self._turn is None:
            async with self._session(caller) as unit:
                yield unit
        else:
            async with self._turn, self._session(caller) as unit:
                yield unit

    @asynccontextmanager
    async def _session(self, caller: Caller) -> AsyncIterator[Unit]:
        async with AsyncSession(self.writer, expire_on_commit=False, autoflush=False) as session:
            unit = Unit(session, caller, self.clock(), self.dialect)
            async with session.begin():
                yield unit
            if unit.appended:
                self.appended()
                await asyncio.sleep(0)  # who waits for events goes first: closing the session is not what they wait for

    async def _own_events(self, select: Select) -> None:
        """Who reads the log finds in it what this process has committed."""
        if select.table == "event_log":
            await log.identity(self)
            await self.relay.settled()

    def appended(self) -> None:
        """Something was appended to the log, or committed for the relay to move there."""
        if self.dialect == "postgresql":
            self.relay.nudge()
        else:
            self.tell()

    def tell(self) -> None:
        """Calls the listeners: there is more to read."""
        for listener in self.on_events:
            listener()

    @asynccontextmanager
    async def write_connection(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection in one transaction, for migrations and bulk loads."""
        if self._turn is None:
            async with self.writer.begin() as connection:
                yield connection
        else:
            async with self._turn, self.writer.begin() as connection:
                yield connection


def _sqlite(url: str, *, writes: bool) -> AsyncEngine:
    size = 1 if writes else 4
    parsed = make_url(url)
    path, options = parsed.get_dialect()().create_connect_args(parsed)
    creator = {} if writes else {"async_creator": lambda: connect(*path, **options)}
    engine = create_async_engine(url, poolclass=AsyncAdaptedQueuePool, pool_size=size, max_overflow=0, **creator)

    @sa.event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "busy_timeout = 30000",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "mmap_size = 268435456",
            "temp_store = MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine

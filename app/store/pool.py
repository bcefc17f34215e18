"""Reading connections without SQLAlchemy: sqlite3 on the caller's own thread, a small pool of asyncpg. They run what
`json_statement` wrote and nothing else; they cannot write."""

import asyncio
import base64
import math
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from threading import Event
from time import monotonic, thread_time
from typing import Any, Protocol

from sqlalchemy.engine import make_url

from app.filing.ports import find_port

AT_ONCE_SECONDS = 0.1
_WAITED = 10  # times as long by the clock on the wall: a busy machine makes no statement heavy, a slow disk does
_CANCEL_SECONDS = 2.0
_CHECK_EVERY = 20_000  # instructions of SQLite's machine between two looks at the clock
SERVER_SETTINGS = {"client_connection_check_interval": "1s"}
"""Of each connection to PostgreSQL: who runs a statement looks whether its client is still there. A request to cancel
that comes before the statement was read is dropped, and so is one that is never sent."""


class Interrupted(Exception):
    """The statement took longer than it may, or was stopped."""


class Unanswerable(Exception):
    """The database refused the statement: a value that must be there is missing, or a number overflowed."""


Job = tuple[str, Sequence[Any]]


class Reader(Protocol):
    """Runs statements of one operation on one state of the database."""

    async def run(self, jobs: Sequence[Job]) -> list[list[Any]]:
        """The rows of each statement. Raises Unanswerable."""
        ...

    async def close(self) -> None:
        """Gives the connections back."""
        ...


class SqliteReader:
    """Read-only connections: one for the caller's own thread, which on SQLite is the quickest way, and one at a time in
    a thread beside it for what takes longer."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._here: _Connection | None = None
        self._beside: _Connection | None = None
        self._turn = asyncio.Lock()

    def now(self, jobs: Sequence[Job]) -> list[list[Any]]:
        """The rows of each statement. Raises Unanswerable, and Interrupted where it would hold up the loop."""
        if self._here is None:
            self._here = _Connection(self._path, AT_ONCE_SECONDS)
        return self._here.run(jobs)

    async def run(self, jobs: Sequence[Job]) -> list[list[Any]]:
        """The same in a thread, however long it takes; cancelled where the caller is."""
        async with self._turn:
            if self._beside is None:
                self._beside = _Connection(self._path, None)
            halt = Event()
            work = asyncio.get_running_loop().run_in_executor(None, self._beside.run, jobs, halt)
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                halt.set()
                while not work.done():  # the connection is the thread's, however often the caller is cancelled
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait({work})
                with suppress(Exception, asyncio.CancelledError):
                    work.result()
                raise

    async def close(self) -> None:
        """Closes the connections; the next statement opens another."""
        for connection in (self._here, self._beside):
            if connection is not None:
                connection.close()
        self._here = self._beside = None


class _Connection:
    """One connection that cannot write; `seconds` of the thread's own time bound a statement."""

    def __init__(self, path: str, seconds: float | None) -> None:
        self._seconds = seconds
        self._deadline = self._latest = 0.0
        self._made = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, isolation_level=None, cached_statements=512, check_same_thread=False
        )
        for pragma in ("query_only = ON", "busy_timeout = 5000", "mmap_size = 268435456", "temp_store = MEMORY"):
            self._made.execute(f"PRAGMA {pragma}")
        self._made.create_function("tidegate_cursor", 2, _cursor, deterministic=True)
        self._made.create_function("tidegate_port", 2, _port, deterministic=True)
        self._halt: Event | None = None
        self._made.set_progress_handler(self._halted if seconds is None else self._overdue, _CHECK_EVERY)
        self.close = self._made.close

    def run(self, jobs: Sequence[Job], halt: Event | None = None) -> list[list[Any]]:
        """The rows of each statement. Raises Interrupted where that takes too long, or once `halt` is set."""
        self._deadline, self._halt = 0.0, halt
        execute = self._made.execute
        try:
            if len(jobs) == 1:
                return [execute(*jobs[0]).fetchall()]
            execute("BEGIN")
            try:
                return [execute(*job).fetchall() for job in jobs]
            finally:
                self._deadline, self._latest, self._halt = math.inf, math.inf, None  # an end is never cut short
                execute("COMMIT")
        except sqlite3.OperationalError as fault:
            if getattr(fault, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                raise Interrupted from fault
            raise Unanswerable(str(fault)) from fault
        except (sqlite3.Error, OverflowError) as fault:
            raise Unanswerable(str(fault)) from fault

    def _halted(self) -> int:
        """Asked likewise: a flag, since `interrupt()` is not heard by a statement that is just about to begin."""
        return int(self._halt is not None and self._halt.is_set())

    def _overdue(self) -> int:
        """Asked by SQLite every so often; the clocks start at a statement's first question."""
        if not self._deadline:
            seconds = self._seconds or 0.0
            self._deadline, self._latest = thread_time() + seconds, monotonic() + seconds * _WAITED
        return int(thread_time() > self._deadline or monotonic() > self._latest)


class PostgresReader:
    """A pool of asyncpg connections, kept on a free list without resetting them: nothing they run leaves a trace."""

    def __init__(self, dsn: str, size: int = 8) -> None:
        self._dsn = dsn
        self._size = size
        self._free: asyncio.LifoQueue[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._made = 0

    async def run(self, jobs: Sequence[Job]) -> list[list[Any]]:
        """The rows of each statement; several see one state of the database."""
        import asyncpg

        connection = await self._take()
        broken = True
        try:
            found = await self._execute(connection, jobs)
            broken = False
        except asyncio.CancelledError:
            await self._stopped(connection)
            raise
        except (asyncpg.DataError, asyncpg.StatementTooComplexError, asyncpg.QueryCanceledError) as fault:
            broken = False
            raise Unanswerable(str(fault)) from fault
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
            raise Unanswerable(str(fault)) from fault
        finally:
            self._give(connection, broken)
        return found

    async def _stopped(self, connection: Any) -> None:
        """Waits until the server was told to cancel the statement, which closing does and terminating would prevent."""
        with suppress(Exception):
            await asyncio.shield(connection.close(timeout=_CANCEL_SECONDS))

    async def _execute(self, connection: Any, jobs: Sequence[Job]) -> list[list[Any]]:
        if len(jobs) == 1:
            sql, arguments = jobs[0]
            return [await connection.fetch(sql, *arguments)]
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return [await connection.fetch(sql, *arguments) for sql, arguments in jobs]

    async def close(self) -> None:
        """Closes what is free; what is out is closed when it comes back."""
        free, self._free = self._free, None
        while free is not None and not free.empty():
            connection = free.get_nowait()
            if connection is not None:
                await connection.close()

    async def _take(self) -> Any:
        import asyncpg

        loop = asyncio.get_running_loop()
        if self._free is None or self._loop is not loop:
            self._free, self._loop, self._made = asyncio.LifoQueue(), loop, 0
        if self._made < self._size and self._free.empty():
            self._made += 1
            try:
                return await asyncpg.connect(
                    self._dsn,
                    statement_cache_size=512,
                    server_settings={**SERVER_SETTINGS, "default_transaction_read_only": "on", "jit": "off"},
                )
            except BaseException as fault:
                self._made -= 1
                if self._free is not None:
                    self._free.put_nowait(None)  # whoever waits may try
                if isinstance(fault, asyncpg.PostgresError | asyncpg.InterfaceError | OSError):
                    raise Unanswerable(type(fault).__name__) from fault
                raise
        found = await self._free.get()
        return found if found is not None else await self._take()

    def _give(self, connection: Any, broken: bool) -> None:
        if broken or connection.is_closed() or self._free is None:
            self._made -= 1
            connection.terminate()
            if self._free is not None:
                self._free.put_nowait(None)  # whoever waits may make another
        else:
            self._free.put_nowait(connection)


def open_reader(url: str) -> SqliteReader | PostgresReader | None:
    """The reader for a store's URL; None for a database in memory, which only its own connection sees."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return PostgresReader(parsed.set(drivername="postgresql").render_as_string(hide_password=False))
    path = parsed.database
    if not path or path == ":memory:" or path.startswith("file:"):
        return None
    return SqliteReader(path.replace("%", "%25").replace("?", "%3f").replace("#", "%23"))


def _cursor(head: str, keys: str | None) -> str | None:
    """An opaque cursor from its head and the row's keys as a JSON array; as `app.engine.paging` packs it."""
    if keys is None:
        return None
    return base64.urlsafe_b64encode(f"{head}{keys[1:]}".encode()).rstrip(b"=").decode()


def _port(code: str | None, what: str) -> str | None:
    """The name or the country of a port; None where the list does not have it."""
    found = None if code is None else find_port(code)
    return None if found is None else (found.name if what == "name" else found.country)

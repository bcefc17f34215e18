"""The event log below its readers: the relay that gives PostgreSQL's events their positions, both ends of the log, and
who may see an event. Sequence order is not commit order: a position is drawn only once its event is committed."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ids import new_id
from app.store.pool import Interrupted, SqliteReader, Unanswerable
from app.store.tables import TABLES
from app.telemetry import logger
from app.values import parse_timestamp

if TYPE_CHECKING:
    from app.store.session import Store

SECONDS_BETWEEN = 0.05
BATCH = 1_000

_log = logger(__name__)
_LOCK = 7_460_551
_LOG = TABLES["event_log"]
_INSTALLATION = TABLES["installation"]
_IDENTITY = sa.select(_INSTALLATION.c.value).where(_INSTALLATION.c.name == "event_log")
_PENDING = TABLES["event_pending"]
# A server that commits asynchronously by default may forget a position it has shown; the move itself never does.
_BEGIN_MOVE = sa.text(
    "SELECT set_config('synchronous_commit', "
    "CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, "
    f"true), pg_advisory_xact_lock({_LOCK})"
)
_ENDS_NOW = "SELECT (SELECT min(position) FROM event_log), (SELECT max(position) FROM event_log)"
_AFTER_NOW = (
    "SELECT position, id, organisation_id, type, subject_id, occurred_at, data "
    "FROM event_log WHERE position > ? ORDER BY position LIMIT ?"
)
# One snapshot for the whole statement, taken after the lock: what it deletes is committed, and no other relay can give
# the same positions. Events of one subject were appended under its lock, so where the later one is seen the earlier
# one is seen too, with the smaller sequence.
_MOVE = sa.text(
    "WITH next AS (SELECT sequence FROM event_pending ORDER BY sequence LIMIT :batch), "
    "moved AS (DELETE FROM event_pending WHERE sequence IN (SELECT sequence FROM next) RETURNING *) "
    "INSERT INTO event_log (position, id, organisation_id, type, subject_id, occurred_at, data, recorded_at) "
    "SELECT (SELECT coalesce(max(position), 0) FROM event_log) + row_number() OVER (ORDER BY sequence), "
    "id, organisation_id, type, subject_id, occurred_at, data, recorded_at FROM moved"
)


class Relay:
    """Moves committed events into the log, in one transaction at a time over all processes. Whoever appends nudges its
    own relay; `run` moves what killed processes left. On SQLite there is nothing to move."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def nudge(self) -> None:
        """Something was committed; moves it soon, together with whatever else is there by then."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def settled(self) -> None:
        """Waits until what this process committed is in the log, so that it reads its own writes."""
        if self._task is not None and not self._task.done():
            await asyncio.shield(self._task)

    async def move(self) -> int:
        """Moves everything that is committed; returns how many events. Waits for another process's move to end.
        The commit is a synchronous one: a position that was read must never be given again."""
        if self._store.dialect != "postgresql":
            return 0
        moved, last = 0, BATCH
        while last == BATCH:
            async with self._store.write_connection() as connection:
                await connection.execute(_BEGIN_MOVE)
                last = (await connection.execute(_MOVE, {"batch": BATCH})).rowcount
            moved += last
            if last:
                self._store.tell()
        return moved

    async def lag(self) -> float:
        """Seconds for which the oldest committed event has been waiting for its position; 0 where none waits."""
        if self._store.dialect != "postgresql":
            return 0.0
        oldest = (await self._store.fetch(sa.select(sa.func.min(_PENDING.c.recorded_at))))[0][0]
        return 0.0 if oldest is None else max(0.0, (self._store.clock() - oldest).total_seconds())

    async def run(self) -> None:
        """Moves what is there, for ever, until cancelled; a database that is away is asked again."""
        if self._store.dialect != "postgresql":
            return
        waits = sa.select(sa.select(_PENDING.c.sequence).exists())
        while True:
            try:
                if (await self._store.fetch(waits))[0][0]:
                    await self.move()
                await asyncio.sleep(SECONDS_BETWEEN)
            except Exception as fault:  # whatever a driver raises while its database is away
                _log.warning("relay.database_lost", error=type(fault).__name__)
                await asyncio.sleep(1.0)

    async def _work(self) -> None:
        with suppress(asyncio.CancelledError):
            while self._wanted:
                self._wanted = False
                try:
                    await self.move()
                except Exception as fault:  # `run` of this process or another one moves it later
                    _log.warning("relay.move_failed", error=type(fault).__name__)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of `event_log`."""

    position: int
    id: str
    organisation_id: str
    type: str
    subject_id: str
    occurred_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ends:
    """Positions of the oldest and the newest event kept; both 0 while there was none."""

    earliest: int
    head: int


async def identity(store: "Store") -> int:
    """Which log this is; read once, and then `store.log_identity`."""
    if not store.log_identity:
        store.log_identity = int((await store.fetch(_IDENTITY))[0][0])
    return store.log_identity


async def ends(store: "Store") -> Ends:
    """Both ends of the log, in one statement."""
    await identity(store)
    known = _at_once(store, _ENDS_NOW)
    if known is not None:
        return Ends(known[0][0] or 0, known[0][1] or 0)
    await store.relay.settled()
    position = _LOG.c.position
    oldest = sa.select(sa.func.min(position)).scalar_subquery()
    newest = sa.select(sa.func.max(position)).scalar_subquery()
    row = (await store.fetch(sa.select(oldest, newest)))[0]
    return Ends(row[0] or 0, row[1] or 0)


async def after(store: "Store", position: int, limit: int) -> Sequence[Any]:
    """Rows of every tenant after a position, in order: for whoever then asks `audience` who may see them."""
    await identity(store)
    known = _at_once(store, _AFTER_NOW, position, limit)
    if known is not None:
        return [_row(*row) for row in known]
    await store.relay.settled()
    return await store.fetch(sa.select(_LOG).where(_LOG.c.position > position).order_by(_LOG.c.position).limit(limit))


def _at_once(store: "Store", sql: str, *arguments: Any) -> list[Any] | None:
    """The rows of a statement that SQLite answers in microseconds, on this thread: whoever waits for events waits for
    this, and a turn through SQLAlchemy takes a hundred times as long. None where that is not to be had."""
    if not isinstance(store.lane, SqliteReader):
        return None
    try:
        return store.lane.now([(sql, arguments)])[0]
    except (Interrupted, Unanswerable):
        return None


def _row(position: int, id: str, owner: str, kind: str, subject: str, at: str, data: str) -> Row:  # noqa: A002
    return Row(position, id, owner, kind, subject, parse_timestamp(at), orjson.loads(data))


async def event_at(store: "Store", position: int) -> str | None:
    """The id of the event at a position; None where there is none."""
    found = _at_once(store, "SELECT id FROM event_log WHERE position = ?", position)
    if found is None:
        found = list(await store.fetch(sa.select(_LOG.c.id).where(_LOG.c.position == position)))
    return found[0][0] if found else None


async def append_for_all(store: "Store", connection: AsyncConnection, kind: str, subject_id: str, data: Any) -> None:
    """An event of the installation, one for each organisation, that commits with a bare connection's transaction. The
    caller calls `store.appended` after it."""
    kept = _PENDING if store.dialect == "postgresql" else _LOG
    organisations = (await connection.execute(sa.select(TABLES["organisation"].c.id))).scalars().all()
    now = store.clock()
    told = {"type": kind, "subject_id": subject_id, "occurred_at": now, "recorded_at": now, "data": data}
    if organisations:
        await connection.execute(
            sa.insert(kept), [{"id": new_id("Event"), "organisation_id": one, **told} for one in organisations]
        )


async def audience(store: "Store", rows: Sequence[Any], organisations: Collection[str]) -> dict[int, set[str]]:
    """For each position, which of these organisations may see the event: its owner, and the organisations that are a
    party of its subject. The same rule as `scope.visible` for `event_log`, asked from the event's side."""
    asked = set(organisations)
    seen: dict[int, set[str]] = {row.position: {row.organisation_id} & asked for row in rows}
    if not asked - {row.organisation_id for row in rows} and len({row.organisation_id for row in rows}) == 1:
        return seen
    sharers = await _sharers(store, {row.subject_id for row in rows}, asked)
    for row in rows:
        seen[row.position] |= sharers.get(row.subject_id, set())
    return seen


async def _sharers(store: "Store", subjects: set[str], organisations: set[str]) -> dict[str, set[str]]:
    is_party = TABLES["organisation_party"]
    parts = []
    for name, column in (("entry_party", "entry_id"), ("shipment_party", "shipment_id")):
        takes_part = TABLES[name]
        parts.append(
            sa.select(takes_part.c[column], is_party.c.organisation_id)
            .join(is_party, is_party.c.party_id == takes_part.c.party_id)
            .where(takes_part.c[column].in_(subjects), is_party.c.organisation_id.in_(organisations))
        )
    found: dict[str, set[str]] = {}
    for subject, organisation in await store.fetch(sa.union(*parts)):
        found.setdefault(subject, set()).add(organisation)
    return found

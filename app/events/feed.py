"""Reading the event log as a caller: a page after a cursor, or a stream that scans after a cursor and then waits,
with no gap and no duplicate. Rows go through the tenant filter at the moment they are read."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import BadUserInput, CursorExpired
from app.events import cursor
from app.events.bus import Bus
from app.principal import Caller, SystemPrincipal
from app.store.session import Store
from app.store.statement import Order, Select, Where

BATCH = 200
LOOK_AGAIN_SECONDS = 15.0

_SYSTEM = SystemPrincipal("ends of the event log")
_FORWARD = (Order("position"),)


@dataclass(frozen=True, slots=True)
class Interest:
    """Which events a reader wants; an empty or absent part means all. `importer` and `products` are ids that the
    payload names (`importerId`, `productId`)."""

    types: frozenset[str] | None = None
    subjects: tuple[str, ...] | None = None
    importer: str | None = None
    products: frozenset[str] | None = None

    def select(self, after: int, limit: int) -> Select:
        """The rows that can match, in order of position."""
        where = []
        if self.types:
            where.append(Where("type", "in", tuple(sorted(self.types))))
        if self.subjects:
            where.append(Where("subject_id", "in", tuple(self.subjects)))
        return Select("event_log", tuple(where), _FORWARD, (after,), limit)

    def matches(self, row: Any) -> bool:
        """What the columns do not tell."""
        if self.importer is not None and row.data.get("importerId") != self.importer:
            return False
        return not self.products or row.data.get("productId") in self.products


class Feed:
    """The event log of one database. Rows are those of `event_log`; `encode(row.position)` is a row's cursor."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus
        self._known = (-1, 0)

    async def head(self) -> int:
        """The position of the newest event of all; 0 while there is none."""
        return await self._end(descending=True)

    async def page(
        self,
        principal: Caller,
        *,
        types: Iterable[str] | None = None,
        subject: str | None = None,
        importer: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> list[Any]:
        """At most `limit` events after the cursor, oldest first; from the oldest kept without one. Raises BadUserInput
        for a cursor that is not this log's, CursorExpired for one it no longer reaches back to."""
        interest = Interest(frozenset(types or ()), (subject,) if subject else None, importer)
        position = 0 if after is None else await self._position(after)
        found: list[Any] = []
        size = max(limit, BATCH) if importer else limit
        while len(found) < limit:
            rows = await self._read(principal, interest, position, size)
            found += [row for row in rows if interest.matches(row)]
            if len(rows) < size:
                break
            position = rows[-1].position
        return found[:limit]

    async def stream(
        self,
        principal: Caller,
        *,
        types: frozenset[str] | None = None,
        subjects: tuple[str, ...] | None = None,
        importer: str | None = None,
        products: frozenset[str] | None = None,
        after: str | None = None,
    ) -> AsyncIterator[Any]:
        """Events after the cursor and then, for ever, new ones; without a cursor only new ones. Where it starts is
        settled when this returns, before the first event is waited for. Raises as `page` does."""
        position = await self.head() if after is None else await self._position(after)
        return self._from(principal, Interest(types, subjects, importer, products), position)

    async def _from(self, principal: Caller, interest: Interest, position: int) -> AsyncIterator[Any]:
        """Positions follow commit order, so whatever stands at or before a head once seen can be read: a reader moves
        on to it past the rows of others, and looks at none twice."""
        fresh = True
        while True:
            turn = self._bus.turn
            head = await self._head_at(turn, fresh=fresh)
            if head > position:
                rows = await self._read(principal, interest, position, BATCH)
                for row in rows:
                    position = row.position
                    if interest.matches(row):
                        yield row
                if len(rows) == BATCH:
                    continue
                position = max(position, head)
            fresh = not await self._bus.wait(LOOK_AGAIN_SECONDS, since=turn)

    async def _head_at(self, turn: int, *, fresh: bool) -> int:
        """The head as of a wake-up, asked once for all who heard it."""
        if fresh or self._known[0] != turn:
            self._known = (turn, await self.head())
        return self._known[1]

    async def _read(self, principal: Caller, interest: Interest, after: int, limit: int) -> Sequence[Any]:
        return await self._store.rows(principal, interest.select(after, limit))

    async def _position(self, after: str) -> int:
        position = cursor.decode(after, earliest=True)
        if position == 0:
            return 0
        if position > await self.head():
            raise BadUserInput("the cursor is none of this gateway's: it is ahead of every event")
        earliest = await self._end(descending=False)
        if position < earliest - 1:
            kept = cursor.encode(earliest - 1)
            raise CursorExpired("the log no longer reaches back to this cursor", earliest=kept)
        return position

    async def _end(self, *, descending: bool) -> int:
        row = await self._store.first(_SYSTEM, Select("event_log", order=(Order("position", descending),), limit=1))
        return 0 if row is None else int(row.position)

"""Reading the event log as a caller: a page after a cursor, or a stream that scans after a cursor and then waits,
with no gap and no duplicate. Rows go through the tenant filter at the moment they are read."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import BadUserInput, CursorExpired
from app.events import cursor
from app.events.bus import Bus
from app.principal import Caller
from app.store import log
from app.store.session import Store
from app.store.statement import Order, Select, Where

BATCH = 200
LOOK_AGAIN_SECONDS = 15.0

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

    def covers(self, row: Any) -> bool:
        """Whether a row of the log, whatever it was asked for, is one of these."""
        if self.types and row.type not in self.types:
            return False
        return (not self.subjects or row.subject_id in self.subjects) and self.matches(row)

    def matches(self, row: Any) -> bool:
        """What the columns do not tell."""
        if self.importer is not None and row.data.get("importerId") != self.importer:
            return False
        return not self.products or row.data.get("productId") in self.products


@dataclass(frozen=True, slots=True)
class Tail:
    """A reading of the log that has begun: the events after `position`, then new ones, for ever or until `first` were
    read. Iterate it once; or read its parts and share the reading with others that want the same."""

    feed: "Feed"
    principal: Caller
    interest: Interest
    position: int
    first: int | None = None

    def __aiter__(self) -> AsyncGenerator[Any, None]:
        return self.feed.rows(self.principal, self.interest, self.position, self.first)


class Feed:
    """The event log of one database. Rows are those of `event_log`; `cursor(row.position)` is a row's cursor."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus
        self._known = (-1, log.Ends(0, 0))
        self._named = ((-1, 0, ""), "")

    def cursor(self, position: int, event: str = "") -> str:
        """The cursor of the event of this id that was read. Many readers ask for the same one in turn."""
        place = (position, self._store.log_identity, event)
        if self._named[0] != place:
            self._named = (place, cursor.encode(*place))
        return self._named[1]

    async def head(self) -> int:
        """The position of the newest event of all; 0 while there is none."""
        return (await log.ends(self._store)).head

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
        position = 0 if after is None else await self.position(after)
        found: list[Any] = []
        size = max(limit, BATCH) if importer else limit
        while len(found) < limit:
            rows = await self.read(principal, interest, position, size)
            found += [row for row in rows if interest.matches(row)]
            if len(rows) < size:
                break
            position = rows[-1].position
        return found[:limit]

    async def tail(
        self, principal: Caller, interest: Interest, after: str | None = None, first: int | None = None
    ) -> Tail:
        """Events after the cursor and then new ones; without a cursor only new ones. Where it starts is settled when
        this returns, before the first event is waited for. Raises as `page` does."""
        position = await self.head() if after is None else await self.position(after)
        return Tail(self, principal, interest, position, first)

    async def stream(
        self,
        principal: Caller,
        *,
        types: frozenset[str] | None = None,
        subjects: tuple[str, ...] | None = None,
        importer: str | None = None,
        products: frozenset[str] | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[Any, None]:
        """The rows of a `tail`, as an iterator."""
        return aiter(await self.tail(principal, Interest(types, subjects, importer, products), after))

    async def rows(
        self, principal: Caller, interest: Interest, position: int, first: int | None = None
    ) -> AsyncGenerator[Any, None]:
        """What a Tail yields. Positions follow commits, so whatever stands at or before a head once seen can be read:
        a reader moves on to it past the rows of others, and looks at none twice. Raises CursorExpired where retention
        has overtaken it."""
        left, fresh = first, True
        while True:
            turn = self._bus.turn
            head = await self._head_at(turn, fresh=fresh)
            if head > position:
                rows = await self.read(principal, interest, position, BATCH)
                for row in rows:
                    position = row.position
                    if interest.matches(row):
                        yield row
                        left = None if left is None else left - 1
                        if left == 0:
                            return
                if len(rows) == BATCH:
                    continue
                position = max(position, head)
            elif head < position and (ends := await log.ends(self._store)).head < position:
                raise self._lost(ends)
            fresh = not await self._bus.wait(LOOK_AGAIN_SECONDS, since=turn)

    async def read(self, principal: Caller, interest: Interest, after: int, limit: int) -> Sequence[Any]:
        """At most `limit` rows after a position whose columns match, oldest first; nothing between is missing. Raises
        CursorExpired where the log no longer reaches back to the position."""
        rows = await self._store.rows(principal, interest.select(after, limit))
        if after > 0:  # 0 is wherever the log begins
            self._check(after, await log.ends(self._store))
        return rows

    async def _head_at(self, turn: int, *, fresh: bool) -> int:
        """The head as of a wake-up, asked once for all who heard it."""
        if fresh or self._known[0] != turn:
            self._known = (turn, await log.ends(self._store))
        return self._known[1].head

    async def position(self, after: str) -> int:
        """Where a cursor stands; raises as `page` does."""
        position, mark = cursor.decode(after, await log.identity(self._store), earliest=True)
        if position == 0:
            return 0
        ends = await log.ends(self._store)
        if position > ends.head and not mark:
            raise BadUserInput("the cursor is none of this gateway's: it is ahead of every event")
        self._check(position, ends)
        if mark and position >= ends.earliest:
            found = await log.event_at(self._store, position)
            if found is None or cursor.mark(found) != mark:
                raise self._lost(ends)
        return position

    def _lost(self, ends: log.Ends) -> CursorExpired:
        """A standby that was behind has taken over, or a backup was restored: whoever was told of more than it holds
        has to look again, since what it holds instead is not what follows."""
        earliest = self.cursor(max(0, ends.earliest - 1))
        return CursorExpired("the log has lost this cursor's event: its database is an older one", earliest=earliest)

    def _check(self, position: int, ends: log.Ends) -> None:
        if position < ends.earliest - 1:
            earliest = self.cursor(ends.earliest - 1)
            raise CursorExpired("the log no longer reaches back to this cursor", earliest=earliest)

"""One reader of the log for every shared subscription of the process. It looks at each event once, asks who may see
it, and hands it to the groups that an index by organisation, subject, importer and product finds."""

import asyncio
from collections.abc import AsyncGenerator, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.delivery.copy import Copy
from app.delivery.frame import Sink
from app.delivery.groups import Bounds, Group, Member, overdue
from app.engine.masking import refusal
from app.engine.operation import Operation, Response
from app.engine.subscription import Started
from app.errors import TidegateError
from app.events.bus import Bus
from app.store import log
from app.store.session import Store
from app.telemetry import logger

_log = logger(__name__)
_BATCH = 500
_LOOK_AGAIN_SECONDS = 5.0
_SWEEP_SECONDS = 1.0


class Opening(Protocol):
    """What this room needs of an engine."""

    async def open(self, operation: Operation) -> Response | Started:
        """See `app.engine.executor.Engine.open`."""
        ...


@dataclass(frozen=True, slots=True)
class Topic:
    """Where a group stands in the index: events of one organisation's sight, of one subject, importer or product, or
    all of them (`kind` and `key` empty)."""

    organisation_id: str
    kind: str = ""
    key: str = ""


class Broadcast:
    """One per process. `run` is its lifespan task; without it subscribers wait in vain."""

    def __init__(
        self, engine: Opening, store: Store, bus: Bus, bounds: Bounds | None = None, *, copy: Copy | None = None
    ) -> None:
        self._engine = engine
        self._store = store
        self._bus = bus
        self._copy = copy
        self._bounds = bounds or Bounds()
        self._groups: dict[Hashable, Group] = {}
        self._index: dict[Topic, dict[Group, None]] = {}
        self._organisations: dict[str, int] = {}
        self._position = -1
        self._event: str | None = None
        """The id of the event at that position, where it was read."""
        self._asked_at = 0.0
        self._reading = asyncio.Event()

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self._groups)

    async def join(
        self, operation: Operation, sink: Sink, resume: str | None = None
    ) -> "Response | Membership | AsyncGenerator[Response, None]":
        """Starts an operation. A subscription that can be shared becomes a membership: frames go to the sink once it
        has begun. One that cannot is its own stream of responses. Anything else is its one response. `resume` is
        a cursor that goes before the one of the document."""
        opened = await self._engine.open(operation)
        if isinstance(opened, Response):
            return opened
        position = opened.tail.position
        if resume is not None:
            try:
                position = await opened.tail.feed.position(resume)
            except TidegateError as fault:
                return refusal(fault, operation.request_id)
        key = opened.sharing_key()
        if key is None:
            return opened.responses(position)
        await self._reading.wait()
        return Membership(self, key, opened, sink, position)

    def enter(self, key: Hashable, started: Started, sink: Sink, position: int) -> Member:
        """Puts a subscriber into its group, which is made where it is the first."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, started, self._position, self._bounds)
            self._register(group)
        member = Member(group, sink, position, started.request_id)
        group.add(member)
        return member

    def left(self, group: Group) -> None:
        """A subscriber has left this group; the last one closes it."""
        if not group.members and self._groups.get(group.key) is group:
            del self._groups[group.key]
            self._unregister(group)
            group.close()

    async def run(self) -> None:
        """Reads and hands out until cancelled. While the database is away subscribers wait; nothing is passed over."""
        sweeping = asyncio.create_task(self._sweep())
        try:
            while True:
                try:
                    await self._read_on()
                except Exception as fault:
                    _log.warning("broadcast.log_unreadable", error=type(fault).__name__)
                    await asyncio.sleep(0.5)
        finally:
            sweeping.cancel()

    async def _read_on(self) -> None:
        if self._position < 0:
            self._position = (await log.ends(self._store)).head
            self._reading.set()
        certain = True
        while True:
            turn = self._bus.turn
            rows = await self._rows(certain)
            if rows or certain:
                rows = await self._check(rows)
            if rows:
                await self._hand_out(rows)
                if len(rows) == _BATCH:
                    await self._breathe()
                    continue
            certain = not await self._bus.wait(_LOOK_AGAIN_SECONDS, since=turn)
            certain = certain or asyncio.get_running_loop().time() - self._asked_at > _LOOK_AGAIN_SECONDS

    async def _check(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The rows after the position. Positions have no hole and never go back, and what stands at one stays there.
        Where retention has overtaken this process (it was stopped, or the database was away for long), or the database
        is an older one than before, no subscriber may go on as if nothing were missing: each is told where the log
        begins."""
        known = bool(rows) and rows[0].position == self._position
        same = not known or rows[0].id == self._event
        rows = rows[1:] if known else rows
        if same and (rows[0].position == self._position + 1 if rows else known):
            return rows
        ends = await log.ends(self._store)
        if same and not rows and ends.head >= self._position:
            return rows
        _log.error("broadcast.history_lost", position=self._position, earliest=ends.earliest, head=ends.head)
        for group in list(self._groups.values()):
            group.tell_expired(max(0, ends.earliest - 1))
        self._position = rows[0].position - 1 if rows else ends.head
        self._event = None
        return rows

    async def _rows(self, certain: bool) -> Sequence[Any]:
        """What comes next: from the copy where it can tell, and now and then from the log itself."""
        if self._copy is not None and not certain:
            found = self._copy.after(self._position, _BATCH)
            if found is not None:
                return found
        self._asked_at = asyncio.get_running_loop().time()
        if self._event is None:
            return await log.after(self._store, self._position, _BATCH)
        return await log.after(self._store, self._position - 1, _BATCH + 1)  # with the one that was read last

    async def _hand_out(self, rows: Any) -> None:
        if not self._groups:
            self._position, self._event = rows[-1].position, rows[-1].id
            return
        asked: set[str] = set()
        audience: dict[int, set[str]] = {}
        while missing := self._organisations.keys() - asked:
            for position, members in (await log.audience(self._store, rows, missing)).items():
                audience.setdefault(position, set()).update(members)
            asked |= missing
        for row in rows:
            for group in self._concerned(row, audience.get(row.position, set())):
                group.take(row)
            self._position, self._event = row.position, row.id
        for group in self._groups.values():
            group.passed(self._position, rows[-1].id)

    async def _breathe(self) -> None:
        """A long backlog: lets groups answer what they have before more is read."""
        for group in list(self._groups.values()):
            await group.finished()
        await asyncio.sleep(0)

    def _concerned(self, row: Any, organisations: set[str]) -> Iterator[Group]:
        for organisation in organisations:
            for topic in _topics_of(organisation, row):
                for group in self._index.get(topic, ()):
                    if group.interest.covers(row):
                        yield group

    def _register(self, group: Group) -> None:
        organisation = _organisation(group)
        self._organisations[organisation] = self._organisations.get(organisation, 0) + 1
        for topic in _topics(group):
            self._index.setdefault(topic, {})[group] = None

    def _unregister(self, group: Group) -> None:
        organisation = _organisation(group)
        self._organisations[organisation] -= 1
        if not self._organisations[organisation]:
            del self._organisations[organisation]
        for topic in _topics(group):
            groups = self._index[topic]
            del groups[group]
            if not groups:
                del self._index[topic]

    async def _sweep(self) -> None:
        """Tells those who are behind for too long that they are."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            for member in overdue(self._groups.values(), loop.time()):
                member.tell_lagged()


class Membership:
    """A shared subscription that has not begun yet: `begin` once the sink is ready to take frames, `end` to leave."""

    __slots__ = ("_asked", "_broadcast", "_feed", "_member", "_position", "_sink")

    def __init__(self, broadcast: Broadcast, key: Hashable, started: Started, sink: Sink, position: int) -> None:
        self._broadcast = broadcast
        self._asked: tuple[Hashable, Started] | None = (key, started)
        self._feed = started.tail.feed
        self._sink = sink
        self._position = position
        self._member: Member | None = None

    def begin(self) -> None:
        """Frames may come from now on."""
        assert self._asked is not None, "a membership begins once"
        self._member = self._broadcast.enter(*self._asked, self._sink, self._position)
        self._asked = None
        self._member.resume()

    def resume(self) -> None:
        """The sink can take frames again."""
        if self._member is not None:
            self._member.resume()

    def end(self) -> None:
        """Leaves; safe to call twice."""
        if self._member is not None:
            self._member.leave()
            self._broadcast.left(self._member.group)

    @property
    def position(self) -> int:
        """Where a subscription that takes over from here starts."""
        return self._position if self._member is None else self._member.resume_position

    @property
    def cursor(self) -> str:
        """The same as a cursor."""
        return self._feed.cursor(self.position) if self._member is None else self._member.group.cursor(self.position)


def _organisation(group: Group) -> str:
    return group.started.organisation_id


def _topics(group: Group) -> list[Topic]:
    """The narrowest set of topics that every event of the group stands under."""
    organisation, interest = _organisation(group), group.interest
    if interest.subjects:
        return [Topic(organisation, "subject", subject) for subject in dict.fromkeys(interest.subjects)]
    if interest.importer is not None:
        return [Topic(organisation, "importer", interest.importer)]
    if interest.products:
        return [Topic(organisation, "product", product) for product in interest.products]
    return [Topic(organisation)]


def _topics_of(organisation: str, row: Any) -> Iterator[Topic]:
    """The topics an event stands under; a group stands under topics of one kind, so that none is met twice."""
    yield Topic(organisation)
    yield Topic(organisation, "subject", row.subject_id)
    for kind, name in (("importer", "importerId"), ("product", "productId")):
        value = row.data.get(name)
        if isinstance(value, str):
            yield Topic(organisation, kind, value)

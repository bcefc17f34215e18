"""A group: subscribers who asked the same with the same authority. It answers each event once, keeps the last frames
in a bounded ring, and each member has its own place in them. Who falls out of the ring is caught up from the log."""

import asyncio
from collections.abc import Awaitable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from app.delivery.frame import Frame, Sink
from app.engine.masking import failure
from app.engine.operation import Response
from app.engine.subscription import Started
from app.errors import CursorExpired, Internal, Lagged, TidegateError, Timeout
from app.events.feed import Interest
from app.telemetry import logger

_log = logger(__name__)
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Bounds:
    """`ring_events` and `ring_bytes` bound what a group keeps, `ring_bytes_per_member` what all keep together, so that
    thousands of groups of one do not hold a thousand frames each. A member that takes nothing for `lag_seconds`, or
    that is still behind the ring `catch_up_seconds` after it fell out of it, is told LAGGED."""

    ring_events: int = 1_024
    ring_bytes: int = 4 * 1024 * 1024
    ring_bytes_per_member: int = 2 * 1024
    lag_seconds: float = 20.0
    catch_up_seconds: float = 60.0
    answer_seconds: float = 30.0


class Member:
    """One subscriber. `position` is the last event it was given or passed over."""

    __slots__ = ("_catching", "_fell", "_refused", "_room", "given", "group", "live", "position", "request_id", "sink")

    def __init__(self, group: "Group", sink: Sink, position: int, request_id: str) -> None:
        self.group = group
        self.sink = sink
        self.position = position
        self.request_id = request_id
        self.live = False
        self.given = ""
        """The cursor of the last event it was given."""
        self._refused = 0.0
        self._fell = 0.0
        self._room: asyncio.Event | None = None
        self._catching: asyncio.Task[None] | None = None

    def leave(self) -> None:
        """The subscriber has gone, or its subscription is over."""
        self.live = False
        self.group.discard(self)
        if self._catching is not None:
            self._catching.cancel()

    def resume(self) -> None:
        """Begins, or goes on where the sink can take frames again: from the ring where it reaches back far enough,
        else from the log."""
        self._refused = 0.0
        if self._room is not None:
            self._room.set()
        elif self.position < self.group.floor:
            self._room = asyncio.Event()
            self._room.set()
            self._catching = asyncio.get_running_loop().create_task(self._catch_up())
            self.group.catches(self._catching)
        else:
            self._drain()

    @property
    def resume_position(self) -> int:
        """Where a subscription that takes over from here starts."""
        return max(self.position, self.group.settled) if self.live else self.position

    def offer(self, frame: Frame) -> bool:
        """One live frame, in its turn."""
        if self.sink.offer(frame):
            self.position, self.given = frame.position, frame.cursor
            return True
        self.lag()
        return False

    def lag(self) -> None:
        """The sink took nothing: the ring keeps its place."""
        self.live = False
        if not self._refused:
            self._refused = asyncio.get_running_loop().time()
            self.group.lagging.add(self)

    def overdue(self, now: float) -> bool:
        """Whether it is behind for longer than anyone may be."""
        bounds = self.group.bounds
        stuck = self._refused and now - self._refused > bounds.lag_seconds
        return bool(stuck) or bool(self._fell and now - self._fell > bounds.catch_up_seconds)

    def tell_lagged(self) -> None:
        """Ends the subscription, saying where to resume."""
        fault = Lagged("The events are not read fast enough; resume after this cursor.", **self._resume_at())
        self.fail(fault)

    def fail(self, fault: TidegateError) -> None:
        """Ends the subscription with an error."""
        self.leave()
        self.sink.fail(dict(failure(fault, self.request_id)))

    def _resume_at(self) -> dict[str, object]:
        return {"cursor": self.given or self.group.cursor(self.position)}

    def _drain(self) -> None:
        """Everything of the ring that is still to come; then it is live. No step in between gives way to others."""
        for frame in self.group.after(self.position):
            if not self.offer(frame):
                return
        self.live = True
        self._fell = 0.0
        self.group.lagging.discard(self)

    async def _catch_up(self) -> None:
        """Reads the log by itself until the ring reaches back to its place."""
        room = self._room
        assert room is not None
        if self.group.lagging and self in self.group.lagging and not self._fell:
            self._fell = asyncio.get_running_loop().time()
        try:
            while self.position < self.group.floor:
                await self._page(room)
        except asyncio.CancelledError:
            return
        except TidegateError as fault:
            self._room = self._catching = None
            self.fail(fault)
            return
        except Exception as fault:  # the database is away: the client resumes at its cursor
            _log.error("delivery.catch_up_failed", exc_info=fault)
            self._room = self._catching = None
            self.fail(Internal("The events could not be read; resume after this cursor.", **self._resume_at()))
            return
        self._room = self._catching = None
        self._drain()

    async def _page(self, room: asyncio.Event) -> None:
        """One page of the log, given frame by frame as there is room. What is newer than the ring's beginning at the
        time of reading is left to the ring."""
        group = self.group
        floor = group.floor
        tail = group.started.tail
        rows = await tail.feed.read(tail.principal, tail.interest, self.position, _PAGE)
        for row in rows:
            if tail.interest.matches(row):
                frame = await group.frame(row)
                while not self.sink.offer(frame):
                    self.lag()
                    room.clear()
                    await room.wait()
                self.given = frame.cursor
            self.position = row.position
        if len(rows) < _PAGE:
            self.position = max(self.position, floor)
        await asyncio.sleep(0)


class Group:
    """`settled` is the last position up to which every matching event is in the ring; `floor` the position up to which
    events have left it, or were never in it."""

    __slots__ = (
        *("_bytes", "_catching", "_passed", "_ring", "_rows", "_work", "bounds", "floor", "interest", "key"),
        *("lagging", "members", "request_id", "settled", "started"),
    )

    def __init__(self, key: Hashable, started: Started, settled: int, bounds: Bounds) -> None:
        self.key = key
        self.request_id = f"events-{uuid4().hex[:12]}"
        self.started = started.for_group(self.request_id)
        self.interest: Interest = started.tail.interest
        self.bounds = bounds
        self.floor = self.settled = settled
        self.members: dict[Member, None] = {}
        self.lagging: set[Member] = set()
        self._ring: list[Frame] = []
        self._bytes = 0
        self._catching = 0
        self._passed = ""
        """The id of the event at `settled`, where it is known."""
        self._rows: list[Any] = []
        self._work: asyncio.Task[None] | None = None

    def add(self, member: Member) -> None:
        """A subscriber joins."""
        self.members[member] = None

    def discard(self, member: Member) -> None:
        """A subscriber leaves."""
        self.members.pop(member, None)
        self.lagging.discard(member)

    def after(self, position: int) -> list[Frame]:
        """The frames of the ring after a position."""
        if not self._ring or position >= self._ring[-1].position:
            return []
        return [frame for frame in self._ring if frame.position > position]

    def catches(self, work: "asyncio.Task[None]") -> None:
        """While somebody reads the log the ring keeps all that comes, for the two to meet."""
        self._catching += 1
        work.add_done_callback(self._caught)

    def _caught(self, _: object) -> None:
        self._catching -= 1

    def cursor(self, position: int) -> str:
        """Where a member resumes that was given everything up to here; with its event's mark where it is known."""
        for frame in reversed(self._ring):
            if frame.position <= position:
                if frame.position == position:
                    return frame.cursor
                break
        return self.started.tail.feed.cursor(position, self._passed if position == self.settled else "")

    def take(self, row: Any) -> None:
        """An event that concerns the group; answered in its turn."""
        if self._work is None:
            answer = self.started.answer(row)
            if isinstance(answer, Response):
                self._deliver(self._frame(row, answer))
                return
            self._work = asyncio.get_running_loop().create_task(self._go_on(row, answer))
        else:
            self._rows.append(row)

    def passed(self, position: int, event: str) -> None:
        """Every event up to this one was looked at."""
        if self._work is None and position >= self.settled:
            self.settled, self._passed = position, event

    def tell_expired(self, earliest: int) -> None:
        """Ends every subscription: what comes next in the log is not what follows what was sent."""
        cursor = self.started.tail.feed.cursor(earliest)
        for member in list(self.members):
            member.fail(CursorExpired("the log no longer reaches back to this subscription", earliest=cursor))

    async def finished(self) -> None:
        """Waits until what was taken is answered."""
        if self._work is not None:
            await asyncio.shield(self._work)

    def close(self) -> None:
        """Nobody is left."""
        if self._work is not None:
            self._work.cancel()

    async def frame(self, row: Any) -> Frame:
        """One event answered for one member that is behind; a frame of the ring where it is still there."""
        answer = self.started.answer(row)
        return self._frame(row, answer if isinstance(answer, Response) else await self._in_time(answer))

    def _frame(self, row: Any, response: Response) -> Frame:
        return Frame(row.position, self.started.tail.feed.cursor(row.position, row.id), response, self.request_id)

    async def _go_on(self, row: Any, answer: Awaitable[Response]) -> None:
        try:
            while True:
                self._deliver(self._frame(row, await self._in_time(answer)))
                if not self._rows:
                    return
                row = self._rows.pop(0)
                made = self.started.answer(row)
                answer = _given(made) if isinstance(made, Response) else made
        finally:
            self._work = None

    async def _in_time(self, answer: Awaitable[Response]) -> Response:
        """The answer, or the error that there is none: an event is never left out in silence."""
        try:
            async with asyncio.timeout(self.bounds.answer_seconds):
                return await answer
        except TidegateError as fault:
            error = failure(fault, self.request_id)
        except TimeoutError:
            error = failure(Timeout("The event could not be answered in time."), self.request_id)
        except Exception as fault:
            _log.error("delivery.answer_failed", request_id=self.request_id, exc_info=fault)
            error = failure(Internal("Something failed on our side."), self.request_id)
        return Response(200, executed=True, data=None, errors=[error])

    def _deliver(self, frame: Frame) -> None:
        self._keep(frame)
        if frame.position > self.settled:
            self.settled, self._passed = frame.position, ""
        late: list[Member] = []
        for member in self.members:
            if member.live and member.position < frame.position:
                if member.sink.offer(frame):
                    member.position, member.given = frame.position, frame.cursor
                else:
                    late.append(member)
        for member in late:
            member.lag()

    def _keep(self, frame: Frame) -> None:
        self._ring.append(frame)
        self._bytes += frame.held
        room = self.bounds.ring_bytes
        if not self._catching:
            room = min(room, self.bounds.ring_bytes_per_member * len(self.members))
        while len(self._ring) > self.bounds.ring_events or (self._bytes > room and len(self._ring) > 1):
            gone = self._ring.pop(0)
            self._bytes -= gone.held
            self.floor = gone.position


async def _given(response: Response) -> Response:
    return response


def overdue(groups: Iterable[Group], now: float) -> list[Member]:
    """The members of these groups that are behind for too long."""
    return [member for group in groups for member in group.lagging if member.overdue(now)]

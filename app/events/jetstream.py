"""A fast copy of the log in NATS JetStream, imported only where a NATS server is set. The log stays the truth: the
stream's sequence is the position itself, and whatever it does not bring in order is read from the log."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from app.events.recent import Window, pack, unpack
from app.store import log
from app.store.session import Store
from app.telemetry import logger

KEPT_SECONDS = 3_600.0
KEPT_EVENTS = 200_000

_HEARTBEAT_SECONDS = 1.0
_SILENT_SECONDS = 3.5
_BEHIND_SECONDS = 0.3
_LOOK_SECONDS = 5.0
_AWAY_SECONDS = 1.0
_REQUEST_SECONDS = 5.0
_BATCH = 500
_FAR = 20_000
_ASIDE_SECONDS = 0.02
_OTHERS_WERE_QUICKER = (10_071, 10_158, 10_164)
"""JetStream's codes for another last sequence than the expected one, and for a message id that is just being stored."""
_MESSAGE_ID = api.Header.MSG_ID.value
_HAS_TO_BE_LAST = api.Header.EXPECTED_LAST_SEQUENCE.value

_log = logger(__name__)


@dataclass(slots=True)
class _Link:
    """One connection: it ends as a whole, and then everything is made anew."""

    client: Client
    jet: JetStreamContext
    stream: str
    subject: str
    lost: asyncio.Event = field(default_factory=asyncio.Event)


class JetStream:
    """One per process. `run` is its lifespan task: it publishes what the log has and the stream has not. Where `heard`
    is given it also fills `window`, and calls it at every event; such a process leaves what others moved to them for a
    moment, one that only publishes does not."""

    def __init__(self, store: Store, url: str, heard: Callable[[], None] | None = None) -> None:
        self._store = store
        self._url = url
        self._heard = heard
        self._wanted = asyncio.Event()
        self._published = 0
        self._head = 0
        self._head_at = 0.0
        self._alive_at = float("-inf")
        self._late = False
        self.window = Window()
        store.on_events.append(self._wanted.set)

    @property
    def alive(self) -> bool:
        """Whether the stream speaks: it sends a heartbeat each second."""
        return _now() - self._alive_at < _SILENT_SECONDS

    @property
    def lag(self) -> int:
        """How many events of the log the stream has not brought."""
        return max(0, self._head - max(self.window.last, self._published))

    def after(self, position: int, limit: int) -> Any:
        """See `Window.after`; None too while the stream is away or behind the log."""
        return None if self._late or not self.alive else self.window.after(position, limit)

    def seen(self, head: int) -> None:
        """What the log's newest position is, looked at now and then. Where the stream does not get there for a while
        its readers are woken to read the log."""
        reached = self.window.last if self._heard else self._published
        if reached >= self._head:
            self._head, self._head_at, self._late = head, _now(), False
        if reached >= self._head:
            return
        if self._heard is None or _now() - self._head_at > _BEHIND_SECONDS:
            self._wanted.set()
            if self._heard is not None and not self._late:
                self._late = True
                self._heard()

    async def run(self) -> None:
        """Until cancelled. While NATS is away it is tried again, and readers read the log."""
        while True:
            try:
                await self._connected()
            except Exception as fault:  # whatever a client raises while its server, or our database, is away
                _log.warning("stream.away", error=_named(fault))
            self._alive_at = float("-inf")
            if self._heard is not None:
                self._heard()
            await asyncio.sleep(_AWAY_SECONDS)

    async def _connected(self) -> None:
        lost = asyncio.Event()

        async def closed() -> None:
            lost.set()

        async def failed(fault: Exception) -> None:
            _log.warning("stream.fault", error=type(fault).__name__)

        client = await nats.connect(
            self._url, name="tidegate", allow_reconnect=False, connect_timeout=3, closed_cb=closed, error_cb=failed
        )
        try:
            name = f"{await log.identity(self._store):016x}"
            jet = client.jetstream(timeout=_REQUEST_SECONDS)
            link = _Link(client, jet, f"TIDEGATE_{name}", f"tidegate.{name}.events", lost)
            await self._align(link)
            if self._heard is not None:
                await self._listen(link)
            _log.info("stream.connected", stream=link.stream)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._publish_on(link))
                tasks.create_task(self._watch(link))
        finally:
            with suppress(Exception):
                async with asyncio.timeout(1.0):
                    await client.close()

    async def _watch(self, link: _Link) -> None:
        """Ends the connection where the server has gone, or does not send heartbeats any more."""
        while not link.lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    await link.lost.wait()
            if self._heard is not None and not self.alive:
                raise ConnectionError("the stream is silent")
        raise ConnectionError("the server has closed the connection")

    async def _align(self, link: _Link) -> None:
        """Makes the stream where there is none. One that is ahead of the log, so far behind that reading the log is
        quicker, or not numbered by positions is made anew: it copies another history."""
        ends = await log.ends(self._store)
        try:
            state = (await link.jet.stream_info(link.stream)).state
        except NotFoundError:
            await self._make(link, ends.head)
            return
        last, fits = state.last_seq, True
        if state.messages:
            newest = await link.jet.get_msg(link.stream, seq=last)
            fits = (newest.headers or {}).get(_MESSAGE_ID) == str(last) and await self._has(newest.data or b"")
        if not fits or last > ends.head or last < max(ends.head - _FAR, ends.earliest - 1):
            _log.warning("stream.made_anew", stream=link.stream, behind=ends.head - last)
            with suppress(NotFoundError):
                await link.jet.delete_stream(link.stream)
            await self._make(link, ends.head)
        else:
            self._published = last

    async def _has(self, message: bytes) -> bool:
        """Whether the log's event is the message's, at its position: an older database may have given it to another.
        What is ahead of the log, or what it no longer keeps, it cannot tell."""
        try:
            row = unpack(message)
        except ValueError:
            return False
        return await log.event_at(self._store, row.position) in (None, row.id)

    async def _make(self, link: _Link, head: int) -> None:
        """An empty stream whose first message will be the event after the head. Of several who make it one does."""
        with suppress(APIError):
            await link.jet.add_stream(
                name=link.stream,
                subjects=[link.subject],
                first_seq=head + 1,
                max_age=KEPT_SECONDS,
                max_msgs=KEPT_EVENTS,
                duplicate_window=120,
            )
        self._published = (await link.jet.stream_info(link.stream)).state.last_seq

    async def _listen(self, link: _Link) -> None:
        """A consumer of this connection alone, which begins after the newest event there is or that is known."""
        known = self.window.last
        start = max(known, self._published)
        if known < start:
            self.window.start(start)
        inbox = link.client.new_inbox()
        await link.client.subscribe(inbox, cb=self._take)
        await link.jet.add_consumer(
            link.stream,
            api.ConsumerConfig(
                deliver_subject=inbox,
                deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=start + 1,
                ack_policy=api.AckPolicy.NONE,
                max_deliver=1,
                idle_heartbeat=_HEARTBEAT_SECONDS,
                num_replicas=1,
                mem_storage=True,
            ),
        )
        self._alive_at = _now()

    async def _take(self, message: Msg) -> None:
        """An event, or a heartbeat."""
        self._alive_at = _now()
        if not message.data:
            return
        try:
            row = unpack(message.data)
        except ValueError:
            _log.warning("stream.not_ours", bytes=len(message.data))
            return
        self._published = max(self._published, row.position)
        if self.window.add(row) and self._heard is not None:
            self._late = self._late and self.window.last < self._head
            self._heard()

    async def _publish_on(self, link: _Link) -> None:
        while True:
            self._wanted.clear()
            begin = self._published
            while rows := await log.after(self._store, begin, _BATCH):
                if rows[0].position != begin + 1:
                    raise LookupError("the log does not reach back to the end of the stream")
                await self._publish(link, [row for row in rows if row.position > self._published])
                begin = self._published
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._wanted.wait()

    async def _publish(self, link: _Link, rows: Any) -> None:
        """Each message says which one has to be before it, so that the server itself keeps the order of the log,
        whoever publishes. Where another process was quicker, or is not through, we go on after what is there."""
        answers = await asyncio.gather(*(self._send(link, row) for row in rows), return_exceptions=True)
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, BaseException):
                await self._go_on_after(link, answer)
                return
            if answer.seq != row.position:
                raise LookupError("the stream is not numbered by positions")
            self._published = max(self._published, row.position)

    async def _send(self, link: _Link, row: Any) -> api.PubAck:
        position = row.position
        headers = {_MESSAGE_ID: str(position), _HAS_TO_BE_LAST: str(position - 1)}
        return await link.jet.publish(link.subject, pack(row), stream=link.stream, headers=headers)

    async def _go_on_after(self, link: _Link, fault: BaseException) -> None:
        if not isinstance(fault, APIError) or fault.err_code not in _OTHERS_WERE_QUICKER:
            raise fault
        await asyncio.sleep(_ASIDE_SECONDS)
        last = (await link.jet.stream_info(link.stream)).state.last_seq
        if last > (await log.ends(self._store)).head:
            raise LookupError("the stream is ahead of the log")
        self._published = last


def _named(fault: BaseException) -> str:
    """The type of a fault, of the first of a group, and the code that JetStream gives it."""
    if isinstance(fault, BaseExceptionGroup):
        return _named(fault.exceptions[0])
    code = getattr(fault, "err_code", None)
    return type(fault).__name__ if code is None else f"{type(fault).__name__} {code}"


def _now() -> float:
    return asyncio.get_running_loop().time()
